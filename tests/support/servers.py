"""Stores and a bus on servers that the environment names, so that tests that run in a folder can run there instead."""

import functools
import itertools
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

import nats
import psycopg
from filelock import FileLock
from nats.js.errors import NotFoundError

from oo.adapters.nats import STREAMS
from oo.adapters.sql.postgres_schema import migrate
from tests.shell import running
from tests.support.asynchronous import run

WAIT_SEC = 240.0
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Servers:
    """A database on the server at `database` for each folder, or SQLite there where none is named; and a `bus`.

    Stores on one bus hear of each other's people. So the bus is emptied for each that comes.
    """

    database: str | None
    bus: str | None
    made: dict[Path, str] = field(default_factory=dict)
    met: set[Path] = field(default_factory=set)

    def __call__(self, folder: Path) -> Mapping[str, str]:
        """Return the settings of the store that stands for the one in a folder."""
        found = dict(running.in_folder(folder))
        if self.database is not None:
            found["OO_DATABASE"] = self._database(folder)
        if self.bus is not None:
            if folder not in self.met:
                self.met.add(folder)
                run(_delete_streams(self.bus.split(",")))
            name = quote(str(folder), safe="").replace("%", "_").replace(".", "_")
            found |= {"OO_BUS": self.bus, "OO_BUS_NAME": name[-64:]}
        return found

    def _database(self, folder: Path) -> str:
        assert self.database is not None
        if folder not in self.made:
            self.made[folder] = _create(self.database, template=_template(self.database))
        return self.made[folder]

    def drop(self) -> None:
        """Drop every database."""
        for url in self.made.values():
            _administer(
                str(self.database), f'DROP DATABASE IF EXISTS "{urlsplit(url).path[1:]}" WITH (FORCE)'
            )
        self.made.clear()


@contextmanager
def named_by(environment: Mapping[str, str]) -> Iterator[None]:
    """Have the shells and services of tests use, inside the block, what OO_DATABASE and OO_BUS name; one at a time.

    Databases are made and dropped, and oO's streams deleted: the servers are to be ones that can be done without.
    """
    database, bus = environment.get("OO_DATABASE"), environment.get("OO_BUS")
    servers = Servers(database if _is_postgresql(database) else None, bus or None)
    with FileLock(Path(tempfile.gettempdir()) / f"oo-servers-{os.geteuid()}.lock", timeout=WAIT_SEC):
        running.place = servers
        try:
            yield
        finally:
            running.place = running.in_folder
            servers.drop()


def _is_postgresql(url: str | None) -> bool:
    return (url or "").startswith("postgresql://")


@functools.cache
def _template(server: str) -> str:
    """Return the name of a database that is migrated: copied, it saves the migrations."""
    url = _create(server, template="template0")
    migrate(lambda: psycopg.connect(url, autocommit=True))
    return urlsplit(url).path[1:]


def _create(server: str, template: str) -> str:
    name = f"oo_test_{os.getpid()}_{next(_numbers)}"
    _administer(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def _administer(server: str, statement: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(statement.encode())


async def _delete_streams(servers: list[str]) -> None:
    client = await nats.connect(servers, allow_reconnect=False)
    for name in STREAMS.values():
        with suppress(NotFoundError):
            await client.jetstream().delete_stream(name)
    await client.close()
