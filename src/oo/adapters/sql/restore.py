"""The files of a restore: the backup goes into a folder beside the store, and from there, whole, into its place."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from oo.adapters.sql import backup
from oo.adapters.sql.rows import tombstone_of
from oo.adapters.sql.schema import migrate, revision
from oo.domain.errors import InvalidBackup, StoreBusy, StoreError
from oo.domain.tombstone import Tombstone


@contextmanager
def prepared(file: Path, place: Path) -> Iterator[Path]:
    """Hold `place` inside the block, with a copy of the backup `file` beside it, verified and migrated.

    Raises `StoreBusy` where any process has the store at `place`, `InvalidBackup` or `StoreTooNew` for the file.
    """
    if file.resolve() == place:
        raise InvalidBackup(f"{file} is the store itself.", "Give another --db.")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{place}.lock", timeout=0, thread_local=False), _folder(place) as folder:
            copied = Path(folder) / "oo.db"
            _copy(file, copied)
            yield copied
    except Timeout:
        raise StoreBusy(
            f"A service or another command has the store {place}; nothing was restored.",
            "Stop it first, or restore into another --db.",
        ) from None
    except OSError as error:
        raise StoreError(f"{place} cannot be restored ({error}); it is as it was.") from error


def tombstones(place: Path) -> list[Tombstone]:
    """Return the tombstones of the store at `place`, whatever its version; raises `StoreError` if it is unreadable."""
    if revision(place) is None:
        return []
    try:
        with closing(sqlite3.connect(place)) as connection:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'tombstones'").fetchall()
            found = connection.execute("SELECT * FROM tombstones").fetchall() if known else []
    except sqlite3.Error as error:
        raise StoreError(f"{place} cannot be read ({error}).") from error
    return [tombstone_of(row) for row in found]


def put_into_place(restored: Path, place: Path, aside: Path) -> bool:
    """Let the file `restored` take the place of the store, which is kept as `aside`; return whether there was one.

    There is a whole store at `place` at every instant at which there was one before. Who may read it stays as it was; a
    new one is for its owner alone.
    """
    with closing(sqlite3.connect(restored)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE").fetchall()  # all of it in one file
    was_there = place.exists()
    if was_there:
        shutil.copymode(place, restored)
        _set_aside(place, aside)
    backup.put(restored, place)
    return was_there


def _folder(place: Path) -> "TemporaryDirectory[str]":
    return TemporaryDirectory(prefix=f".{place.name}.", suffix=".restore", dir=place.parent)


def _copy(file: Path, to: Path) -> None:
    if not file.is_file():
        raise InvalidBackup(f"{file} is not there, or is no file.", "Check its name.")
    if revision(file) is None:
        raise InvalidBackup(f"{file} is empty.", "Give a file that oo backup wrote.")
    to.touch(mode=0o600)
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            backup.copy(source, to)
    except sqlite3.Error as error:
        raise InvalidBackup(f"{file} cannot be read ({error}).", "Take another backup.") from error
    backup.verified(to)
    migrate(to)


def _set_aside(place: Path, aside: Path) -> None:
    # A damaged store may refuse to take its log in: then the log goes along.
    with suppress(sqlite3.Error), closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    for suffix in ("-wal", "-shm"):
        log = Path(f"{place}{suffix}")
        if log.exists():
            log.replace(f"{aside}{suffix}")
    try:
        os.link(place, aside)
    except OSError:  # a file system without links
        place.replace(aside)
