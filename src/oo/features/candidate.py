"""Request-time features of one candidate task."""

from oo.domain.instant import DAY, is_day, local_day, parse_instant
from oo.domain.task import Task
from oo.domain.tip import Candidate
from oo.features.registry import Registry
from oo.features.spec import Moment


def is_overdue(task: Task, moment: Moment) -> bool:
    """Tell whether the due day lies before the person's local today, or the due time before now."""
    due = task.content.due
    if due is None:
        return False
    if is_day(due):
        return due < local_day(moment.now_ms, moment.tz)
    return parse_instant(due) < moment.now_ms


def task_age_days(task: Task, moment: Moment) -> float:
    """Return the days since the task was created, fractional; 0.0 for one dated in the future."""
    return max(0, moment.now_ms - task.created_ms) / DAY


def priority(task: Task, moment: Moment) -> int:  # noqa: ARG001  # every candidate feature has the same signature
    """Return the priority, 1 (lowest) to 4 (highest)."""
    return task.content.priority


def candidates(registry: Registry, moment: Moment) -> tuple[Candidate, ...]:
    """Return each live task as a candidate with its raw features, in the order of their ids."""
    return tuple(
        Candidate(
            candidate_id=task.task_id,
            text=task.content.title,
            category=task.content.category,
            features={name: feature.derive(task, moment) for name, feature in registry.candidate.items()},
        )
        for task in sorted(moment.tasks, key=lambda task: task.task_id)
    )
