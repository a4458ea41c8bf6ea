"""Facts: the things that happened, as they enter oO, one class for each type of line in the event log.

A fact counts by its own time `at_ms`; when it arrived is stored beside it. `key` names a fact once and for all: the
same key with the same content is the same fact again, the same key with another content is a conflict. Its parts are
parted by `/`, which no id holds, and the person's id is one of them: nobody can take the key of another's fact.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

Features: TypeAlias = Mapping[str, Any]
"""Raw named features: JSON values by name."""


class Reaction(StrEnum):
    """What a person answers to a tip. `none` takes an earlier answer back."""

    DONE = "done"
    DISMISS = "dismiss"
    SNOOZE = "snooze"
    NONE = "none"

    @property
    def rank(self) -> int:
        """Which one is in force among several at the same instant: the greatest rank."""
        return _RANKS[self]


_RANKS = {Reaction.DONE: 3, Reaction.DISMISS: 2, Reaction.SNOOZE: 1, Reaction.NONE: 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact(ABC):
    """What all facts share: whose it is, and when it happened (epoch milliseconds)."""

    type: ClassVar[str]
    user_id: str
    at_ms: int

    @property
    @abstractmethod
    def key(self) -> str:
        """The fact's name: equal for two facts exactly when they are the same event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFact(Fact):
    """The zone a person lives in from `at_ms` on; 0 is from the beginning."""

    type: ClassVar[str] = "user"
    tz: str

    @property
    def key(self) -> str:
        """A person lives in one zone from one instant on."""
        return f"user:{self.user_id}/{self.at_ms}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TipServed(Fact):
    """A tip that was chosen for a person, with all that was known when it was.

    `probabilities` and `candidates` are in the same order; each candidate holds its `id` and raw features.
    """

    type: ClassVar[str] = "tip.served"
    tip_id: str
    candidate_id: str
    category: str | None = None
    text: str | None = None
    policy: str | None = None
    propensity: float | None = None
    probabilities: tuple[float, ...] | None = None
    candidates: tuple[Features, ...] | None = None
    context: Features | None = None
    profile_features: Features | None = None
    prompt_version: str | None = None
    shown_at_ms: int | None = None

    @property
    def key(self) -> str:
        """Tip ids are unique over all people."""
        return f"tip:{self.tip_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TipFeedback(Fact):
    """A reaction to a tip. Several may be given; the one with the greatest `at_ms` is in force."""

    type: ClassVar[str] = "tip.feedback"
    tip_id: str
    reaction: Reaction
    snooze_until_ms: int | None = None

    @property
    def key(self) -> str:
        """One reaction at one instant; a snooze to another time is another reaction."""
        return (
            f"feedback:{self.user_id}/{self.tip_id}/{self.at_ms}/{self.reaction}/{self.snooze_until_ms or ''}"
        )


def force(reaction: TipFeedback) -> tuple[int, int, int]:
    """Return the sort key of a tip's reactions by their force: of those given by some instant, the last is in force."""
    return (reaction.at_ms, reaction.reaction.rank, reaction.snooze_until_ms or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardFact(Fact):
    """A reward, 0 to 1, for a decision of `policy`."""

    type: ClassVar[str] = "reward"
    decision_id: str
    policy: str
    reward: float

    @property
    def key(self) -> str:
        """One reward for one decision at one instant."""
        return f"reward:{self.user_id}/{self.decision_id}/{self.policy}/{self.at_ms}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionScored(Fact):
    """A choice that a program asked for, with the answer: `policy` chose `candidate_id`; who shows it is unsaid.

    `scores` and `probabilities` are in the order of `candidates`; each candidate holds its `id` and raw features.
    """

    type: ClassVar[str] = "decision.scored"
    decision_id: str
    policy: str
    candidate_id: str
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    candidates: tuple[Features, ...]
    context: Features
    profile_features: Features

    @property
    def key(self) -> str:
        """Decision ids are unique over all people, and no tip has one of them."""
        return f"decision:{self.decision_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSession(Fact):
    """A person used the app for `duration_ms`, from `at_ms` on."""

    type: ClassVar[str] = "app.session"
    event_id: str
    duration_ms: int

    @property
    def key(self) -> str:
        """Event ids are unique for a person and type."""
        return f"session:{self.user_id}/{self.event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoodCheckin(Fact):
    """How a person said they felt: `score` 0 (worst) to 1 (best)."""

    type: ClassVar[str] = "mood.checkin"
    event_id: str
    score: float

    @property
    def key(self) -> str:
        """Event ids are unique for a person and type."""
        return f"mood:{self.user_id}/{self.event_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEvent(Fact):
    """An entry of a person's calendar as it stood at `at_ms`: `[start_ms, end_ms)`, busy or free."""

    type: ClassVar[str] = "calendar.event"
    event_id: str
    start_ms: int
    end_ms: int
    busy: bool

    @property
    def key(self) -> str:
        """An entry may be moved: each state of it is a fact."""
        return f"calendar:{self.user_id}/{self.event_id}/{self.at_ms}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSynced(Fact):
    """A source delivered a person's state at `at_ms`."""

    type: ClassVar[str] = "source.synced"
    source: str

    @property
    def key(self) -> str:
        """One sync of one source."""
        return f"synced:{self.user_id}/{self.source}/{self.at_ms}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFact(Fact):
    """Something that happened to one task."""

    task_id: str

    @property
    def key(self) -> str:
        """One happening of one kind to one task at one instant."""
        return f"{self.type}:{self.user_id}/{self.task_id}/{self.at_ms}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUpsert(TaskFact):
    """A task as it stood at `at_ms`.

    `due`, `created` and `start` are a day (`2026-09-02`) or an instant (`2026-09-02T08:00:00.000Z`); before `start` the
    task is not shown. `priority` is 1 (lowest) to 4 (highest). `source` names where the task lives.
    """

    type: ClassVar[str] = "task.upsert"
    title: str
    due: str | None = None
    created: str | None = None
    start: str | None = None
    priority: int = 1
    category: str | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskClosed(TaskFact):
    """A task left its list. `source` is where that was told: the same source may show the task open again later."""

    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(TaskClosed):
    """A task was completed where it lives."""

    type: ClassVar[str] = "task.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDeleted(TaskClosed):
    """A task was deleted where it lives."""

    type: ClassVar[str] = "task.deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyReset(Fact):
    """Every policy forgot a person: what was decided up to `at_ms` teaches nothing any more."""

    type: ClassVar[str] = "policy.reset"

    @property
    def key(self) -> str:
        """One reset at one instant."""
        return f"reset:{self.user_id}/{self.at_ms}"


FACTS: dict[str, type[Fact]] = {
    kind.type: kind
    for kind in (
        UserFact,
        TipServed,
        TipFeedback,
        RewardFact,
        DecisionScored,
        AppSession,
        TaskUpsert,
        TaskCompleted,
        TaskDeleted,
        CalendarEvent,
        MoodCheckin,
        SourceSynced,
        PolicyReset,
    )
}
"""Each type of line in the event log, and the class of its facts."""
