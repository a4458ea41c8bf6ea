"""Backups: one file of SQLite that holds what the store held at one instant, and was read again whole."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from oo.domain.errors import FileInTheWay, InvalidBackup, StoreError
from oo.ports import BackedUp


def write(source: sqlite3.Connection, place: Path, *, replace: bool) -> BackedUp:
    """Copy the database that `source` reads to `place`, by way of a draft beside it that is verified first.

    One read transaction holds both the copy and the counts that the copy is held against; nobody waits for it. Raises
    as `written` does.
    """

    def fill(made: Path) -> Mapping[str, int]:
        source.execute("BEGIN")
        counted = rows(source)
        copy(source, made)
        source.execute("ROLLBACK")
        return counted

    return written(place, fill, replace=replace)


def written(place: Path, fill: Callable[[Path], Mapping[str, int]], *, replace: bool) -> BackedUp:
    """Let `fill` make the store in a draft beside `place`, verify that, and move it into place.

    `fill` returns how many rows each table has where they come from, which the file is held against. Raises
    `FileInTheWay` where `place` is there and `replace` is not given, `StoreError` where the file cannot be made.
    """
    _check_free(place, replace=replace)
    try:
        with draft(place) as made:
            counted = fill(made)
            found = verified(made)
            if found.rows != counted:
                raise StoreError(f"The backup differs from the store: {found.rows}, not {counted}.")
            _check_free(place, replace=replace)
            put(made, place)
    except OSError as error:
        raise StoreError(f"The backup {place} cannot be written ({error}).", "Give another place.") from error
    return found


def copy(source: sqlite3.Connection, to: Path) -> None:
    """Copy a database into the empty file `to` in one step, as one file that needs no log beside it.

    Raises `StoreError` where there is no room for it.
    """
    with closing(sqlite3.connect(to, isolation_level=None)) as target, room(to):
        source.backup(target, pages=-1)
        target.execute("PRAGMA journal_mode=DELETE")


@contextmanager
def room(to: Path) -> Iterator[None]:
    """Say where a copy went, if the block finds the disk full; raises `StoreError` then."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname != "SQLITE_FULL":
            raise
        hint = "Make room there, or give another place."
        raise StoreError(f"A copy of the store cannot be written in {to.parent} ({error}).", hint) from error


def verified(file: Path) -> BackedUp:
    """Read a database whole and say what it holds; raises `InvalidBackup` where it is none of oO's, or not whole."""
    try:
        with closing(
            sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as connection:
            problems = [text for (text,) in connection.execute("PRAGMA integrity_check(10)") if text != "ok"]
            problems += [f"a row of {row[0]} rests on nothing" for row in _broken_references(connection)]
            if problems:
                raise InvalidBackup(f"{file} is damaged: {problems[0]}.", "Take another backup.")
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return BackedUp(size_bytes=file.stat().st_size, revision=revision, rows=rows(connection))
    except (sqlite3.Error, TypeError) as error:
        raise InvalidBackup(f"{file} cannot be read as a store ({error}).", "Take another backup.") from error


def rows(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Return how many rows each table has."""
    tables = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    ).fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  # names from the schema
        for (name,) in tables
    }


@contextmanager
def draft(place: Path) -> Iterator[Path]:
    """Make a file beside `place`, for its owner alone; whatever is left of it at the end is removed."""
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".draft", dir=place.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        for each in (name, f"{name}-journal", f"{name}-wal", f"{name}-shm"):
            Path(each).unlink(missing_ok=True)


def put(made: Path, place: Path) -> None:
    """Move a file that is whole into place, and let the disk have both before anybody is told."""
    _sync(made)
    made.replace(place)
    if os.name != "nt":
        _sync(place.parent)


def _broken_references(connection: sqlite3.Connection) -> list[tuple[str]]:
    return connection.execute("PRAGMA foreign_key_check").fetchmany(10)


def _check_free(place: Path, *, replace: bool) -> None:
    if place.is_dir() or (place.exists() and not replace):
        raise FileInTheWay(f"{place.name} is there already.", "Give another name, or --force to replace it.")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
