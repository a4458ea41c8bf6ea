"""A real PostgreSQL server for tests: on a socket in a temporary folder, of this process alone, ended with it."""

import atexit
import functools
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from oo.adapters.sql.postgres import PostgresStore
from oo.adapters.sql.postgres_schema import migrate
from oo.adapters.sql.tables import metadata
from oo.compose import build_app, build_learner
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.settings import Settings
from oo.usecases.app import App
from tests.support.postgres_server import FORGETFUL, Postgres
from tests.support.process import wait_for

END_SEC = 10.0
_numbers = itertools.count()
_swept: list[str] = []
"""Databases that wait to be used again."""


@functools.cache
def server() -> Postgres:
    """Start the server on the first call."""
    started = Postgres(FORGETFUL)
    atexit.register(started.close)
    started.start()
    started.wait_ready()
    return started


def url(database: str, **parameters: str) -> str:
    """Return the URL of one of the server's databases."""
    return server().url(database, **parameters)


def create(template: str = "template0", options: str = "") -> str:
    """Create a database as a copy of another one; return its name."""
    name = f"db{next(_numbers)}"
    administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {options}')
    return name


@functools.cache
def template() -> str:
    """Return the name of a database that is migrated and otherwise empty: copied, it saves the migrations."""
    name = create()
    migrate(lambda: psycopg.connect(url(name), autocommit=True))
    return name


def drop(name: str) -> None:
    """Drop a database, with whoever is connected to it."""
    administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def database() -> Iterator[str]:
    """Hand out the URL of a database with an empty store; it is swept and used again after the block."""
    name = _swept.pop() if _swept else create(template())
    yield url(name)
    end_sessions(name)
    sweep(url(name))
    _swept.append(name)


class PostgresWorld:
    """An App over a store of its own. No dataclass: Hypothesis would print all of it."""

    def __init__(self, app: App, address: str) -> None:
        self.app = app
        self.address = address

    def sweep(self) -> None:
        sweep(self.address)


@contextmanager
def postgres_world(definitions: Sequence[FeatureDefinition] = CATALOG) -> Iterator[PostgresWorld]:
    """Compose an App by hand over a new store, with the features given."""
    registry = Registry(definitions)
    settings = Settings(policy="egreedy/v1", shadows=("egreedy/v2", "linucb/v1", "uniform/v1"))
    with database() as address:
        store = PostgresStore.open(address, registry)
        try:
            app = build_app(store, registry, build_learner(settings, registry), settings)
            yield PostgresWorld(app, address)
        finally:
            store.close()


def sweep(address: str) -> None:
    """Empty every table of a store: as good as a new database, and ten times as fast."""
    deletions = "; ".join(f'DELETE FROM "{name}"' for name in metadata.tables)  # noqa: S608  # names from the schema
    ask(address, f"BEGIN; SET LOCAL session_replication_role = replica; {deletions}; COMMIT")


def administer(statement: str, *parameters: Any) -> list[Any]:
    """Run a statement outside any transaction."""
    return ask(url("postgres"), statement, *parameters)


def ask(address: str, statement: str, *parameters: Any) -> list[Any]:
    """Run a statement on a connection of its own; return its rows."""
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


def end_sessions(name: str, but: int = 0) -> int:
    """End every connection to a database, but that of one server process, and wait; return how many there were."""
    with psycopg.connect(url("postgres"), autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
            (name, but),
        ).fetchall()
        # The server's own wait looks ten times a second: too seldom for what is done so often.
        left = "SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)"
        pids = [pid for pid, _ in ended]
        wait_for(
            lambda: not connection.execute(left, (pids,)).fetchall(),
            lambda: f"connected to {name} still: {pids}",
            END_SEC,
            every_sec=0.002,
        )
    return len(ended)
