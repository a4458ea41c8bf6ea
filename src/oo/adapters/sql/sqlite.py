"""SQLite: one writer thread with group commit, readers on the calling thread.

A write is a function, transaction → result. Those that wait are committed together, each in a savepoint of its own, so
that one that fails takes nothing of the others with it; every caller has its answer only after the COMMIT
(`synchronous=FULL`: after the log has reached the disk). A lock beside the file keeps a second process from writing.
"""

import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from filelock import FileLock, Timeout
from sqlalchemy.dialects.sqlite import dialect, insert

from oo.adapters.sql.aggregates import aggregates
from oo.adapters.sql.reader import SqlReader
from oo.adapters.sql.schema import migrate
from oo.adapters.sql.session import Row, Runner, Statements
from oo.adapters.sql.statements import statements
from oo.adapters.sql.transaction import SqlTransaction
from oo.domain.errors import StoreBusy, StoreClosed, StoreError
from oo.features.registry import Registry
from oo.ports import Reader, Transaction

Result = TypeVar("Result")
_GROUP = 128
"""At most this many writes share a commit."""
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA cache_size=-32768",
)


@dataclass(frozen=True, slots=True)
class SqliteSession:
    """One SQLite connection in one transaction."""

    connection: sqlite3.Connection

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        return self.connection.execute(text, parameters).fetchall()

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


_Queued: TypeAlias = tuple[Callable[[Any], Any], Future[Any]]


class SqliteStore:
    """The `Store` port on one SQLite file; see `oo.ports.Store`."""

    def __init__(self, path: Path, registry: Registry, lock: FileLock) -> None:
        """Hold the store at `path` and start its writer; `open` is what locks and prepares the file."""
        self._path = path
        self._lock = lock
        speaks = dialect(paramstyle="named")
        self._statements = Statements(statements(speaks, insert), aggregates(registry.batched, speaks))
        self._readers: deque[sqlite3.Connection] = deque()
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._closing = threading.Lock()
        # Connected here, so that what the file or the disk refuses is raised and no write waits for a writer that died.
        connection = _connect(path, read_only=False)
        self._writer = threading.Thread(
            target=self._write_until_closed, args=(connection,), name="oo-writer", daemon=True
        )
        self._writer.start()

    @classmethod
    def open(cls, path: Path, registry: Registry, *, wait_sec: float = 5.0) -> "SqliteStore":
        """Open the store at `path`, made and migrated where it needs to be.

        Raises `StoreBusy` where another process still has it after `wait_sec`, `StoreTooNew` where a newer oO made it.
        """
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
            return cls(path, registry, lock)
        except BaseException:
            lock.release()
            raise

    def read(self, ask: Callable[[Reader], Result]) -> Result:
        if self._closed.is_set():
            raise StoreClosed("The store is closed.", "Nothing was read.")
        connection = self._readers.pop() if self._readers else _connect(self._path, read_only=True)
        try:
            connection.execute("BEGIN")
            try:
                return ask(SqlReader(Runner(SqliteSession(connection), self._statements)))
            finally:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreError(
                f"The store could not be read ({error}).", "Is it whole? Else restore a backup."
            ) from error
        finally:
            self._readers.append(connection)

    def write(self, change: Callable[[Transaction], Result]) -> Result:
        return self.submit(change).result()

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        answer: Future[Result] = Future()
        with self._closing:
            if self._closed.is_set():
                raise StoreClosed("The store is closed.", "Nothing was recorded.")
            self._queue.put((change, answer))
        return answer

    def close(self) -> None:
        with self._closing:
            if self._closed.is_set():
                return
            self._closed.set()
            self._queue.put(None)
        self._writer.join()
        while self._readers:
            self._readers.pop().close()
        self._lock.release()

    def _write_until_closed(self, connection: sqlite3.Connection) -> None:
        transaction = SqlTransaction(Runner(SqliteSession(connection), self._statements))
        try:
            while batch := self._next_batch():
                _commit(connection, transaction, batch)
        finally:
            connection.close()

    def _next_batch(self) -> list[_Queued]:
        batch = []
        first = self._queue.get()
        while first is not None:
            batch.append(first)
            if len(batch) == _GROUP:
                break
            try:
                first = self._queue.get_nowait()
            except queue.Empty:
                break
        if first is None and batch:
            self._queue.put(None)
        return batch


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        if read_only:
            connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error as error:
        connection.close()
        raise _refused(error) from error
    return connection


def _commit(
    connection: sqlite3.Connection,
    transaction: SqlTransaction,
    batch: list[_Queued],
) -> None:
    outcomes: list[tuple[Future[Any], Any, BaseException | None]] = []
    try:
        connection.execute("BEGIN IMMEDIATE")
        for change, answer in batch:
            if answer.set_running_or_notify_cancel():
                outcomes.append((answer, *_attempt(transaction, change)))
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        refused = _refused(error)
        for _, answer in batch:
            if not answer.done():
                answer.set_exception(refused)
        return
    for answer, result, failure in outcomes:
        if failure is None:
            answer.set_result(result)
        else:
            answer.set_exception(failure)


def _attempt(transaction: SqlTransaction, change: Callable[[Any], Any]) -> tuple[Any, BaseException | None]:
    try:
        with transaction.savepoint():
            return change(transaction), None
    except sqlite3.IntegrityError as failure:
        return None, failure
    except sqlite3.DatabaseError:
        raise
    except BaseException as failure:  # noqa: BLE001  # it is handed to the caller, who raises it
        return None, failure


def _refused(error: sqlite3.Error) -> StoreBusy:
    return StoreBusy(
        f"The store could not be written ({error}); nothing was recorded.", "Is the disk full or locked?"
    )
