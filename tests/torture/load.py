"""Mixed load: programs that act for people without end, each step drawn from a seed."""

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeAlias

from tests.torture.books import Books, Entry
from tests.torture.calls import BUS, HALF, Call, Client, Gone, NotNow
from tests.torture.lines import to_instant
from tests.torture.telling import Teller

Script: TypeAlias = Generator[Call, Any, None]
"""Yields calls and is sent their answers; it knows nothing of kills."""
POLICIES = ("egreedy/v1", "egreedy/v2", "linucb/v1")
"""Those that follow every decision, the active one first."""
REACTIONS = ("done", "dismiss", "snooze", "none")
_PAUSE_SEC = 0.02
_LIVING, _TALKING = (5, 4, 3, 2, 1), (9, 0, 0, 1, 0)
"""How often each step is taken: to tell, to ask for a tip, for a decision, to repeat, and to fail half-way."""
_SHARE_OVER_THE_BUS = 0.3


@dataclass(slots=True)
class Program:
    """Acts for people, one call after the other. A call without an answer is made again, as it was.

    `offers` names the paths beside those of the API that the victim answers. One that `talks` does nothing but tell.
    """

    number: int
    chance: Random
    books: Books
    clock: Callable[[], int]
    offers: frozenset[str] = frozenset()
    talks: bool = False
    ending: bool = False
    over: bool = False
    answers: int = 0
    """How many calls were answered so far."""
    _script: Script | None = None
    _entry: Entry | None = None
    _teller: Teller = field(init=False)
    _answered: list[tuple[Call, Any]] = field(default_factory=list)
    _decided: int = 0

    def __post_init__(self) -> None:
        self._teller = Teller(self.number, self.chance, self.clock())

    def act(self, client: Client, stopping: threading.Event, most: int) -> None:
        """Make at most so many calls, until nobody answers any more, it is told to stop, or its script is over."""
        while most > 0 and not self.over and not stopping.is_set():
            entry = self._under_way()
            if entry is None:
                return
            entry.sent += 1
            try:
                answer = client(entry.call)
            except NotNow:
                time.sleep(_PAUSE_SEC)
                continue
            except Gone:
                return
            self.books.acknowledge(entry, answer)
            self.answers += 1
            self._go_on(answer)
            most -= 1

    def _under_way(self) -> Entry | None:
        if self._script is None:
            self._script = self._live()
            self._go_on(None)
        return self._entry

    def _go_on(self, answer: Any) -> None:
        assert self._script is not None
        try:
            call = self._script.send(answer)
        except StopIteration:
            self.over, self._entry = True, None
        else:
            self._entry = self.books.attempt(self.number, replace(call, now_ms=self.clock()))

    def _live(self) -> Script:
        yield Call("/signals", self._teller.beginning())
        steps: tuple[Callable[[], Script], ...] = (
            self._tell,
            self._ask,
            self._score,
            self._repeat,
            self._half,
        )
        while not self.ending:
            step = self.chance.choices(steps, weights=_TALKING if self.talks else _LIVING)[0]
            yield from step()
        while left := self._teller.rest():
            yield Call("/signals", left)

    def _tell(self) -> Script:
        over_the_bus = BUS in self.offers and (self.talks or self.chance.random() < _SHARE_OVER_THE_BUS)
        call = Call(BUS if over_the_bus else "/signals", self._teller.batch())
        answer = yield call
        self._answered.append((call, answer))
        self._teller.told(call.body)

    def _ask(self) -> Script:
        """Ask for a tip and react to it, not at all or several times."""
        person = self.chance.choice(self._teller.people)
        tip = yield Call("/recommend", {"user_id": person, "fresh": True})
        last, at_ms = "none", 0
        for _ in range(self.chance.choice((0, 1, 1, 2, 3)) if tip.get("tip_id") else 0):
            last = self.chance.choice([each for each in REACTIONS if each != last])
            at_ms = max(self.clock(), at_ms + 1)
            body = {"tip_id": tip["tip_id"], "reaction": last, "at": to_instant(at_ms)}
            if last == "snooze" and self.chance.random() < 0.5:
                body["snooze_until"] = to_instant(at_ms + 3_600_000)
            call = Call("/feedback", body)
            yield call
            self._answered.append((call, None))

    def _score(self) -> Script:
        """Ask for a decision, and reward it, not at all or with corrections."""
        self._decided += 1
        decision_id = f"d{self.number}.{self._decided}"
        body = {
            "user_id": self.chance.choice(self._teller.people),
            "candidates": self._teller.candidates(),
            "decision_id": decision_id,
        }
        call = Call(f"/score/{self.chance.choice(POLICIES)}", body)
        self._answered.append((call, (yield call)))
        for worth in self.chance.sample(range(9), k=self.chance.choice((0, 1, 1, 2))):
            reward = Call("/reward", {"decision_id": decision_id, "reward": worth / 8})
            yield reward
            self._answered = [each for each in self._answered if not _same_decision(each[0], reward)]
            self._answered.append((reward, None))

    def _repeat(self) -> Script:
        """Make a call again that was answered already."""
        if not self._answered:
            return
        call, before = self.chance.choice(self._answered)
        if call.path in {"/signals", BUS}:
            yield call
            return
        answer = yield Call(call.path, call.body)
        self.books.repeated(call, before, answer)

    def _half(self) -> Script:
        """Ask for a change that fails when it is half done, where the victim offers that."""
        if HALF in self.offers:
            yield Call(HALF, self._teller.mood())


def _same_decision(call: Call, reward: Call) -> bool:
    return call.path == "/reward" and call.body["decision_id"] == reward.body["decision_id"]
