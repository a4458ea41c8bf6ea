"""Bound the number of candidates of a decision, so that a recommendation has a bounded cost."""

from collections.abc import Sequence

from oo.domain.ids import digest
from oo.domain.task import Task


def shortlisted(tasks: Sequence[Task], decision_id: str, most: int) -> tuple[Task, ...]:
    """Return at most `most` of the tasks: half of them the most pressing, the rest drawn by the decision's id.

    The draw gives every task its turn; the pressing half keeps a long list from hiding what is urgent.
    """
    if len(tasks) <= most:
        return tuple(tasks)
    pressing = sorted(tasks, key=_pressing)
    first, others = pressing[: most // 2], pressing[most // 2 :]
    drawn = sorted(others, key=lambda task: digest(f"{decision_id}/{task.task_id}"))
    return (*first, *drawn[: most - len(first)])


def _pressing(task: Task) -> tuple[str, int, str]:
    return (task.content.due or "9999", -task.content.priority, task.task_id)
