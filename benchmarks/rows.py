"""The rows that a store writes, recorded while it works, and written again without oO: what there is no going below."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from oo.adapters.sql.session import Row
from oo.adapters.sql.writer import Change, Outcome

_CHANGES = ("INSERT", "UPDATE", "DELETE")
Written: TypeAlias = tuple[str, Mapping[str, Any]]
"""A statement that changes rows, and its parameters."""


@dataclass(slots=True)
class Recorded:
    """The changes of rows, commit by commit, in the order in which the store made them."""

    commits: list[list[Written]] = field(default_factory=list)


@contextmanager
def recording(recorded: Recorded, session: Any, commits: Any) -> Iterator[None]:
    """Record every change of rows and where the commits fall, without touching what the store does.

    `session` and `commits` are the classes that a store runs its statements and commits with.
    """
    run, run_many, commit = session.run, session.run_many, commits.commit

    def recording_run(self: Any, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        if text.startswith(_CHANGES) and recorded.commits:
            recorded.commits[-1].append((text, dict(parameters)))
        return run(self, text, parameters)  # type: ignore[no-any-return]

    def recording_run_many(self: Any, text: str, rows: Iterable[Mapping[str, Any]]) -> None:
        written = [dict(row) for row in rows]
        if text.startswith(_CHANGES) and recorded.commits:
            recorded.commits[-1].extend((text, row) for row in written)
        run_many(self, text, written)

    def recording_commit(self: Any, changes: Sequence[Change]) -> Sequence[Outcome]:
        recorded.commits.append([])
        return commit(self, changes)  # type: ignore[no-any-return]

    session.run, session.run_many, commits.commit = recording_run, recording_run_many, recording_commit
    try:
        yield
    finally:
        session.run, session.run_many, commits.commit = run, run_many, commit


def replayed_on_sqlite(path: Path, recorded: Recorded) -> float:
    """Run the recorded changes on a bare connection, commit by commit, and return the seconds it took."""
    with closing(sqlite3.connect(path, isolation_level=None, cached_statements=512)) as connection:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32768"):
            connection.execute(f"PRAGMA {pragma}")
        return _replayed(recorded, connection.execute, begin="BEGIN IMMEDIATE")


def replayed_on_postgresql(url: str, recorded: Recorded) -> float:
    """Do the same on one connection to PostgreSQL."""
    import psycopg  # noqa: PLC0415  # an extra: only who measures PostgreSQL has it

    with psycopg.connect(url, autocommit=True) as connection:
        return _replayed(
            recorded, lambda text, given=None: connection.execute(text.encode(), given), begin="BEGIN"
        )


def _replayed(recorded: Recorded, execute: Callable[..., object], *, begin: str) -> float:
    before = time.perf_counter()
    for changes in recorded.commits:
        execute(begin)
        for text, parameters in changes:
            execute(text, parameters)
        execute("COMMIT")
    return time.perf_counter() - before


def copy(path: Path, target: Path) -> None:
    """Copy a store that is in use."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as destination:
        source.backup(destination)
