"""An event or to-do that was understood, and what its component says."""

import contextlib
import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from oo.domain.errors import Refused
from oo.domain.ids import mapped
from oo.sources.ics.run import Run

FAULTS = (Refused, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, AssertionError)
"""What a component is refused for: all but the first are what the libraries let through on hostile values."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A VEVENT or VTODO that was understood; with `first`, of the one occurrence alone that was first to begin then."""

    number: int
    kind: str
    run: Run
    uid: str
    component: Any
    first: date | None
    rank: tuple[int, int]
    is_cancelled: bool

    @property
    def is_done(self) -> bool:
        return "COMPLETED" in self.component or said(self.component, "STATUS").upper() == "COMPLETED"

    @property
    def is_closed(self) -> bool:
        return self.is_cancelled or self.is_done

    @property
    def repeats(self) -> bool:
        return "RRULE" in self.component or "RDATE" in self.component

    def id(self, first: date | None) -> str:
        """Return the id of the occurrence that was first to begin then, or of all."""
        return mapped(f"ics:{self.uid}" if first is None else f"ics:{self.uid}:{self.run.text(first)}")

    def told(self, name: str) -> date | None:
        """Return a time if it is there and makes sense."""
        with contextlib.suppress(*FAULTS):
            moment: date = self.component[name].dt
            return moment if self.run.over_ms(moment) >= 0 else None
        return None

    def stamp(self, *names: str) -> int:
        """Return the first of these times that makes sense, but none after the import; else the import."""
        moment = next(filter(None, map(self.told, names)), None)
        return min(self.run.at_ms, self.run.over_ms(moment)) if moment else self.run.at_ms


def said(component: Any, name: str) -> str:
    """Return a text on one line; empty if there is none."""
    return on_one_line(str(component.get(name, "")))


def on_one_line(text: str) -> str:
    """Return a text without line ends and other characters that cannot be printed."""
    return _UNPRINTABLE.sub(" ", text).strip()


def values(component: Any, name: str) -> list[Any]:
    """Return every value of a property that may be there any number of times."""
    value = component.get(name, [])
    return value if isinstance(value, list) else [value]
