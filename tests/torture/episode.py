"""An episode: one new store, life after life of load and kills over it, and the checks after each."""

import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from oo.usecases.app import App
from tests.torture import checks, departed
from tests.torture.books import Books
from tests.torture.calls import Gone
from tests.torture.checks import BROKEN, Check, Violation
from tests.torture.expected import expected
from tests.torture.found import found
from tests.torture.load import Program
from tests.torture.sums import learned
from tests.torture.victim import Victim

CHECKS: Sequence[Check] = (
    checks.facts,
    checks.tips,
    checks.decisions,
    checks.rewards,
    checks.rows,
    checks.outbox,
    learned,
    departed.erased,
    departed.tombstones,
    departed.dead,
)
"""What is held against the books after each kill."""
HARNESS = "harness"
"""The name under which it is said that the harness could not go on."""
_MEMORY = Path("/dev/shm")
_LAST_SEC = 120.0
"""So long may the last life take, in which all that is left is done."""
_ALL = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A kind of victim and how it is treated. `make` takes a folder, the defence to leave out, and `exact`.

    An exact episode has one client, and its lives end at points that the seed counts out; the others have `clients`,
    each of which makes at most `most_calls` in a life. An episode has `kills`.
    """

    name: str
    make: Callable[[Path, str | None, bool], Victim]
    kills: int
    clients: int
    most_calls: int
    has_exact: bool = False
    talkers: int = 0
    """So many of the clients do nothing but tell of what happened."""
    lives_on: bool = False
    """Whether only a part of it is killed: what goes on then is checked when all of it has ended, once an episode."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of an episode. `folder` is kept, with the store in it, where something was violated."""

    campaign: str
    number: int
    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    sent_again: int = 0
    seconds: float = 0.0
    violations: list[Violation] = field(default_factory=list)
    folder: Path | None = None


@dataclass(slots=True, kw_only=True)
class Episode:
    """One run of a campaign.

    `blind` names checks that would see a missing defence itself, rather than what it lets by.
    """

    campaign: Campaign
    seed: int
    number: int
    without: str | None = None
    blind: frozenset[str] = frozenset()

    def __call__(self) -> Outcome:
        """Run it, within a folder that is gone afterwards unless something was violated."""
        folder = Path(tempfile.mkdtemp(prefix="oo-torture-", dir=_MEMORY if _MEMORY.is_dir() else None))
        outcome = Outcome(campaign=self.campaign.name, number=self.number)
        began = time.monotonic()
        run = _Run(self, folder, outcome)
        try:
            run.live()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is told with the line that has it again
            outcome.violations.append(Violation(HARNESS, BROKEN, f"{type(error).__name__}: {error}"))
        finally:
            run.end()
        outcome.seconds = time.monotonic() - began
        if outcome.violations and self.without is None:
            outcome.folder = folder
        else:
            shutil.rmtree(folder, ignore_errors=True)
        return outcome

    @property
    def exact(self) -> bool:
        """Whether the seed alone says at which statement each life ends."""
        return self.campaign.has_exact and self.number % 2 == 0

    def chance(self, name: object) -> Random:
        """Return the randomness of one part of the episode."""
        return Random(f"{self.campaign.name}/{self.seed}/{self.number}/{name}")


class _Run:
    """An episode under way."""

    def __init__(self, episode: Episode, folder: Path, outcome: Outcome) -> None:
        self.episode, self.outcome = episode, outcome
        self.campaign = episode.campaign
        self.chance = episode.chance("kills")
        self.folder, self.books = folder, Books(folder / "books.jsonl")
        self.victim = self.campaign.make(folder, episode.without, episode.exact)
        clients = 1 if episode.exact else self.campaign.clients
        self.programs = [
            Program(
                number=number,
                chance=episode.chance(number),
                books=self.books,
                clock=Ticking() if episode.exact else _now_ms,
                offers=self.victim.offers,
                talks=number < self.campaign.talkers,
                programs=clients,
            )
            for number in range(clients)
        ]

    def live(self) -> None:
        """Go through every life; the first violation ends the episode."""
        for _ in range(self.campaign.kills):
            self._live_once()
            if not self.campaign.lives_on and self._check():
                return
        self._live_out()

    def end(self) -> None:
        """End what runs, and count."""
        self.victim.end()
        self.books.close()
        self.outcome.acknowledged = self.books.acknowledged
        self.outcome.sent_again = self.books.sent_again

    def _live_once(self) -> None:
        self.victim.start(self.chance)
        load = _Load(self.victim, self.programs, self.campaign.most_calls)
        struck = self.victim.strike(self.chance, load)
        load.end()
        self.outcome.kills[struck.kind] += 1
        self.outcome.points[struck.point] += 1

    def _live_out(self) -> None:
        """Do all that is left, hand on every event, and check once more."""
        for program in self.programs:
            program.ending = True
        self.victim.begin_last()
        load = _Load(self.victim, self.programs, _ALL)
        load.wait(_LAST_SEC)
        self.victim.drain()
        messages = self.victim.messages()
        self.victim.end()
        if not self._check() and messages is not None:
            with self.victim.looked_into() as (query, _):
                store = found(query)
                self._report(checks.on_the_bus(expected(self.books, store), store, messages))

    def _check(self) -> bool:
        """Hold the store against the books; return whether something was violated."""
        unsound = self.victim.unsound()
        self._report(Violation("database", BROKEN, each) for each in unsound)
        self._report(Violation("answers", BROKEN, each) for each in self.books.wrong)
        with self.victim.looked_into() as (query, app):
            store = found(query)
            books = expected(self.books, store)
            for check in CHECKS:
                self._report(check(books, store))
            self._report(departed.traces(books, self.folder))
            self._report(_unlike_the_ledger(app))
        return bool(self.outcome.violations)

    def _report(self, violations: Iterator[Violation]) -> None:
        self.outcome.violations += [each for each in violations if each.check not in self.episode.blind]


class _Load:
    """Every program acting on a victim, on a thread of its own, until that is gone."""

    def __init__(self, victim: Victim, programs: Sequence[Program], most: int) -> None:
        self._stopping = threading.Event()
        self._failures: list[BaseException] = []
        self._programs, self._before = programs, sum(each.answers for each in programs)
        self._threads = [
            threading.Thread(target=self._act, args=(victim, program, most), daemon=True)
            for program in programs
        ]
        for thread in self._threads:
            thread.start()

    def working(self) -> bool:
        """Whether any program still acts."""
        return any(thread.is_alive() for thread in self._threads)

    def answers(self) -> int:
        """Return how many calls were answered in this life."""
        return sum(each.answers for each in self._programs) - self._before

    def end(self) -> None:
        """Let every program stop after its call."""
        self._stopping.set()
        self.wait(_LAST_SEC)

    def wait(self, most_sec: float) -> None:
        """Wait until every program has come to its end."""
        until = time.monotonic() + most_sec
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        assert not self.working(), "a call is answered by nobody, and nobody says so"
        if self._failures:
            raise self._failures[0]

    def _act(self, victim: Victim, program: Program, most: int) -> None:
        try:
            client = victim.client(program.number)
        except Gone:
            return
        try:
            program.act(client, self._stopping, most)
        except BaseException as failure:  # noqa: BLE001  # raised in the thread that waits for this one
            self._failures.append(failure)
        finally:
            client.close()


def _unlike_the_ledger(app: App) -> Iterator[Violation]:
    for person in app.people.all():
        for each in app.ledger.differences(person.user_id):
            what = f"{each.part} of {each.user_id} is kept as {each.kept}, and the facts give {each.given}"
            yield Violation("ledger", BROKEN, what)


@dataclass(slots=True)
class Ticking:
    """A clock that goes on by the same step whenever it is read, so that a run can be had again."""

    now_ms: int = 1_788_000_000_000

    def __call__(self) -> int:
        self.now_ms += 7
        return self.now_ms


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
