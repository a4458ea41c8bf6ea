"""The campaign `scaled`: services and workers over one PostgreSQL and one NATS, killed one after another."""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import psycopg

from oo.compose import compose
from oo.domain.event import MOST_REFUSALS
from oo.settings import Settings
from oo.usecases.app import App
from tests.support.fleet import Fleet, Kind
from tests.support.postgres_server import Postgres
from tests.support.process import START_SEC, wait_for
from tests.torture.acting import POLICIES
from tests.torture.asking import Asking
from tests.torture.calls import BUS, Client
from tests.torture.found import Query
from tests.torture.impatient import EVERYTHING
from tests.torture.reading import Read, read
from tests.torture.victim import Load, Struck, wait_for_moment

SERVICES = WORKERS = 2
REDELIVER_SEC = 2.0
KINDS: Sequence[Kind] = ("service", "worker", "nats", "postgres", "backend")
"""What is killed, each as often as the other: their order is drawn."""
_NODES = (1, 3)
_DRAIN_SEC = 90.0
_MOST_ANSWERS = 40
"""Before a kill it goes well for at most so many."""
_AWAY_SEC = (0.0, 0.5)
"""How long what was killed stays away: between these."""
_SETTINGS = {
    "OO_POLICY": POLICIES[0],
    "OO_SHADOWS": ",".join(POLICIES[1:]),
    "OO_BUS_REDELIVER_SEC": str(REDELIVER_SEC),
    "OO_QUALITY_EVERY_SEC": "0",
}


@dataclass(slots=True)
class Scaled:
    """The victim. It lives on while a part of it is dead, so that its lives have no end: a kill is a kill of a part."""

    folder: Path
    without: str | None = None
    exact: bool = False
    offers: frozenset[str] = frozenset({BUS})
    _fleet: Fleet | None = None
    _deck: list[Kind] = field(default_factory=list)

    @property
    def fleet(self) -> Fleet:
        assert self._fleet is not None, "it was not started"
        return self._fleet

    def start(self, chance: Random) -> None:
        """Start whatever does not run."""
        if self._fleet is None:
            self._fleet = self._made(chance.choice(_NODES))
            self.fleet.start()
            self.fleet.wait_ready()
        self.fleet.start()

    def client(self, number: int) -> Client:
        return Asking(self.fleet, number)

    def strike(self, chance: Random, load: Load) -> Struck:
        """Kill a part of it, and start that again."""
        assert load.working()
        kind, number = self._drawn(chance)
        self._wait_ready(kind, number)
        wait_for_moment(load, chance, _MOST_ANSWERS)
        killed = self.fleet.kill(kind, number, chance)
        time.sleep(chance.uniform(*_AWAY_SEC))
        if kind != "backend":
            self.fleet.start(kind, number)
        point = f"{len(self.fleet.nats.nodes)} NATS" if kind == "nats" else "under load"
        return Struck(f"kill -9 of a {kind}" if killed else "nothing to kill", point)

    def begin_last(self) -> None:
        for kind, count in self._counts().items():
            for number in range(count):
                self._wait_ready(kind, number)

    def drain(self) -> None:
        """Wait until the outbox is empty, and everything on the bus was taken."""
        wait_for(lambda: not self._left(), lambda: f"left: {self._left()}\n{self._last_words()}", _DRAIN_SEC)

    def end(self) -> None:
        if self._fleet is not None:
            for each in self.fleet.members:
                each.program.kill()
            self.fleet.nats.close()
            self.fleet.postgres.kill()

    @contextmanager
    def looked_into(self) -> Iterator[tuple[Query, App]]:
        self._wait_for_postgres()
        url = self.fleet.postgres.url()
        app = compose(Settings(database=url, policy=POLICIES[0], shadows=tuple(POLICIES[1:])))
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                yield lambda text: connection.execute(text.encode()).fetchall(), app
        finally:
            app.close()

    def unsound(self) -> list[str]:
        """Return nothing: PostgreSQL keeps its own files sound, and would not let itself be asked otherwise."""
        return []

    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Return what oO has published; what came from outside has no id."""
        return [
            {"subject": each.subject, "id": each.id, "line": json.loads(each.body)}
            for each in self._read().messages
            if each.id is not None
        ]

    def _made(self, nodes: int) -> Fleet:
        logging.getLogger("nats.aio.client").setLevel(logging.CRITICAL)  # of each node that is away
        impatient = [sys.executable, "-m", "tests.torture.impatient", self.without or EVERYTHING]
        self.folder.chmod(0o755)  # PostgreSQL runs as somebody else where root asks
        return Fleet(
            self.folder,
            services=SERVICES,
            workers=WORKERS,
            nodes=nodes,
            settings=_SETTINGS,
            postgres=Postgres(folder=self.folder / "pg"),
            oo=impatient,
        )

    def _drawn(self, chance: Random) -> tuple[Kind, int]:
        if not self._deck:
            self._deck = chance.sample(KINDS, k=len(KINDS))
        kind = self._deck.pop()
        return kind, chance.randrange(self._counts()[kind])

    def _counts(self) -> Mapping[Kind, int]:
        """Return how many there are of what can be killed, in the order in which they need each other."""
        nodes = len(self.fleet.nats.nodes)
        return {"postgres": 1, "backend": 1, "nats": nodes, "service": SERVICES, "worker": WORKERS}

    def _wait_ready(self, kind: Kind, number: int) -> None:
        """Wait until it does what it is for: the death of a starting one tries little.

        One that has ended, because what it needs was away for too long, is started again, as its supervisor would.
        """
        until = time.monotonic() + START_SEC
        while True:
            program = self.fleet.program(kind, number)
            if not program.runs:
                program.start()
            try:
                self._waited(kind, number)
            except AssertionError:
                if program.runs or time.monotonic() > until:
                    raise
            else:
                return

    def _waited(self, kind: Kind, number: int) -> None:
        match kind:
            case "service":
                self.fleet.services[number].wait_ready()
            case "worker":
                self.fleet.workers[number].wait_ready()
            case "nats":
                self.fleet.nats.wait_ready()
            case _:
                self.fleet.postgres.wait_ready()

    def _wait_for_postgres(self) -> None:
        if not self.fleet.postgres.program.runs:
            self.fleet.postgres.start()
        self.fleet.postgres.wait_ready()

    def _left(self) -> Mapping[str, int]:
        """Return how many events wait in the outbox, and how many on the bus, where there are any."""
        with psycopg.connect(self.fleet.postgres.url()) as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM outbox WHERE published_at_ms IS NULL),"
                " (SELECT count(*) FROM dead_events WHERE tries < %s)",
                [MOST_REFUSALS],
            ).fetchone()
        assert row is not None
        left = {
            "in the outbox": row[0],
            "to be tried again": row[1],
            "on the bus": self._read(messages=False).untaken,
        }
        return {where: count for where, count in left.items() if count}

    def _read(self, *, messages: bool = True) -> Read:
        return read(self.fleet.nats, messages=messages)

    def _last_words(self) -> str:
        return "\n".join(each.program.said[-1_000:] for each in self.fleet.members)
