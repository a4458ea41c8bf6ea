"""The campaign `writer`: a bare writer over SQLite, killed at counted statements and after drawn numbers of answers."""

import json
import multiprocessing
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from random import Random
from typing import Any

from oo.usecases.app import App
from tests.torture.calls import Call, Client, Gone
from tests.torture.doing import DRAIN
from tests.torture.filebus import FileBus
from tests.torture.found import Query
from tests.torture.living import OFFERS, WATCHED, Life, live, settings
from tests.torture.points import Death
from tests.torture.victim import Load, Struck, looked_into, unsound, wait_for_moment

MOST_CLIENTS = 4
_WAIT_SEC = 60.0
_MOST_ANSWERS = 120
"""A life that ends at no counted statement is ended after at most so many answers."""
_STATEMENTS, _BOUNDARIES = 2_500, 240
"""Of so many points, or of so many around transactions, one ends a life."""
_ERASING, _AROUND_ERASING = 60, 20
"""Of erasures alone: of so many points, or of so many around transactions and the `VACUUM`."""


@cache
def forkserver() -> ForkServerContext:
    """Return the context whose processes are forked from one that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.torture.warmed"])
    return context


@dataclass(slots=True)
class Pipe:
    """A client of a writer."""

    connection: Connection

    def __call__(self, call: Call) -> Any:
        try:
            self.connection.send_bytes(json.dumps([call.path, call.body, call.now_ms]).encode())
            return json.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            raise Gone from None

    def close(self) -> None:
        """The writer's own side closes it, after the load, for another thread may be waiting at it still."""


@dataclass(slots=True)
class Writer:
    """The victim. With `exact` it ends itself at counted points alone, so that a seed says when."""

    folder: Path
    without: str | None = None
    exact: bool = False
    offers: frozenset[str] = OFFERS
    _process: ForkServerProcess | None = None
    _connections: list[Connection] = field(default_factory=list)
    """The first is the victim's own, to tell of its death; each of the others is a client's."""
    _death: Death | None = None
    _lives: int = 0

    def start(self, chance: Random) -> None:
        """Begin a life, and draw how it ends."""
        self._death = self._drawn(chance)
        self._begin()

    def client(self, number: int) -> Client:
        return Pipe(self._connections[1 + number])

    def strike(self, chance: Random, load: Load) -> Struck:
        assert self._process is not None
        if self._death is None:
            wait_for_moment(load, chance, _MOST_ANSWERS)
        else:
            self._wait_for_death(load)
        idle = not load.working() and self._process.is_alive()
        self._process.kill()
        self._process.join(_WAIT_SEC)
        said = self._said()
        if said:
            return Struck("kill -9 at a counted statement", said)
        return Struck("kill -9 after drawn answers", "idle" if idle else "under load")

    def begin_last(self) -> None:
        self._death = None
        self._begin()
        assert self._connections[0].poll(_WAIT_SEC), "the writer did not start"
        assert self._connections[0].recv_bytes() == b"ready"

    def drain(self) -> None:
        assert Pipe(self._connections[0])(Call(DRAIN, None)) == {"left": 0}, "the outbox was not emptied"

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join(_WAIT_SEC)
            self._process.close()
            self._process = None
        for each in self._connections:
            each.close()
        self._connections = []

    def looked_into(self) -> AbstractContextManager[tuple[Query, App]]:
        return looked_into(settings(self.folder))

    def unsound(self) -> list[str]:
        return unsound(self.folder / "oo.db")

    def messages(self) -> Sequence[Mapping[str, Any]]:
        return FileBus(self.folder / "bus.jsonl").published()

    def _wait_for_death(self, load: Load) -> None:
        assert self._process is not None
        until = time.monotonic() + _WAIT_SEC
        while load.working() and time.monotonic() < until:
            wait([self._process.sentinel], 0.002)

    def _drawn(self, chance: Random) -> Death | None:
        """Draw a point, an early one more often than a late one, or none: then the time is drawn."""
        boundary, timed, erasing = chance.random() < 0.4, chance.random() < 0.75, chance.random() < 0.2
        most, place = _BOUNDARIES if boundary else _STATEMENTS, chance.random()
        at = 1 + int(chance.choice((most * place, most**place)))
        if timed and not self.exact:
            return None
        if erasing:
            at = 1 + int(place * (_AROUND_ERASING if boundary else _ERASING))
        return Death(at, boundary, erasing)

    def _begin(self, watch: Callable[[int], None] | None = None) -> None:
        """Begin a life; `watch` is told of its process before that has done anything."""
        Writer.end(self)
        context = forkserver()
        ours, theirs = zip(*(context.Pipe() for _ in range(MOST_CLIENTS + 1)), strict=True)
        self._lives += 1
        life = Life(
            folder=self.folder,
            without=self.without,
            death=self._death,
            exact=self._lives if self.exact else None,
            watched=watch is not None,
        )
        self._process = context.Process(target=live, args=(life, theirs[0], list(theirs[1:])), daemon=True)
        self._process.start()
        for each in theirs:
            each.close()
        self._connections = list(ours)
        if watch is not None:
            assert self._process.pid is not None
            watch(self._process.pid)
            self._connections[0].send_bytes(WATCHED)

    def _said(self) -> str | None:
        """Return at which point the process said that it ends itself."""
        words = []
        with suppress(EOFError, OSError):
            while self._connections[0].poll():
                words.append(self._connections[0].recv_bytes().decode())
        return next((word for word in words if word != "ready"), None)
