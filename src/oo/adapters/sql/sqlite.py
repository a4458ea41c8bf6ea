"""SQLite: one writer thread with group commit, readers on the calling thread.

A write is answered after its COMMIT, and `synchronous=FULL` has the log on the disk by then. A lock beside the file
keeps a second process from writing.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy.dialects.sqlite import dialect, insert
from sqlalchemy.schema import CreateTable

from oo.adapters.sql import backup, damage
from oo.adapters.sql.aggregates import aggregates
from oo.adapters.sql.events import FRAMES, spine
from oo.adapters.sql.prepared import inserted, prepare
from oo.adapters.sql.quality_statements import quality_statements
from oo.adapters.sql.reader import SqlReader
from oo.adapters.sql.schema import migrate
from oo.adapters.sql.session import Points, Row, Runner, Statements
from oo.adapters.sql.sqlite_commits import SqliteCommits
from oo.adapters.sql.statements import statements
from oo.adapters.sql.transaction import SqlTransaction
from oo.adapters.sql.writer import MOST_WAITING, Writer
from oo.domain.errors import StoreBusy, StoreClosed, StoreError
from oo.features.registry import Registry
from oo.ports import BackedUp, Reader, Transaction

Result = TypeVar("Result")
_Pair: TypeAlias = tuple[sqlite3.Connection, SqlReader]
"""A connection that reads, and the reader that is kept over it."""
_DIALECT = dialect(paramstyle="named")
_MAKE_SPINE = str(CreateTable(spine).compile(dialect=_DIALECT)).replace(
    "CREATE TABLE", "CREATE TEMPORARY TABLE"
)
_ADD_POINT = prepare(inserted(insert(spine), spine), _DIALECT).text
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cache_size=-32768",
    "PRAGMA wal_autocheckpoint=0",  # the writer copies the log between writes
)


@dataclass(frozen=True, slots=True)
class SqliteSession:
    """One SQLite connection in one transaction."""

    connection: sqlite3.Connection

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        return self.connection.execute(text, parameters).fetchall()

    def run_together(self, questions: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Row]]:
        return [self.run(text, parameters) for text, parameters in questions]

    def run_many(self, text: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self.connection.executemany(text, rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self.connection.execute("SAVEPOINT inner_write")
        try:
            yield
        except BaseException:
            # A full disk has undone the whole transaction already, its savepoints with it.
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK TO inner_write")
                self.connection.execute("RELEASE inner_write")
            raise
        self.connection.execute("RELEASE inner_write")

    def check_writable(self) -> None:
        """Raise nothing: only a write finds that out."""

    def hold(self, name: str) -> None:
        """Nobody else writes."""

    def lay_out(self, points: Points) -> Mapping[str, Any]:
        self.run("DROP TABLE IF EXISTS spine", {})
        self.run(_MAKE_SPINE, {})
        rows = enumerate(points)
        self.run_many(
            _ADD_POINT,
            ({"point": number, "user_id": user_id, "at_ms": at_ms} for number, (user_id, at_ms) in rows),
        )
        return {}


class SqliteStore:
    """The `Store` port on one SQLite file; see `oo.ports.Store`."""

    def __init__(
        self, path: Path, registry: Registry, lock: FileLock, most_waiting: int = MOST_WAITING
    ) -> None:
        """Hold the store at `path` and start its writer; `open` is what locks and prepares the file."""
        self._path = path
        self._lock = lock
        self._statements = Statements(
            named=statements(_DIALECT, insert) | quality_statements(registry, _DIALECT),
            aggregates={frame.name: aggregates(registry.batched, frame, _DIALECT) for frame in FRAMES},
        )
        self._readers: deque[_Pair] = deque()
        self._closed = False
        self._closing = threading.Lock()
        # Connected here, so that what the file or the disk refuses is raised and no write waits for a writer that died.
        connection = _writing(path)
        self._writer = Writer(
            SqliteCommits(connection, SqlTransaction(self._runner(connection))), most_waiting
        )
        self._writer.start()

    @classmethod
    def open(
        cls, path: Path, registry: Registry, *, wait_sec: float = 5.0, most_waiting: int = MOST_WAITING
    ) -> "SqliteStore":
        """Open the store at `path`, made and migrated where it needs to be.

        Raises `CorruptStore` for a file that is damaged, which stays as it is, `StoreBusy` where another process still
        has it after `wait_sec`, `StoreTooNew` where a newer oO made it.
        """
        path = path.resolve()
        lock = FileLock(f"{path}.lock", timeout=wait_sec, thread_local=False)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise StoreBusy(
                f"Another process has the store {path}.", "Wait until it has finished, or give another --db."
            ) from None
        except OSError as error:
            raise StoreError(f"The store {path} cannot be made ({error}).", "Give another --db.") from error
        try:
            migrate(path)
            return cls(path, registry, lock, most_waiting)
        except BaseException:
            lock.release()
            raise

    def read(self, ask: Callable[[Reader], Result], *, together: bool = True) -> Result:
        connection, reader = pair = self._reader()
        try:
            if together:
                connection.execute("BEGIN")
            answer = ask(reader)
            if together:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            connection.close()
            raise _unreadable(self._path, error) from error
        except BaseException:
            connection.close()
            raise
        self._give_back(pair)
        return answer

    def write(self, change: Callable[[Transaction], Result]) -> Result:
        return self.submit(change).result()

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        return self._writer.submit(change)

    def purge(self) -> bool:
        return self._writer.purge().result()

    def back_up(self, place: Path, *, replace: bool, progress: Callable[[int, int], None]) -> BackedUp:
        if self._closed:
            raise StoreClosed("The store is closed.", "Nothing was backed up.")
        try:
            with closing(_connect(self._path, "ro")) as connection:
                return backup.write(connection, place, replace=replace)
        except sqlite3.Error as error:
            raise _unreadable(self._path, error) from error

    def problem(self) -> str | None:
        return damage.problem_of(self._path)

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
        # The last connection to close copies the log into the file, which those that only read cannot do.
        while self._readers:
            self._readers.pop()[0].close()
        self._writer.close()
        self._lock.release()

    def _runner(self, connection: sqlite3.Connection) -> Runner:
        return Runner(SqliteSession(connection), self._statements)

    def _reader(self) -> _Pair:
        if self._closed:
            raise StoreClosed("The store is closed.", "Nothing was read.")
        try:
            return self._readers.pop()
        except IndexError:
            connection = _reading(self._path)
            return connection, SqlReader(self._runner(connection))

    def _give_back(self, pair: _Pair) -> None:
        with self._closing:
            if not self._closed:
                self._readers.append(pair)
                return
        pair[0].close()


def _writing(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "rwc")
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
    except sqlite3.Error as error:
        connection.close()
        if damage.is_corrupt(error):
            raise damage.unreadable(path, error) from error
        raise StoreBusy(f"The store could not be opened ({error}).", "Is the disk full or locked?") from error
    return connection


def _reading(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path, "ro")
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )


def _unreadable(path: Path, error: sqlite3.Error) -> StoreError:
    if damage.is_corrupt(error):
        return damage.unreadable(path, error)
    return StoreError(f"The store could not be read ({error}).", "Is it whole? See: oo check")
