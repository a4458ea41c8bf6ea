"""A task, and how its state follows from the facts about it.

A task is a fold of its facts: the order in which they arrived does not matter, only their own times. What hides a task
(completed, deleted, done, dismissed) counts only until its content changes; a snooze counts until its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oo.domain.facts import Reaction, TaskCompleted, TaskDeleted, TaskFact, TaskUpsert
from oo.domain.instant import FOREVER, HOUR, start_of
from oo.domain.person import Person

SNOOZE_FOR_MS = HOUR
"""How long a snooze without a time of its own lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenReaction:
    """The reaction in force on a task: the latest of those in force on the task's tips."""

    reaction: Reaction
    at_ms: int
    snooze_until_ms: int | None

    @property
    def hidden_until_ms(self) -> int:
        """Until when a snooze hides its task: the given time, else an hour; 0 for every other reaction."""
        if self.reaction is not Reaction.SNOOZE:
            return 0
        return self.snooze_until_ms or self.at_ms + SNOOZE_FOR_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task as it stands.

    `content` is the version in force; `created_ms` the instant of its creation, `changed_at_ms` that of its last
    change of content; `reaction` is what the person last answered to one of its tips.
    """

    content: TaskUpsert
    created_ms: int
    changed_at_ms: int
    completed_at_ms: int | None
    deleted_at_ms: int | None
    reaction: GivenReaction | None = None

    @property
    def task_id(self) -> str:
        """The task's id, unique for its person."""
        return self.content.task_id

    def status(self, now_ms: int, tz: str) -> str:
        """Say where the task stands: `deleted`, `completed`, `done`, `dismissed`, `snoozed`, `waiting` or `open`."""
        if self._since_change(self.deleted_at_ms):
            return "deleted"
        if self._since_change(self.completed_at_ms):
            return "completed"
        answer = self.reaction
        if answer and self._since_change(answer.at_ms) and answer.reaction in _CLOSING:
            return _CLOSING[answer.reaction]
        if answer and answer.hidden_until_ms > now_ms:
            return "snoozed"
        return "waiting" if self.content.start and start_of(self.content.start, tz) > now_ms else "open"

    def live_from_ms(self, tz: str) -> int:
        """Return the instant from which the task may be shown: 0 for at once, `FOREVER` for not until it changes."""
        if self.status(0, tz) in _GONE:
            return FOREVER
        start = start_of(self.content.start, tz) if self.content.start else 0
        return max(start, self.reaction.hidden_until_ms if self.reaction else 0)

    def _since_change(self, at_ms: int | None) -> bool:
        return at_ms is not None and at_ms >= self.changed_at_ms


_CLOSING = {Reaction.DONE: "done", Reaction.DISMISS: "dismissed"}
_GONE = {"deleted", "completed", "done", "dismissed"}


def fold_task(facts: Sequence[TaskFact], person: Person) -> Task | None:
    """Return the task that `facts` (all of one task, in any order) add up to; None while no `task.upsert` has come."""
    versions = sorted((fact for fact in facts if isinstance(fact, TaskUpsert)), key=lambda fact: fact.at_ms)
    if not versions:
        return None
    changed = versions[0]
    for version in versions:
        if not same_content(version, changed):
            changed = version
    current = versions[-1]
    return Task(
        content=current,
        created_ms=_created_ms(current, person, otherwise=versions[0].at_ms),
        changed_at_ms=changed.at_ms,
        completed_at_ms=_last(facts, TaskCompleted),
        deleted_at_ms=_last(facts, TaskDeleted),
    )


def _created_ms(version: TaskUpsert, person: Person, otherwise: int) -> int:
    return start_of(version.created, person.tz_at(version.at_ms)) if version.created else otherwise


def same_content(one: TaskUpsert, other: TaskUpsert) -> bool:
    """Tell whether two versions of a task differ in nothing but their time."""
    return replace(one, at_ms=other.at_ms) == other


def _last(facts: Sequence[TaskFact], kind: type[TaskFact]) -> int | None:
    return max((fact.at_ms for fact in facts if isinstance(fact, kind)), default=None)
