"""What can be asked of a store."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from oo.domain.decision import DecidedFrom, Decision, PolicyScore, ScoredDecision
from oo.domain.event import Backlog, DeadEvent, OutboxEvent, ReceivedEvent
from oo.domain.facts import CalendarEvent, Fact, RewardFact, TaskFact, TipFeedback, TipServed
from oo.domain.person import Person
from oo.domain.profile import LoggedFeatures, StoredRow
from oo.domain.quality import Alert, Baseline, Counts, Distribution
from oo.domain.state import State
from oo.domain.task import GivenReaction, Task
from oo.domain.task_history import TaskSpan
from oo.domain.tip import Tip
from oo.domain.tombstone import Tombstone
from oo.features.fold import Folded
from oo.features.spec import Busy, FeatureDefinition

EventRows: TypeAlias = Mapping[str, Sequence[Sequence[Any]]]
"""What batched features read, as it lies in the event tables: rows by the name of their table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFact:
    """A fact that waits for another one, named by its key, and when it arrived."""

    fact: Fact
    awaits: str
    arrived_at_ms: int


class Measures(Protocol):
    """What can be asked of the store about the quality of its data."""

    def count_values(self, now_ms: int, active_since_ms: int) -> dict[str, Counts]:
        """Return what the stored values of each feature add up to, by name; counted in the database.

        Active is who was served a tip in `(active_since_ms, now_ms]`.
        """

    def sample_values(self, most: int) -> dict[str, Distribution]:
        """Return the values of about `most` people, the same ones every time, that can be, by feature name."""

    def baselines(self) -> dict[str, Baseline]:
        """Return the baseline of each feature that has one."""

    def last_heard(self, now_ms: int) -> dict[str, int]:
        """Return when each source was last heard up to now."""

    def heard(self, source: str, since_ms: int, until_ms: int) -> tuple[int, list[int]]:
        """Return at how many instants of `(since_ms, until_ms]` a source was heard, and their hours since 1970."""

    def open_alerts(self) -> list[Alert]:
        """Return the alerts that have not ended, the oldest first."""

    def untold_alerts(self) -> list[Alert]:
        """Return the alerts that have not been told outside, those that were refused there last."""


class Events(Protocol):
    """What can be asked of the store about events, those to publish and those that could not be recorded."""

    def unpublished(self, most: int) -> list[OutboxEvent]:
        """Return at most so many events that wait to be published, in order."""

    def backlog(self) -> Backlog:
        """Return what waits to be published, and how much is dead."""

    def refused_events(self, until_ms: Sequence[int], most: int) -> list[ReceivedEvent]:
        """Return at most so many events that were refused and are not dead, the oldest first, with their next try.

        One that was refused `n` times is among them where that was last at `until_ms[n - 1]` or before.
        """

    def dead_events(self) -> list[DeadEvent]:
        """Return the dead events, the oldest first."""


class Reader(Measures, Events, Protocol):
    """What can be asked of the store, all of it from one consistent state."""

    def person(self, user_id: str) -> Person | None:
        """Return the person with their zones."""

    def people(self) -> list[Person]:
        """Return everyone, by id."""

    def task(self, user_id: str, task_id: str) -> Task | None:
        """Return one task, whatever its status."""

    def tasks(self, user_id: str) -> list[Task]:
        """Return every task of a person, whatever its status, by id."""

    def live_tasks(self, user_id: str, now_ms: int) -> tuple[Task, ...]:
        """Return the tasks that may be shown now, by id."""

    def task_facts(self, user_id: str, task_id: str) -> list[TaskFact]:
        """Return the facts that a task is the fold of."""

    def reward_facts(self, user_id: str, decision_id: str) -> list[RewardFact]:
        """Return the rewards given for a decision from outside."""

    def calendar_event(self, user_id: str, event_id: str) -> CalendarEvent | None:
        """Return the latest state of a calendar's entry."""

    def task_reactions(self, user_id: str, task_id: str) -> list[TipFeedback]:
        """Return every reaction recorded on the tips about a task."""

    def task_history(self, user_id: str, task_id: str) -> tuple[TaskSpan, ...]:
        """Return what a task was from when to when, as it is stored."""

    def busy(self, user_id: str, from_ms: int, until_ms: int) -> tuple[Busy, ...]:
        """Return the busy entries of a person's calendar that overlap `[from_ms, until_ms)`."""

    def reaction_on_task(self, user_id: str, task_id: str) -> GivenReaction | None:
        """Return the latest of the reactions in force on the tips about a task."""

    def tip(self, tip_id: str) -> Tip | None:
        """Return a tip with the reaction that is in force after all recorded ones."""

    def open_tip(self, user_id: str, since_ms: int, now_ms: int) -> Tip | None:
        """Return the last tip served in `(since_ms, now_ms]`, if it has no reaction in force as of now."""

    def tip_served(self, tip_id: str) -> TipServed | None:
        """Return the fact that served a tip."""

    def reactions(self, tip_id: str) -> list[TipFeedback]:
        """Return every reaction recorded for a tip."""

    def signal(self, key: str) -> Fact | None:
        """Return the recorded fact of that key, unless it is a tip or a reaction."""

    def waiting(self, awaits: str) -> list[WaitingFact]:
        """Return the facts that wait for the one of that key, in the order of their arrival."""

    def waiting_fact(self, key: str) -> Fact | None:
        """Return the fact of that key, if it waits."""

    def waiting_of(self, user_id: str) -> list[Fact]:
        """Return the facts about a person that wait for another one, or that were refused when it came."""

    def scored_of(self, user_id: str) -> list[ScoredDecision]:
        """Return the decisions about a person that programs asked for, by time and id."""

    def people_named(self) -> set[str]:
        """Return the id of everyone about whom there is any row, known or not."""

    def count_rows(self, user_id: str) -> int:
        """Return how many rows there are about a person, in all tables together."""

    def tombstones(self) -> list[Tombstone]:
        """Return the tombstone of everyone who was erased, the oldest first."""

    def tombstones_of(self, user_id: str) -> list[Tombstone]:
        """Return the tombstones that a person's id belongs to: one, or one a salt; none if they were never erased."""

    def facts(self, user_id: str) -> Iterator[Fact]:
        """Yield every recorded fact of a person: tips, then reactions, then the rest."""

    def arrivals(self, user_id: str) -> Iterator[tuple[Fact, int]]:
        """Yield every recorded fact of a person as `facts` does, each with the instant at which it arrived."""

    def compute(
        self, definitions: Collection[FeatureDefinition], user_id: str, at_ms: int
    ) -> dict[str, Folded]:
        """Return the values of batched features as of an instant by name, computed from the recorded facts."""

    def compute_everyone(
        self, definitions: Collection[FeatureDefinition], at_ms: int
    ) -> dict[str, dict[str, Folded]]:
        """Return the values for everyone as of an instant, by person and name."""

    def compute_points(
        self, definitions: Collection[FeatureDefinition], points: Sequence[tuple[str, int]]
    ) -> list[dict[str, Folded]]:
        """Return the values at each of `points`, pairs of a person and an instant: in order, by name."""

    def events(self, user_id: str) -> EventRows:
        """Return all that batched features read of a person, at whatever instant."""

    def decided_at(self, user_id: str, at_ms: int) -> list[DecidedFrom]:
        """Return what the decisions about a person at an instant were made from, by id; none without a profile."""

    def decided(self, decision_id: str) -> DecidedFrom | None:
        """Return what a decision was made from; None where no profile was logged with it."""

    def profile_rows(self, user_id: str) -> Sequence[StoredRow]:
        """Return the stored profile values."""

    def definitions(self) -> dict[tuple[str, int], str]:
        """Return the fingerprint of every definition that was served, by name and version."""

    def feature_log(self, since_ms: int, after: int, most: int) -> list[LoggedFeatures]:
        """Return at most so many logged profiles of decisions since an instant, in order, past the number `after`."""

    def decision(self, decision_id: str) -> Decision | None:
        """Return what a decision was made from."""

    def scores(self, decision_id: str) -> list[PolicyScore]:
        """Return how each policy saw a decision."""

    def scored(self, decision_id: str) -> ScoredDecision | None:
        """Return a decision that a program asked for, with its answer."""

    def teaching_scores(self, decision_id: str) -> list[PolicyScore]:
        """Return how each policy saw a decision, if the person was not reset since: what its reward teaches."""

    def policy_state(self, user_id: str, policy: str) -> State | None:
        """Return what a policy has learned about a person, over the dimensions it was stored with."""

    def reward(self, decision_id: str) -> float | None:
        """Return the reward in force for a decision."""

    def rewarded_scores(self, user_id: str, policy: str) -> Iterator[tuple[PolicyScore, float]]:
        """Yield the logged rows of a policy that have a reward in force and were decided since the last reset.

        The policy's state is the fold of these.
        """
