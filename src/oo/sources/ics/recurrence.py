"""When events and to-dos take place, their rules followed only as far as they may cost."""

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

import recurring_ical_events as library
from icalendar.prop import vRecur
from recurring_ical_events.util import compare_greater

from oo.domain.errors import InvalidFact
from oo.domain.instant import local
from oo.sources.ics.entry import Entry
from oo.sources.ics.run import MOST_OCCURRENCES

_DAYS = {"YEARLY": 365.0, "MONTHLY": 31.0, "WEEKLY": 7.0, "DAILY": 1.0}


def begins(kind: str, component: Any) -> date:
    """Return when a VEVENT begins, or a VTODO: this is due then if it says no more, and of old if it says nothing."""
    moment: date = _adapter(kind, component).raw_start
    return moment


def ends(kind: str, component: Any) -> date:
    """Return when a VEVENT ends, or a VTODO is due."""
    moment: date = _adapter(kind, component).raw_end
    return moment


def ends_before_it_begins(kind: str, component: Any) -> bool:
    """Tell whether what a component says of its times is the wrong way round."""
    return bool(compare_greater(begins(kind, component), ends(kind, component)))


def _adapter(kind: str, component: Any) -> Any:
    return (library.EventAdapter if kind == "VEVENT" else library.TodoAdapter)(component)


class _Interval(int):
    """The INTERVAL of a rule. dateutil adds it up at each step, even where it finds nothing: so steps are counted."""

    step: Callable[[], None]

    def __radd__(self, other: int) -> int:
        self.step()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self.step()
        return int(self) * other


def _cost(rule: vRecur) -> int:
    """Return what a step of a rule takes, in 70 ns or so, by the days and times of day that it looks at."""
    sizes = {name: len(values) for name, values in rule.items() if name.startswith("BY")}
    times = math.prod(sizes.pop(name, 1) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    days = _DAYS.get(rule["FREQ"][0], 0.05) * max(1, *rule.get("INTERVAL", [1]))
    return int(20 + days) * times * (1 + sum(sizes.values()) // 8)


class Occurrence(library.Occurrence):  # type: ignore[misc]  # recurring_ical_events has no types
    """One time that an event or to-do takes place, by an entry, and when it was first to begin."""

    @property
    def entry(self) -> Any:
        return self._adapter.entry

    @property
    def first(self) -> Any:
        is_moved = self.entry.first is not None and not self._adapter.this_and_future
        return self.entry.first if is_moved else self.start - self._adapter.move_recurrences_by


class _Series(library.Series):  # type: ignore[misc]  # the same
    """An event or to-do with its overrides, whose rules are followed only as far as they may cost."""

    class RecurrenceRules(library.Series.RecurrenceRules):  # type: ignore[misc]  # the same
        def rrulestr(self, rule_string: str) -> Any:
            parsed = vRecur.from_ical(rule_string)
            interval = _Interval(parsed.get("INTERVAL", [1])[0])
            interval.step = self.core.entry.run.steps(_cost(parsed))
            interval.step()  # making a rule takes what a step of it does
            made = super().rrulestr(rule_string)
            rule = made.replace(interval=interval)
            rule.string, rule.until = made.string, made.until
            return rule

    def occurrence(self, adapter: Any, start: date | None = None, end: date | None = None) -> Occurrence:
        return Occurrence(adapter, start, end)


def occurrences(group: Sequence[Entry], before: timedelta, after: timedelta, most: int) -> list[Occurrence]:
    """Return in their order the occurrences within so much of the import."""
    run = group[0].run
    adapters = [_adapter(entry.kind, entry.component) for entry in group]
    for adapter, entry in zip(adapters, group, strict=True):
        adapter.entry = entry
    now = local(run.at_ms, run.tz)
    found = list(islice(_Series(adapters).between(now - before, now + after), most + 1))
    if len(found) > most:
        raise InvalidFact(
            f"With it there are more than {MOST_OCCURRENCES:,} occurrences.",
            "Let it repeat less often, or split the file.",
        )
    return sorted(found, key=lambda occurrence: run.ms(occurrence.start))
