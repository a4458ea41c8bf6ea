"""An iCalendar file (RFC 5545), as calendars and task lists export it: a VTODO is a task, a VEVENT takes up time.

Each component is read by itself, and refused by the line on which it begins. It is known by its UID, or by what it says
where it has none; of several with the same UID the one with the greatest SEQUENCE counts.
"""

import codecs
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import BinaryIO

from oo.domain.errors import Refused
from oo.sources.base import ReadLine, Source, in_utf8
from oo.sources.ics.component import understood
from oo.sources.ics.entry import FAULTS, Entry
from oo.sources.ics.events import event_facts
from oo.sources.ics.parts import parts_of
from oo.sources.ics.run import Run
from oo.sources.ics.todos import todo_facts
from oo.sources.ics.zones import define_zone


def _read(
    stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
) -> Iterator[ReadLine]:
    run = Run(user_id=user_id, tz=tz, at_ms=at_ms)
    parts = [*parts_of(stream, encoding)]
    entries, lines = [], {}
    for part in (part for part in parts if part.kind == "VTIMEZONE"):
        define_zone(part)
    for part in (part for part in parts if part.kind in {"VEVENT", "VTODO"}):
        try:
            entries.append(understood(part, run))
        except FAULTS as error:
            lines[part.number] = _refused(part.number, error)
    for group in _groups(entries):
        lines |= _lines(group)
    yield from (
        lines.get(part.number, ReadLine(number=part.number)) for part in parts if part.kind != "VTIMEZONE"
    )


def _groups(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return together what tells of the same event or to-do, and only the last word on each of its occurrences."""
    by_rank = sorted(entries, key=lambda entry: entry.rank)
    latest = {(entry.kind, entry.uid, entry.first): entry for entry in by_rank}
    groups = defaultdict(list)
    for (kind, uid, _), entry in latest.items():
        groups[kind, uid].append(entry)
    return sorted(groups.values(), key=lambda group: min(entry.number for entry in group))


def _lines(group: Sequence[Entry]) -> dict[int, ReadLine]:
    try:
        facts = event_facts(group) if group[0].kind == "VEVENT" else todo_facts(group)
    except FAULTS as error:
        if len(group) == 1:
            return {group[0].number: _refused(group[0].number, error)}
        # One that makes no sense takes nothing of the others with it.
        return {number: line for entry in group for number, line in _lines([entry]).items()}
    return {number: ReadLine(number=number, facts=tuple(some)) for number, some in facts.items()}


def _refused(number: int, error: Exception) -> ReadLine:
    reason = str(error) if isinstance(error, Refused) else "Its times, or how it repeats, make no sense."
    return ReadLine(number=number, refusal=reason)


def _recognises(sample: bytes, filename: str) -> bool:
    begins = in_utf8(sample).removeprefix(codecs.BOM_UTF8).lstrip()
    is_named_so = PurePath(filename).suffix.lower() in {".ics", ".ical"}
    return begins[:15].upper() == b"BEGIN:VCALENDAR" if begins else is_named_so


SOURCE = Source(
    name="ics",
    description="iCalendar, tasks and events",
    needs_user=True,
    recognises=_recognises,
    read=_read,
)
