"""Request-time features that are equal for all candidates: what the moment is like for this person."""

from typing import Any

from oo.domain.instant import local_time
from oo.domain.task import Task
from oo.features.registry import Registry
from oo.features.spec import Moment


def hour_of_day(moment: Moment) -> int:
    """Return the hour on the person's wall clock, 0-23."""
    return local_time(moment.now_ms, moment.tz).hour


def day_of_week(moment: Moment) -> int:
    """Return the weekday on the person's wall clock, 0 (Monday) to 6."""
    return local_time(moment.now_ms, moment.tz).weekday


def tasks(moment: Moment) -> list[dict[str, Any]]:
    """Return the live task list, each task as JSON."""
    return [_as_json(task) for task in moment.tasks]


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
