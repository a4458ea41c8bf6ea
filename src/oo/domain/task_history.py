"""The states that a task went through: what it was as of any instant, from its facts and the reactions to its tips.

`fold_task` says how a task stands now; this says how it stood at each instant, as seen from that instant. A list that
shows a completed task open again ends its completion from then on, and leaves what was true before.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise

from oo.domain.facts import (
    Reaction,
    TaskClosed,
    TaskCompleted,
    TaskDeleted,
    TaskFact,
    TaskUpsert,
    TipFeedback,
    force,
)
from oo.domain.instant import FOREVER
from oo.domain.person import Person
from oo.domain.task import GivenReaction, Task, created_ms, same_content


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpan:
    """A task from `from_ms` until before `until_ms`: its `state`, and the content that it had.

    `came_ms` is when it first came. `closed_ms` is the instant of what closed it, which may lie before it came;
    `local_hour` and `local_weekday` are those of that instant, the hour null for one that is known by its day alone.
    """

    from_ms: int
    until_ms: int
    came_ms: int
    state: str
    category: str | None
    priority: int
    closed_ms: int | None
    local_hour: int | None
    local_weekday: int | None


def history(
    facts: Sequence[TaskFact], reactions: Sequence[TipFeedback], person: Person
) -> tuple[TaskSpan, ...]:
    """Return the spans of one task, in order and without gaps, the last one until `FOREVER`; none before it came.

    `facts` are the task's, `reactions` those to its tips, `none` included; both in any order.
    """
    spans = list(_merged(_states(facts, reactions, person)))
    ends = [later.from_ms for _, later in pairwise(spans)] + [FOREVER]
    return tuple(replace(span, until_ms=end) for span, end in zip(spans, ends, strict=False))


@dataclass(slots=True)
class _Known:
    """What is known of a task by some instant, kept so that each fact is looked at once."""

    version: TaskUpsert | None = None
    came_ms: int = 0
    changed_at_ms: int = 0
    closings: dict[tuple[type[TaskClosed], str | None], int] = field(default_factory=dict)
    given: dict[str, TipFeedback] = field(default_factory=dict)

    def learn(self, fact: TaskFact | TipFeedback) -> None:
        match fact:
            case TipFeedback():
                self.given[fact.tip_id] = fact
            case TaskUpsert():
                self._become(fact)
            case TaskClosed():
                self.closings[type(fact), fact.source] = fact.at_ms

    def _become(self, version: TaskUpsert) -> None:
        if self.version is None:
            self.came_ms = version.at_ms
        elif not same_content(self.version, version):
            self.changed_at_ms = version.at_ms
        for kind in (TaskCompleted, TaskDeleted):
            # A list that shows a task open takes back what it told before.
            if (
                version.source is not None
                and self.closings.get((kind, version.source), FOREVER) < version.at_ms
            ):
                del self.closings[kind, version.source]
        self.version = version

    def task(self, person: Person) -> Task | None:
        if self.version is None:
            return None
        return Task(
            content=self.version,
            created_ms=created_ms(self.version, person, otherwise=self.came_ms),
            changed_at_ms=self.changed_at_ms,
            completed_at_ms=self._closed(TaskCompleted),
            deleted_at_ms=self._closed(TaskDeleted),
            reaction=self._reaction(),
        )

    def _closed(self, kind: type[TaskClosed]) -> int | None:
        return max((at_ms for (each, _), at_ms in self.closings.items() if each is kind), default=None)

    def _reaction(self) -> GivenReaction | None:
        given = (fact for fact in self.given.values() if fact.reaction is not Reaction.NONE)
        latest = max(given, key=force, default=None)
        return None if latest is None else GivenReaction.of(latest)


def _states(
    facts: Sequence[TaskFact], reactions: Sequence[TipFeedback], person: Person
) -> Iterator[TaskSpan]:
    """Yield what the task is from each instant on at which something happened to it."""
    happened: list[TaskFact | TipFeedback] = sorted([*facts, *reactions], key=_order)
    known, is_open = _Known(), False
    for at_ms, happened_then in groupby(happened, key=lambda fact: fact.at_ms):
        together = list(happened_then)
        for fact in together:
            known.learn(fact)
        if is_open and all(_only_hides(fact) for fact in together):
            continue
        task = known.task(person)
        if task is not None:
            is_open = task.state == "open"
            yield _span(task, person, at_ms, known.came_ms)


def _only_hides(fact: TaskFact | TipFeedback) -> bool:
    """Tell whether a fact leaves an open task open: most reactions to a task that is shown again and again do."""
    return isinstance(fact, TipFeedback) and fact.reaction is Reaction.SNOOZE


def _order(fact: TaskFact | TipFeedback) -> tuple[int, int, int]:
    return force(fact) if isinstance(fact, TipFeedback) else (fact.at_ms, 0, 0)


def _span(task: Task, person: Person, from_ms: int, came_ms: int) -> TaskSpan:
    closed_ms = task.closed_at_ms
    wall = None if closed_ms is None else person.local_time(closed_ms)
    by_day = closed_ms is not None and person.is_end_of_day(closed_ms)
    return TaskSpan(
        from_ms=from_ms,
        until_ms=FOREVER,
        came_ms=came_ms,
        state=task.state,
        category=task.content.category,
        priority=task.content.priority,
        closed_ms=closed_ms,
        local_hour=None if wall is None or by_day else wall.hour,
        local_weekday=wall.weekday if wall else None,
    )


def _merged(spans: Iterator[TaskSpan]) -> Iterator[TaskSpan]:
    """Leave out each span that says what the one before it says."""
    last: TaskSpan | None = None
    for span in spans:
        if last is None or replace(span, from_ms=last.from_ms) != last:
            yield span
            last = span
