"""Mixed load: programs that act for people without end, each step drawn from a seed."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from tests.torture.acting import Acting, Script, nobody
from tests.torture.books import Books, Entry
from tests.torture.calls import BUS, HALF, Call, Client, Gone, NotNow
from tests.torture.leaving import leave, named
from tests.torture.telling import Teller

_PAUSE_SEC = 0.02
_LIVING, _TALKING = (5, 4, 3, 2, 1, 0.8), (9, 0, 0, 1, 0, 0.4)
"""How often each step is taken: to tell, to ask for a tip, for a decision, to repeat, to fail half-way, to leave."""
_SHARE_BESIDE = 0.2


@dataclass(slots=True)
class Program:
    """Acts for people, one call after the other. A call without an answer is made again, as it was.

    `offers` names the paths beside those of the API that the victim answers. One that `talks` does little but tell.
    There are so many `programs` in all.
    """

    number: int
    chance: Random
    books: Books
    clock: Callable[[], int]
    offers: frozenset[str] = frozenset()
    talks: bool = False
    programs: int = 1
    ending: bool = False
    over: bool = False
    answers: int = 0
    """How many calls were answered so far."""
    _script: Script | None = None
    _entry: Entry | None = None
    _acting: Acting = field(init=False)
    _left: int = 0

    def __post_init__(self) -> None:
        self._acting = Acting(
            teller=Teller(self.number, self.chance, self.clock()),
            chance=self.chance,
            clock=self.clock,
            over_the_bus=BUS in self.offers,
            talks=self.talks,
            beside=self._beside,
        )

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
        acting = self._acting
        yield Call("/signals", acting.teller.beginning())
        steps: tuple[Callable[[], Script], ...] = (
            acting.tell,
            acting.ask,
            acting.score,
            self._repeat,
            self._half,
            self._leave,
        )
        while not self.ending:
            step = self.chance.choices(steps, weights=_TALKING if self.talks else _LIVING)[0]
            yield from step()
        while left := acting.teller.rest():
            yield Call("/signals", left)

    def _leave(self) -> Script:
        """Let somebody come, who is erased in the end."""
        self._left += 1
        person = named(self.number, self._left)
        theirs = self._acting.teller.about(person)
        yield from leave(replace(self._acting, teller=theirs, beside=nobody, made=[]))

    def _beside(self) -> str | None:
        """Draw, now and then, somebody whom a program erases: they may have yet to come, be there, or have left."""
        if self.chance.random() > _SHARE_BESIDE:
            return None
        return named(self.chance.randrange(self.programs), self.chance.randint(1, self._left + 2))

    def _repeat(self) -> Script:
        """Make a call again that was answered already."""
        if not self._acting.made:
            return
        call, before = self.chance.choice(self._acting.made)
        if call.path in {"/signals", BUS}:
            yield call
            return
        answer = yield Call(call.path, call.body)
        self.books.repeated(call, before, answer)

    def _half(self) -> Script:
        """Ask for a change that fails when it is half done, where the victim offers that."""
        if HALF in self.offers:
            yield Call(HALF, self._acting.teller.mood())
