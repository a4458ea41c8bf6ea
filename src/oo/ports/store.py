"""A store of facts and of what follows from them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from oo.domain.decision import PolicyScore, ScoredDecision
from oo.domain.event import ReceivedEvent
from oo.domain.facts import CalendarEvent, Fact, TipFeedback, TipServed
from oo.domain.person import Person, ZoneSpan
from oo.domain.profile import Profile, StoredValue
from oo.domain.quality import Alert, Baseline, Condition
from oo.domain.state import State
from oo.domain.task import Task
from oo.domain.task_history import TaskSpan
from oo.domain.tip import Tip
from oo.domain.tombstone import Tombstone
from oo.ports.reader import Reader, WaitingFact

Result = TypeVar("Result")


class Transaction(Reader, Protocol):
    """What can be changed, all of it or nothing."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo, at an exception, what was done inside the block, and nothing before it."""

    def try_out(self) -> None:
        """Write something and take it back, so that whatever keeps writes from the disk refuses this one."""

    def hold(self, name: str) -> None:
        """Let no other transaction that holds `name` go on until this one has ended.

        It is for what is about nobody: whatever is read about a person or a decision stays as it is by itself.
        """

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

    def publish_again(self, since_ms: int, until_ms: int) -> int:
        """Let every event that came into the outbox in `[since_ms, until_ms)` be published again; return how many."""

    def forget_published(self, until_ms: int) -> None:
        """Forget the events that were published before an instant."""

    def refuse(self, event: ReceivedEvent, user_id: str | None, reason: str, now_ms: int) -> int:
        """Keep an event that could not be recorded, once, word for word; return how often it was refused by now."""

    def forgive(self, event: ReceivedEvent) -> None:
        """Forget that an event was refused, unless it is dead."""

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

    def back_up(self, place: Path, *, replace: bool, progress: Callable[[int, int], None]) -> "BackedUp":
        """Write the store as it is now into one file of SQLite, while others read and write, and verify that file.

        Whichever the database, the file is the same: a store itself. It is moved into place when it is whole.
        `progress` is told how many rows were copied, of how many, where they are copied one by one. Raises
        `FileInTheWay` unless `replace`, `StoreError`.
        """

    def close(self) -> None:
        """Finish the queued writes and let go of the database."""


class Keeper(Protocol):
    """A store that lies in files of its own, here."""

    def purge(self) -> bool:
        """Write the files anew without what was deleted; False where a reader kept that from ending."""

    def problem(self) -> str | None:
        """Read the files whole and say what is wrong with them, None where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """What a backup holds: its schema's revision, and how many rows of each table."""

    size_bytes: int
    revision: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunAnew:
    """What was wrong with the store at `place`, None where nothing was; if anything, it is kept as `aside`.

    `erasures` is how many were carried over into the empty store in its place, None where they could not be read.
    """

    place: Path
    problem: str | None
    aside: Path | None = None
    erasures: int | None = None
