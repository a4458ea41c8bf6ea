"""Every protocol that an adapter may implement, on one page."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

from oo.domain.decision import DecidedFrom, Decision, PolicyScore, ScoredDecision
from oo.domain.event import Backlog, DeadEvent, OutboxEvent, ReceivedEvent
from oo.domain.facts import CalendarEvent, Fact, RewardFact, TaskFact, TipFeedback, TipServed
from oo.domain.person import Person, ZoneSpan
from oo.domain.profile import LoggedFeatures, Profile, StoredRow, StoredValue, Value
from oo.domain.quality import Alert, Baseline, Condition, Counts, Distribution
from oo.domain.state import State
from oo.domain.task import GivenReaction, Task
from oo.domain.task_history import TaskSpan
from oo.domain.tip import Tip
from oo.domain.tombstone import Tombstone
from oo.features.fold import Folded
from oo.features.spec import Busy, Dtype, FeatureDefinition

Result = TypeVar("Result")
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


class Transaction(Reader, Protocol):
    """What can be changed, all of it or nothing."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo, at an exception, what was done inside the block, and nothing before it."""

    def add_zone(self, user_id: str, span: ZoneSpan, now_ms: int) -> None:
        """Add a person, or another zone of theirs."""

    def relocalise(self, person: Person) -> None:
        """Work out the local hour and weekday of all the person's facts anew."""

    def add_signal(self, fact: Fact, person: Person, now_ms: int) -> None:
        """Record a fact that is neither a tip nor a reaction."""

    def put_task(self, task: Task, live_from_ms: int) -> None:
        """Write the state of a task."""

    def drop_task(self, user_id: str, task_id: str) -> None:
        """Forget the state of a task of which there is no fact."""

    def put_task_history(self, user_id: str, task_id: str, spans: Sequence[TaskSpan]) -> None:
        """Write what a task was from when to when."""

    def put_calendar_entry(self, fact: CalendarEvent) -> None:
        """Write the state of a calendar's entry, unless a later one is known."""

    def add_tip(self, fact: TipServed, person: Person, now_ms: int) -> None:
        """Record a served tip, and its decision where the fact holds the candidates."""

    def mark_shown(self, tip_id: str, at_ms: int) -> None:
        """Record that a tip was shown at an instant, unless it was shown before."""

    def add_reaction(
        self, fact: TipFeedback, tip: Tip, given: Sequence[TipFeedback], person: Person, now_ms: int
    ) -> None:
        """Record a reaction beside those `given` before, and from when to when each of them is in force."""

    def add_score(self, score: PolicyScore, user_id: str) -> None:
        """Record how a policy saw a decision."""

    def add_scored(self, scored: ScoredDecision) -> None:
        """Record a decision that a program asked for, with its answer."""

    def put_policy_state(self, user_id: str, policy: str, state: State, now_ms: int) -> None:
        """Write what a policy has learned about a person."""

    def add_reward(
        self, decision_id: str, user_id: str, reward: float | None, at_ms: int, now_ms: int
    ) -> None:
        """Append to the reward ledger; the last entry of a decision is in force, null takes it back."""

    def put_profile_rows(self, user_id: str, rows: Iterable[StoredValue]) -> None:
        """Write stored profile values."""

    def drop_profile_rows(self, user_id: str, names: Sequence[str]) -> None:
        """Forget stored profile values, so that the next read computes them."""

    def add_definition(self, name: str, version: int, fingerprint: str, now_ms: int) -> None:
        """Record what a version of a feature means."""

    def log_features(self, decision_id: str, profile: Profile, decided_at_ms: int) -> None:
        """Record the profile that a decision is made from, as it is served."""

    def forget_feature_log(self, until_ms: int) -> None:
        """Forget what was logged of decisions before an instant."""

    def put_baseline(self, baseline: Baseline) -> None:
        """Write how a feature is distributed, in place of its former baseline."""

    def add_alert(self, condition: Condition, now_ms: int, posted: int) -> None:
        """Record that a condition has begun; `posted` is what the webhook need not be told any more."""

    def change_alert(self, alert: Alert) -> None:
        """Write how an alert stands now."""

    def emit(self, subject: str, fact: Fact, now_ms: int) -> None:
        """Put an event into the outbox."""

    def mark_published(self, numbers: Iterable[int], now_ms: int) -> None:
        """Record that the bus has the events of these numbers."""

    def forget_published(self, until_ms: int) -> None:
        """Forget the events that were published before an instant."""

    def bury(self, event: ReceivedEvent, user_id: str | None, reason: str, now_ms: int) -> None:
        """Keep an event that could not be recorded; what is dead already, word for word, is not kept twice."""

    def exhume(self, number: int) -> None:
        """Forget a dead event."""

    def put_tombstone(self, tombstone: Tombstone) -> None:
        """Write a tombstone, in place of any other of that digest."""

    def erase(self, user_id: str) -> None:
        """Delete every row about a person from every table; tombstones stay."""

    def wait(self, waiting: WaitingFact) -> None:
        """Keep a fact until the one it awaits has come."""

    def stop_waiting(self, key: str, refusal: str | None) -> None:
        """Release a waiting fact; one that was refused is kept with the reason."""


class Store(Protocol):
    """A database: consistent reads on the calling thread, and writes that are durable when they return."""

    def read(self, ask: Callable[[Reader], Result], *, together: bool = True) -> Result:
        """Return `ask`'s answer from one consistent state.

        Not `together`: each question is answered from a state of its own, which is quicker where there is but one.
        """

    def write(self, change: Callable[[Transaction], Result]) -> Result:
        """Run `change` in a transaction and return its result after the commit; raise what it raises."""

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        """Queue `change`; the future has its result after the commit."""

    def close(self) -> None:
        """Finish the queued writes and let go of the database."""


class Keeper(Protocol):
    """A store that lies in files of its own, here."""

    def purge(self) -> bool:
        """Write the files anew without what was deleted; False where a reader kept that from ending."""

    def back_up(self, place: Path, *, replace: bool) -> "BackedUp":
        """Write the store as it is now into one file, while others read and write, and verify that file.

        It is moved into place when it is whole. Raises `FileInTheWay` unless `replace`, `StoreError`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What a backup holds: its schema's revision, and how many rows of each table."""

    size_bytes: int
    revision: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpinePoint:
    """A row of a spine by its number, from 0: a person at an instant, and the decision that it says it is about."""

    number: int
    user_id: str
    at_ms: int
    decision_id: str | None


class Offline(Protocol):
    """An engine that computes features for the rows of a spine, in this process, and writes them as a training set."""

    @property
    def name(self) -> str:
        """What the settings call it."""

    @property
    def version(self) -> str:
        """Its own version."""

    def take_spine(self, file: Path, columns: Sequence[str]) -> int:
        """Begin a set over a Parquet file, to which these columns are to be added; return its number of rows.

        Raises `InvalidSpine`.
        """

    def take_points(self, points: Sequence[tuple[str, int]]) -> None:
        """Begin over a spine of people and instants, of which no set is written."""

    def people(self) -> list[str]:
        """Return who is in the spine, in the order in which they come."""

    def points(self) -> list[SpinePoint]:
        """Return every row of the spine, in order."""

    def add_events(self, rows: EventRows) -> None:
        """Take in events of some people; all of a person's come at once."""

    def compute(
        self, definitions: Sequence[FeatureDefinition], progress: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        """Compute a column a feature, point in time, from all the events taken in; anything put before is gone.

        `progress` is told how many statements are done, of how many.
        """

    def put(self, name: str, dtype: Dtype, values: Mapping[int, Any]) -> None:
        """Write values into a column by the numbers of their rows; where there is none, it is made of nulls."""

    def values(self, definitions: Sequence[FeatureDefinition]) -> list[dict[str, Value]]:
        """Return what was computed for each row of the spine, in order, by name."""

    def write(self, file: Path) -> None:
        """Write every row of the spine in order, its own columns first, as Parquet."""

    def close(self) -> None:
        """Let go of memory and files."""


class Messenger(Protocol):
    """Somebody outside who wants to know of alerts."""

    def tell(self, message: Mapping[str, Any]) -> str | None:
        """Deliver a JSON document, once and soon; return why it was not taken, None where it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is published: `body` under a `subject`; the bus takes another message of the same `id` for a repetition."""

    subject: str
    id: str
    body: bytes


class Delivery(Protocol):
    """A message that was delivered to a consumer, for the `tries`th time; it comes again until it is acknowledged."""

    @property
    def event(self) -> ReceivedEvent:
        """What came."""

    def acknowledge(self) -> None:
        """Say that it was dealt with; where that is lost on the way, it comes again."""

    def retry(self, after_sec: float) -> None:
        """Ask for it again, but not before that time."""


class Consumer(Protocol):
    """Somebody who is delivered every message of a stream, at least once, across restarts of either side."""

    def fetch(self, most: int, wait_sec: float) -> Sequence[Delivery]:
        """Return at most so many messages, as soon as there are any; none if none comes in that time.

        What is not acknowledged in `REDELIVER_SEC` is delivered again. Raises `BusUnavailable`.
        """


class Bus(Protocol):
    """Carries messages between systems. Every method may be called from any thread."""

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish in order; each is on the bus before the next one is sent, and all of them on return.

        The same id again within two minutes is published once. Raises `BusUnavailable`: some may be on the bus then.
        """

    def consumer(self, stream: str) -> Consumer:
        """Return the consumer of `signals` or `feedback`: of all that is published under the stream's name."""

    def close(self) -> None:
        """Let go of the bus."""


REDELIVER_SEC = 30.0
"""So long may a consumer take over what it fetched."""
MAX_PENDING = 256
"""At most so many messages are delivered and not yet acknowledged."""
