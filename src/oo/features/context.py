"""Request-time features that are equal for all candidates: what the moment is like for this person."""

from dataclasses import dataclass
from typing import Any

from oo.domain.instant import HOUR, local_time
from oo.domain.profile import Value
from oo.domain.task import Task
from oo.features.registry import Registry
from oo.features.spec import Moment

BUSY_AHEAD_MS = 8 * HOUR
"""How far ahead the calendar is looked at."""


def hour_of_day(moment: Moment) -> int:
    """Return the hour on the person's wall clock, 0-23."""
    return local_time(moment.now_ms, moment.tz).hour


def day_of_week(moment: Moment) -> int:
    """Return the weekday on the person's wall clock, 0 (Monday) to 6."""
    return local_time(moment.now_ms, moment.tz).weekday


def tasks(moment: Moment) -> list[dict[str, Any]]:
    """Return the live task list, each task as JSON."""
    return [_as_json(task) for task in moment.tasks]


def calendar_busyness(moment: Moment) -> float:
    """Return the share, 0 to 1, of the next 8 hours in which the calendar says busy; overlaps count once."""
    until_ms = moment.now_ms + BUSY_AHEAD_MS
    busy_ms, reached_ms = 0, moment.now_ms
    for stretch in sorted(moment.busy, key=lambda busy: busy.start_ms):
        start_ms, end_ms = max(stretch.start_ms, reached_ms), min(stretch.end_ms, until_ms)
        if end_ms > start_ms:
            busy_ms += end_ms - start_ms
            reached_ms = end_ms
    return busy_ms / BUSY_AHEAD_MS


@dataclass(frozen=True, slots=True)
class FromProfile:
    """The value of a profile feature, as part of the moment."""

    name: str

    def __call__(self, moment: Moment) -> Value:
        """Return the value; None where the profile has none."""
        return moment.profile.get(self.name)


@dataclass(frozen=True, slots=True)
class HoursSince:
    """The hours, fractional, since the instant that a profile feature holds in milliseconds."""

    name: str

    def __call__(self, moment: Moment) -> float | None:
        """Return the hours; None where the profile has no instant."""
        at_ms = moment.profile.get(self.name)
        return None if not isinstance(at_ms, int | float) else max(0.0, (moment.now_ms - at_ms) / HOUR)


def _as_json(task: Task) -> dict[str, Any]:
    content = task.content
    return {
        "id": content.task_id,
        "title": content.title,
        "due": content.due,
        "priority": content.priority,
        "category": content.category,
    }


def context_features(registry: Registry, moment: Moment) -> dict[str, Any]:
    """Return the context features that are single values, by name.

    The task list itself is left out: each decision logs its candidates already.
    """
    return {
        name: feature.derive(moment)
        for name, feature in registry.context.items()
        if registry[name].dtype != "json"
    }
