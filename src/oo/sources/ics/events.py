"""Events: one fact for each occurrence in a window around the import.

An occurrence is known by when it was first to begin, so that moving it changes it; an event that does not repeat is
known by its UID alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from oo.domain.facts import CalendarEvent, Fact
from oo.sources.ics.entry import Entry, said
from oo.sources.ics.recurrence import Occurrence, occurrences

BEHIND, AHEAD = timedelta(days=90), timedelta(days=365)
"""The window of events: back over three of the 30 days that features look at, ahead as far as people plan."""


def event_facts(group: Sequence[Entry]) -> dict[int, list[Fact]]:
    """Return the facts about an event by the line that each follows from; what it took counts for the file."""
    run, lines = group[0].run, defaultdict[int, list[Fact]](list)
    found = {
        occurrence.first: occurrence for occurrence in occurrences(group, BEHIND, AHEAD, run.occurrences)
    }
    for occurrence in found.values():
        lines[occurrence.entry.number].append(_event(occurrence))
    run.occurrences -= len(found)
    return lines


def _event(occurrence: Occurrence) -> CalendarEvent:
    entry: Entry = occurrence.entry
    start_ms = entry.run.ms(occurrence.start)
    shown = {said(entry.component, name).upper() for name in ("TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")}
    return CalendarEvent(
        user_id=entry.run.user_id,
        # Not DTSTAMP: tools write there when they wrote the file.
        at_ms=entry.stamp("LAST-MODIFIED", "CREATED"),
        event_id=entry.id(occurrence.first if entry.repeats or entry.first else None),
        start_ms=start_ms,
        # Where clocks go forward, an end may come out before a start that no clock shows.
        end_ms=max(start_ms, entry.run.ms(occurrence.end)),
        busy=not entry.is_cancelled and shown.isdisjoint({"TRANSPARENT", "FREE"}),
    )
