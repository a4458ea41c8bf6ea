"""What an episode asks of a victim, whichever it is: something that is started, struck, looked into, and ended."""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
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

_LOOK_SEC = 0.002
_WITHIN_A_CALL_SEC = 0.02
"""After the last answer that is waited for, at most so long."""
_STARTING_SEC = 0.4
"""Where no answer is waited for, at most so long."""
_LONGEST_SEC = 30.0


@dataclass(frozen=True, slots=True)
class Struck:
    """How a life was ended: the kind of kill, and the point at which it came, as far as that is known."""

    kind: str
    point: str


class Load(Protocol):
    """The programs that act on a victim in one of its lives."""

    def working(self) -> bool:
        """Whether any program still acts."""

    def answers(self) -> int:
        """Return how many calls were answered in this life."""


class Victim(Protocol):
    """A system over one store. It is used by one episode, life after life: `start`, load, `strike`, and checks."""

    offers: frozenset[str]
    """The paths that it answers beside those of the API."""

    def start(self, chance: Random) -> None:
        """Begin a life; it may be over before this returns. `chance` draws how it is to end."""

    def client(self, number: int) -> Client:
        """Connect the client of that number."""

    def strike(self, chance: Random, load: Load) -> Struck:
        """Wait for the moment that the seed draws, or until the load is over, and kill."""

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


def wait_for_moment(load: Load, chance: Random, most_answers: int) -> None:
    """Wait until as many calls are answered as the seed draws, and a little more, or until the load is over.

    Answers are counted, and not seconds, so that a slow machine tries as much as a fast one. Where none is drawn,
    the moment is one of the beginning of a life, before it can answer.
    """
    answers, little_sec = chance.randint(0, most_answers), chance.random()
    until = time.monotonic() + _LONGEST_SEC
    while load.working() and load.answers() < answers and time.monotonic() < until:
        time.sleep(_LOOK_SEC)
    until = time.monotonic() + little_sec * (_WITHIN_A_CALL_SEC if answers else _STARTING_SEC)
    while load.working() and time.monotonic() < until:
        time.sleep(_LOOK_SEC)


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
