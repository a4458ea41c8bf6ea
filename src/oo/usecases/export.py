"""Give a person everything that was recorded about them, as a zip of event-log lines.

The same records give the same bytes, whenever and wherever they are exported: an export that is imported into an empty
store is exported identically from there.
"""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

from oo.domain.facts import Fact, RewardFact, TipFeedback, UserFact
from oo.ports import Reader, Store
from oo.sources.event_log import to_line
from oo.usecases import find

EVENTS, README = "events.jsonl", "README.txt"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the first that a zip can hold."""
_UNIX, _OWNER_ONLY = 3, 0o100600 << 16
_WHAT_IT_IS = """\
Everything that oO has recorded about {user_id}.

events.jsonl  what happened: one event a line, as JSON. Zones, tips with what they were chosen from, choices that a
              program asked for, reactions, rewards, sessions, tasks, calendar, moods, syncs and resets; also what still
              waits for another event, and what was refused when that came.
              To bring it into another oO:  oo import events.jsonl

Times are UTC. Profile values and what policies have learned follow from the events, and are not repeated here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Exports one person."""

    store: Store

    def __call__(self, user_id: str) -> bytes:
        """Return the zip; it takes memory for one person's lines. Raises `UnknownUser`."""

        def ask(reader: Reader) -> list[str]:
            find.person(reader, user_id)
            scored = (each.fact for each in reader.scored_of(user_id))
            facts = [*reader.facts(user_id), *reader.waiting_of(user_id), *scored]
            return [to_line(fact) for fact in sorted(facts, key=_place)]

        return _zipped(user_id, self.store.read(ask))


def _place(fact: Fact) -> tuple[int, int, str]:
    """Return the sort key of a line: whoever it is about first, then answers, then what they answer.

    An answer that comes before its tip waits for it, and one that is refused then is kept with the reason, as it was
    kept where it comes from.
    """
    match fact:
        case UserFact():
            rank = 0
        case TipFeedback() | RewardFact():
            rank = 1
        case _:
            rank = 2
    return rank, fact.at_ms, fact.key


def _zipped(user_id: str, events: Iterable[str]) -> bytes:
    entries = {
        README: _WHAT_IT_IS.format(user_id=user_id),
        EVENTS: "".join(f"{line}\n" for line in events),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name, text in entries.items():
            zipped.writestr(_entry(name), text.encode("utf-8", "surrogatepass"), compresslevel=9)
    return made.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry that says nothing of the moment or the machine."""
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = _UNIX, _OWNER_ONLY
    return entry
