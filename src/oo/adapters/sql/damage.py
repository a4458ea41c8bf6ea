"""Whether the file of an SQLite store is whole, and how one that is not is set aside: never deleted, never changed.

A connection that may write copies the log beside a file into it when it closes, and SQLite deletes a log beside an
empty file. So whatever only looks connects for reading wherever there is a log.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from oo.domain.errors import CorruptStore, StoreError

_CORRUPT = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_HINT = (
    "It is left as it is. If it was never a store, give another --db. To go on from a backup: oo restore F; "
    "to set it aside and begin with an empty store: oo repair --set-aside"
)
_SUFFIXES = ("-wal", "-shm", "-journal")
_MAGIC = b"SQLite format 3\0"
_PRIMARY = 0xFF
"""The bits of an error's code that name its kind."""


def unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the error for a file that SQLite cannot read: `CorruptStore` where what it holds is to blame."""
    if is_corrupt(error):
        return CorruptStore(f"{path} cannot be read as a store ({error}).", _HINT)
    return StoreError(
        f"{path} cannot be read as a store ({error}).", "May this user read it, and is it a file?"
    )


def is_corrupt(error: sqlite3.Error) -> bool:
    """Return whether SQLite blames what a file holds."""
    return (getattr(error, "sqlite_errorcode", None) or 0) & _PRIMARY in _CORRUPT


def looking(path: Path) -> sqlite3.Connection:
    """Connect to a file in a way that changes nothing of it, nor of the log beside it."""
    mode = "ro" if has_log(path) else "rw"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)


def has_log(path: Path) -> bool:
    """Return whether a log lies beside a file: whoever wrote it last did not come to its end."""
    return _size(Path(f"{path}-wal")) > 0


def check(path: Path) -> None:
    """Raise `CorruptStore` where the file at `path` is cut off, or is not of one store with the log beside it.

    SQLite reads zeros where a page is cut off; and it takes any log that lies there for the file's own, and would copy
    it into the file. So a store that was not closed is read once before it is opened.
    """
    if has_log(path):
        problem = _problem(path, "quick_check")
        if problem is not None:
            raise CorruptStore(f"{path} cannot be read as a store with the log beside it ({problem}).", _HINT)
    elif _is_cut_off(path):
        raise CorruptStore(f"{path} cannot be read as a store (its last page is cut off).", _HINT)


def problem_of(path: Path) -> str | None:
    """Read the store at `path` whole and say what is wrong with it; None for one that is whole, empty or not there."""
    if not has_log(path) and _is_cut_off(path):
        return "its last page is cut off"
    return _problem(path, "integrity_check") if has_log(path) or _size(path) else None


def set_aside(path: Path, aside: Path, *, but_the_file: bool = False) -> None:
    """Move what lies beside a file away, and the file unless `but_the_file`, as they are; raises `OSError`."""
    for suffix in (*_SUFFIXES, *(() if but_the_file else ("",))):
        found = Path(f"{path}{suffix}")
        if found.exists():
            found.rename(f"{aside}{suffix}")
    if os.name != "nt":
        descriptor = os.open(path.parent, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _problem(path: Path, pragma: str) -> str | None:
    if _size(path) == 0:
        return "it is empty or gone, and the log is not"
    try:
        with closing(looking(path)) as connection:
            (found,) = connection.execute(f"PRAGMA {pragma}(1)").fetchone()
    except sqlite3.Error as error:
        if not is_corrupt(error):
            raise unreadable(path, error) from error
        return str(error)
    return None if found == "ok" else " ".join(str(found).replace("***", "").split())


def _is_cut_off(path: Path) -> bool:
    """Return whether a file of SQLite ends within a page."""
    try:
        with path.open("rb") as file:
            header = file.read(18)
    except OSError:
        return False
    page_bytes = int.from_bytes(header[16:18], "big")  # 1 stands for 65,536
    if not header.startswith(_MAGIC) or page_bytes == 0:
        return False
    return _size(path) % (65_536 if page_bytes == 1 else page_bytes) != 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
