"""To-dos, each one task.

A repeating to-do is its first open occurrence that is not due before the import, else its last; without a due date, the
last that has begun. An occurrence that was completed by itself is a task of its own.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from oo.domain.facts import Fact, TaskDeleted, TaskUpsert
from oo.sources.base import completed
from oo.sources.ics.entry import Entry, on_one_line, said, values
from oo.sources.ics.recurrence import Occurrence, ends, occurrences
from oo.sources.ics.run import MOST_OCCURRENCES

REACHES = timedelta(days=100), timedelta(days=4 * 366)
"""How far from the import the current occurrence of a to-do is sought: nearby, then to the next leap day."""

_PRIORITIES = {1: 4, 2: 4, 3: 4, 4: 4, 5: 3, 6: 2, 7: 2, 8: 2, 9: 2}


def todo_facts(group: Sequence[Entry]) -> dict[int, list[Fact]]:
    """Return the facts about a to-do by the line that each follows from."""
    whole = next((entry for entry in group if entry.first is None), None)
    lines = {
        entry.number: _task(entry, entry.id(entry.first), *_times(entry))
        for entry in group
        if entry.first and (whole is None or entry.is_done)
    }
    return lines | ({whole.number: _current(whole, group)} if whole else {})


def _current(whole: Entry, group: Sequence[Entry]) -> list[Fact]:
    """Return the facts about a to-do; if it repeats, as its current occurrence has it."""
    if whole.is_closed or not whole.repeats:
        return _task(whole, whole.id(None), *_times(whole))
    found: list[Occurrence] = []
    chosen: Occurrence | None = None
    for reach in REACHES:
        if chosen is None:
            found = [
                each
                for each in occurrences(group, reach, reach, MOST_OCCURRENCES)
                if not each.entry.is_closed
            ]
            chosen = _in_turn(whole, found)
    if not found:
        last = max(group, key=lambda entry: (entry.is_done, entry.stamp("COMPLETED")))
        return _task(last, whole.id(None), *_times(last))
    chosen = chosen or found[0 if _times(whole)[1] is None else -1]
    begins, due = _times(chosen.entry)
    return _task(chosen.entry, whole.id(None), begins and chosen.start, due and chosen.end)


def _in_turn(whole: Entry, found: Sequence[Occurrence]) -> Occurrence | None:
    """Return the first that is not due before the import, or the last that has begun of what is never due."""
    run = whole.run
    if _times(whole)[1] is None:
        return next((each for each in reversed(found) if run.ms(each.start) <= run.at_ms), None)
    return next((each for each in found if run.over_ms(each.end) >= run.at_ms), None)


def _times(entry: Entry) -> tuple[date | None, date | None]:
    """Return when a to-do begins and when it is due, so far as it says so."""
    component = entry.component
    begins = component["DTSTART"].dt if "DTSTART" in component else None
    is_due = "DUE" in component or (begins and "DURATION" in component)
    return begins, ends(entry.kind, component) if is_due else None


def _task(entry: Entry, task_id: str, begins: date | None, due: date | None) -> list[Fact]:
    component, run, created = entry.component, entry.run, entry.told("CREATED")
    categories = (on_one_line(one) for some in values(component, "CATEGORIES") for one in some.cats)
    task = TaskUpsert(
        user_id=run.user_id,
        at_ms=run.at_ms,
        task_id=task_id,
        title=said(component, "SUMMARY"),
        due=run.text(due) if due else None,
        created=run.text(created) if created else None,
        start=run.text(begins) if begins else None,
        priority=_PRIORITIES.get(component.get("PRIORITY"), 1),
        category=next(filter(None, categories), None),
        source="ics",
    )
    if not entry.is_closed:
        return [task]
    task, closed = completed(
        task, entry.stamp("LAST-MODIFIED" if entry.is_cancelled else "COMPLETED"), run.tz
    )
    if not entry.is_cancelled:
        return [task, closed]
    return [task, TaskDeleted(user_id=run.user_id, task_id=task_id, at_ms=closed.at_ms, source="ics")]
