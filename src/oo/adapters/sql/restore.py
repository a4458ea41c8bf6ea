"""The files of a restore: the backup goes into a folder beside the store, and from there, whole, into its place."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from oo.adapters.sql import backup, damage
from oo.adapters.sql.rows import tombstone_of
from oo.adapters.sql.schema import migrate, revision
from oo.domain.errors import CorruptStore, InvalidBackup, StoreBusy, StoreError
from oo.domain.tombstone import Tombstone


@contextmanager
def prepared(file: Path, place: Path) -> Iterator[Path]:
    """Hold `place` inside the block, with a copy of the backup `file` beside it, verified and migrated.

    Raises `StoreBusy` where any process has the store at `place`, `InvalidBackup` or `StoreTooNew` for the file.
    """
    if file.resolve() == place:
        raise InvalidBackup(f"{file} is the store itself.", "Give another --db.")
    with held(place), _folder(place) as folder:
        copied = Path(folder) / "oo.db"
        copy(file, copied)
        yield copied


def copy(file: Path, to: Path) -> None:
    """Copy the backup `file` to `to`, for its owner alone, verify and migrate it there.

    Raises `InvalidBackup` or `StoreTooNew` for the file, `StoreError` where there is no room.
    """
    if not file.is_file():
        raise InvalidBackup(f"{file} is not there, or is no file.", "Check its name.")
    try:
        empty = revision(file) is None
    except CorruptStore as error:
        raise InvalidBackup(error.message, "Take another backup.") from error
    if empty:
        raise InvalidBackup(f"{file} is empty.", "Give a file that oo backup wrote.")
    to.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            backup.copy(source, to)
    except sqlite3.Error as error:
        raise InvalidBackup(f"{file} cannot be read ({error}).", "Take another backup.") from error
    backup.verified(to)
    migrate(to)


@contextmanager
def held(place: Path) -> Iterator[None]:
    """Hold `place` inside the block.

    Raises `StoreBusy` where any process has it, and `StoreError` where the disk refuses what is done in the block.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock", timeout=0, thread_local=False):
            yield
    except Timeout:
        raise StoreBusy(
            f"A service or another command has the store {place}; nothing was changed.",
            "Stop it first, or give another --db.",
        ) from None
    except OSError as error:
        raise StoreError(f"{place} cannot be replaced ({error}); it is as it was.") from error


def tombstones(place: Path) -> list[Tombstone]:
    """Return the tombstones of the store at `place`, whatever its version; raises `StoreError` if it is unreadable."""
    if revision(place) is None:
        return []
    try:
        with closing(damage.looking(place)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tombstones'").fetchall()
            found = connection.execute("SELECT * FROM tombstones").fetchall() if known else []
    except sqlite3.Error as error:
        raise StoreError(f"{place} cannot be read ({error}).") from error
    return [tombstone_of(row) for row in found]


def put_into_place(restored: Path, place: Path, aside: Path, *, damaged: bool) -> bool:
    """Let the file `restored` take the place of the store, which is kept as `aside`; return whether there was one.

    There is a whole store at `place` at every instant at which there was one before. Who may read it stays as it was; a
    new one is for its owner alone. One that is `damaged` is kept byte for byte, its log with it.
    """
    with closing(sqlite3.connect(restored)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()  # all of it in one file
    was_there = place.exists() or damaged
    if place.exists():
        shutil.copymode(place, restored)
    if was_there:
        _set_aside(place, aside, damaged=damaged)
    backup.put(restored, place)
    return was_there


def _folder(place: Path) -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix=f".{place.name}.", suffix=".restore", dir=place.parent)


def _set_aside(place: Path, aside: Path, *, damaged: bool) -> None:
    if not damaged:
        # Whatever refuses to take its log in has the log go along.
        with suppress(sqlite3.Error), closing(sqlite3.connect(place)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with suppress(OSError):  # a file system without links, or nothing but a log
        os.link(place, aside)
    damage.set_aside(place, aside, but_the_file=aside.exists())
