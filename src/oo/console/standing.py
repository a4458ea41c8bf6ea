"""How things stand: a person's list in words, and what to say where nothing on it can be shown."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from oo.console.when import Due, Now, When, due, moment
from oo.domain.instant import FOREVER, local_day
from oo.domain.task import Task
from oo.domain.wording import counted

LISTED = 50
"""So many tasks of a list are shown; one tip is the point."""
OFFERED = 20
"""So many categories are offered for a new task."""
_ENDED = ("done", "completed")
_TO_DO = ("open", "snoozed", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list; `returns` says when a task that is put off comes back."""

    task_id: str
    title: str
    category: str | None
    due: Due | None
    returns: When | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """What is said in the place of a tip."""

    heading: str
    reason: str
    returns: When | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a person's tasks stand now; `listed` are the first of those still to do, and `more` counts the others."""

    open: int
    done_today: int
    listed: tuple[Listed, ...]
    more: int
    categories: tuple[str, ...]
    nothing: Nothing

    @property
    def line(self) -> str:
        """The state of things in one line."""
        done = f"{self.done_today} done today" if self.done_today else ""
        return " · ".join(filter(None, (f"{counted(self.open, 'task')} open", done)))


def standing(tasks: Sequence[Task], now: Now) -> Standing:
    """Work out how the tasks of a person stand."""
    statuses = [(task, task.status(now.at_ms, now.tz)) for task in tasks]
    to_do = sorted((task for task, status in statuses if status in _TO_DO), key=_pressing)
    counts = Counter(status for _, status in statuses)
    categories = Counter(task.content.category for task in tasks if task.content.category)
    return Standing(
        open=counts["open"],
        done_today=sum(status in _ENDED and _ended_today(task, now) for task, status in statuses),
        listed=tuple(_listed(task, now) for task in to_do[:LISTED]),
        more=max(0, len(to_do) - LISTED),
        categories=tuple(category for category, _ in categories.most_common(OFFERED)),
        nothing=_nothing(counts, to_do, now),
    )


def _pressing(task: Task) -> tuple[str, int, str]:
    return (task.content.due or "9999", -task.content.priority, task.task_id)


def _listed(task: Task, now: Now) -> Listed:
    live_from_ms = task.live_from_ms(now.tz)
    return Listed(
        task_id=task.task_id,
        title=task.content.title,
        category=task.content.category,
        due=due(task.content.due, now) if task.content.due else None,
        returns=moment(live_from_ms, now) if now.at_ms < live_from_ms < FOREVER else None,
    )


def _ended_today(task: Task, now: Now) -> bool:
    ended_ms = task.completed_at_ms
    if not task.closed_by(ended_ms):
        ended_ms = task.reaction.at_ms if task.reaction else None
    return ended_ms is not None and local_day(ended_ms, now.tz) == now.today.isoformat()


def _nothing(counts: Counter[str], to_do: Iterable[Task], now: Now) -> Nothing:
    if not counts:
        return Nothing(
            heading="Your list is empty.",
            reason="Write down the first thing there is to do, and it will be shown here.",
            returns=None,
        )
    hidden = [task.live_from_ms(now.tz) for task in to_do]
    returns = [at_ms for at_ms in hidden if now.at_ms < at_ms < FOREVER]
    if not returns:
        return Nothing(heading="All done.", reason=_closed(counts), returns=None)
    return Nothing(heading="Nothing for now.", reason=_hidden(counts), returns=moment(min(returns), now))


def _closed(counts: Counter[str]) -> str:
    """Say what became of a list on which nothing is left."""
    done = sum(counts[status] for status in _ENDED)
    parts = (
        f"{counted(done, 'task')} done" if done else "",
        f"{counts['dismissed']:,} dismissed" if counts["dismissed"] else "",
        f"{counts['deleted']:,} deleted" if counts["deleted"] else "",
    )
    return f"{', '.join(filter(None, parts)).capitalize()}. Nothing is left to show."


def _hidden(counts: Counter[str]) -> str:
    """Say what the tasks that are left are waiting for."""
    parts = (
        f"{counted(counts['snoozed'], 'task')} snoozed" if counts["snoozed"] else "",
        f"{counts['waiting']:,} not before a day to come" if counts["waiting"] else "",
    )
    return f"{', '.join(filter(None, parts)).capitalize()}."
