"""A task, and how its state follows from the facts about it.

A task is a fold of its facts: the order in which they arrived does not matter, only their own times. What hides a task
(completed, deleted, done, dismissed) counts only until its content changes; a snooze counts until its time. The first
version of a task is no change: what happened to it before a list was first read did happen. A completion or deletion
from before the task's stated creation is another task's that was called the same, and does not count; nor does one
from a list that showed the task open again later.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from oo.domain.facts import (
    Reaction,
    TaskClosed,
    TaskCompleted,
    TaskDeleted,
    TaskFact,
    TaskUpsert,
    TipFeedback,
)
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

    @classmethod
    def of(cls, fact: TipFeedback) -> "GivenReaction":
        """Return a reaction to a tip as one on the tip's task."""
        return cls(reaction=fact.reaction, at_ms=fact.at_ms, snooze_until_ms=fact.snooze_until_ms or None)

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
    change of content, 0 if it never changed; `reaction` is what the person last answered to one of its tips.
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
        if self.closed_by(self.deleted_at_ms):
            return "deleted"
        if self.closed_by(self.completed_at_ms):
            return "completed"
        answer = self.reaction
        if answer and answer.at_ms >= self.changed_at_ms and answer.reaction in _CLOSING:
            return _CLOSING[answer.reaction]
        if answer and answer.hidden_until_ms > now_ms:
            return "snoozed"
        return "waiting" if self.content.start and start_of(self.content.start, tz) > now_ms else "open"

    @property
    def state(self) -> str:
        """Say how the task ended, if it did, whatever hides it for a while: one of `STATES`."""
        return _STATE_OF.get(self.status(0, "UTC"), "open")

    @property
    def closed_at_ms(self) -> int | None:
        """When the task was completed, dismissed or deleted; None for an open one."""
        match self.status(0, "UTC"):
            case "deleted":
                return self.deleted_at_ms
            case "completed":
                return self.completed_at_ms
            case "done" | "dismissed":
                return self.reaction.at_ms if self.reaction else None
            case _:
                return None

    def live_from_ms(self, tz: str) -> int:
        """Return the instant from which the task may be shown: 0 for at once, `FOREVER` for not until it changes."""
        if self.status(0, tz) in _GONE:
            return FOREVER
        start = start_of(self.content.start, tz) if self.content.start else 0
        return max(start, self.reaction.hidden_until_ms if self.reaction else 0)

    @property
    def closable_from_ms(self) -> int:
        """From when on a completion or deletion is one of this task as it stands."""
        return max(self.changed_at_ms, self.created_ms if self.content.created else 0)

    def closed_by(self, at_ms: int | None) -> bool:
        """Tell whether a completion or deletion at an instant, None for no such, closes the task as it stands."""
        return at_ms is not None and at_ms >= self.closable_from_ms


_CLOSING = {Reaction.DONE: "done", Reaction.DISMISS: "dismissed"}
_GONE = {"deleted", "completed", "done", "dismissed"}
STATES = ("open", "completed", "dismissed", "deleted")
_STATE_OF = {"deleted": "deleted", "completed": "completed", "done": "completed", "dismissed": "dismissed"}


def fold_task(
    facts: Sequence[TaskFact], person: Person, reaction: GivenReaction | None = None
) -> Task | None:
    """Return the task that `facts` (all of one task, in any order) add up to; None while no `task.upsert` has come.

    `reaction` is the one in force on its tips.
    """
    versions = sorted((fact for fact in facts if isinstance(fact, TaskUpsert)), key=lambda fact: fact.at_ms)
    if not versions:
        return None
    current = versions[-1]
    return Task(
        content=current,
        created_ms=created_ms(current, person, otherwise=versions[0].at_ms),
        changed_at_ms=_changed_at_ms(versions),
        completed_at_ms=_closed_at_ms(facts, versions, TaskCompleted),
        deleted_at_ms=_closed_at_ms(facts, versions, TaskDeleted),
        reaction=reaction,
    )


def _changed_at_ms(versions: Sequence[TaskUpsert]) -> int:
    changes = (later.at_ms for one, later in pairwise(versions) if not same_content(one, later))
    return max(changes, default=0)


def created_ms(version: TaskUpsert, person: Person, otherwise: int) -> int:
    """Return when a version of a task says that the task was created; `otherwise` where it does not say."""
    return start_of(version.created, person.tz_at(version.at_ms)) if version.created else otherwise


def same_content(one: TaskUpsert, other: TaskUpsert) -> bool:
    """Tell whether two versions of a task differ in nothing but their time."""
    return replace(one, at_ms=other.at_ms) == other


def _closed_at_ms(
    facts: Sequence[TaskFact], versions: Sequence[TaskUpsert], kind: type[TaskClosed]
) -> int | None:
    closings = (fact for fact in facts if isinstance(fact, kind))
    return max((fact.at_ms for fact in closings if not _reopened(fact, versions)), default=None)


def _reopened(closing: TaskClosed, versions: Sequence[TaskUpsert]) -> bool:
    if closing.source is None:
        return False
    return any(seen.source == closing.source and seen.at_ms > closing.at_ms for seen in versions)
