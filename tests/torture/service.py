"""The campaign `service`: a whole `oo serve` over SQLite under HTTP load, killed, or told to stop and then killed."""

import signal
import sqlite3
import sys
import time
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from oo.usecases.app import App
from tests.shell.running import OO
from tests.support.service import ANSWER_SEC, STOP_SEC, Service, started
from tests.torture.acting import POLICIES
from tests.torture.calls import Call, Client, Gone, NotNow
from tests.torture.found import Query
from tests.torture.living import settings
from tests.torture.victim import Load, Struck, looked_into, unsound, wait_for_moment

KILL = "kill -9"
STOP_AND_KILL = "SIGTERM, then kill -9"
STOP_TWICE = "SIGTERM twice"
_KINDS, _WEIGHTS = (KILL, STOP_AND_KILL, STOP_TWICE), (6, 1, 1)
_MOST_ANSWERS = 160
"""It is killed after at most so many."""
_BETWEEN_SEC = 0.4
"""A second signal comes at most so long after the first."""
_DRAIN_SEC = 30.0


@dataclass(frozen=True, slots=True)
class Http:
    """A client of a service, on a connection of its own."""

    api: httpx2.Client

    def __call__(self, call: Call) -> Any:
        try:
            answer = self.api.request(**call.over_http())
        except httpx2.TransportError:
            raise Gone from None
        if answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE:
            raise NotNow
        return answer.json()

    def close(self) -> None:
        self.api.close()


@dataclass(slots=True)
class Served:
    """The victim."""

    folder: Path
    without: str | None = None
    exact: bool = False
    offers: frozenset[str] = frozenset()
    _service: Service | None = None

    def start(self, chance: Random) -> None:
        self.begin_last()

    def client(self, number: int) -> Client:
        return Http(httpx2.Client(base_url=self._running.address, timeout=ANSWER_SEC, trust_env=False))

    def strike(self, chance: Random, load: Load) -> Struck:
        kind = chance.choices(_KINDS, weights=_WEIGHTS)[0]
        wait_for_moment(load, chance, _MOST_ANSWERS)
        point = "under load" if load.working() else "idle"
        if kind != KILL:
            self._stop(kind, chance.uniform(0, _BETWEEN_SEC))
        self.end()
        return Struck(kind, point)

    def begin_last(self) -> None:
        active, *shadows = POLICIES
        removed = [sys.executable, "-m", "tests.torture.without", self.without] if self.without else [str(OO)]
        self._service = started(
            self.folder, command=removed, OO_POLICY=active, OO_SHADOWS=",".join(shadows), OO_BUS="inprocess:"
        )

    def drain(self) -> None:
        until = time.monotonic() + _DRAIN_SEC
        with closing(sqlite3.connect(self.folder / "oo.db")) as connection:
            while connection.execute("SELECT 1 FROM outbox WHERE published_at_ms IS NULL LIMIT 1").fetchall():
                assert time.monotonic() < until, "the outbox was not emptied"
                time.sleep(0.02)
        assert self._running.stop() == 0, self._running.log_text[-2000:]

    def end(self) -> None:
        if self._service is not None:
            self._service.kill()
            self._service = None

    def looked_into(self) -> AbstractContextManager[tuple[Query, App]]:
        return looked_into(settings(self.folder))

    def unsound(self) -> list[str]:
        return unsound(self.folder / "oo.db")

    def messages(self) -> None:
        """Its bus is inside of it, and keeps nothing."""

    @property
    def _running(self) -> Service:
        if self._service is None:
            raise Gone
        return self._service

    def _stop(self, kind: str, after_sec: float) -> None:
        """Ask it to stop; a second signal of the kind comes soon, whether it has stopped by then or not."""
        process = self._running.process
        process.send_signal(signal.SIGTERM)
        time.sleep(after_sec)
        if kind == STOP_TWICE and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SEC)
