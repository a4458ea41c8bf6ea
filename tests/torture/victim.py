"""What an episode asks of a victim, whichever it is: something that is started, struck, looked into, and ended."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from oo.compose import compose
from oo.settings import Settings
from oo.usecases.app import App
from tests.torture.calls import Client
from tests.torture.found import Query


@dataclass(frozen=True, slots=True)
class Struck:
    """How a life was ended: the kind of kill, and the point at which it came, as far as that is known."""

    kind: str
    point: str


class Victim(Protocol):
    """A system over one store. It is used by one episode, life after life: `start`, load, `strike`, and checks."""

    offers: frozenset[str]
    """The paths that it answers beside those of the API."""

    def start(self, chance: Random) -> None:
        """Begin a life; it may be over before this returns. `chance` draws how it is to end."""

    def client(self, number: int) -> Client:
        """Connect the client of that number."""

    def strike(self, chance: Random, working: Callable[[], bool]) -> Struck:
        """Wait for the moment that the seed draws, or until nobody is `working` any more, and kill."""

    def begin_last(self) -> None:
        """Begin the last life, in which all that is left is done."""

    def drain(self) -> None:
        """Wait until every event was handed on; raises `AssertionError` where that takes too long."""

    def end(self) -> None:
        """End whatever runs."""

    def looked_into(self) -> AbstractContextManager[tuple[Query, App]]:
        """Open the store, over which nothing runs or what runs may go on, with the code as it is."""

    def unsound(self) -> list[str]:
        """Return what the database itself finds wrong with its files."""

    def messages(self) -> Sequence[Mapping[str, Any]] | None:
        """Return what the bus was given so far; None where that cannot be told."""


@contextmanager
def looked_into(settings: Settings) -> Iterator[tuple[Query, App]]:
    """Open an SQLite store that nothing else has."""
    app = compose(settings)
    try:
        with closing(sqlite3.connect(settings.sqlite_path())) as connection:
            yield lambda text: connection.execute(text).fetchall(), app
    finally:
        app.close()


def unsound(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a file, or with what refers to what in it."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        whole = connection.execute("PRAGMA integrity_check").fetchall()
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    return [str(row) for row in whole if row != ("ok",)] + [str(row) for row in dangling]
