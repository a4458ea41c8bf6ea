"""The one writer of an SQLite store: a thread that commits together what waits together.

Each write runs in a savepoint of its own, so that one that fails takes nothing of the others with it; every caller has
its answer only after the COMMIT.
"""

import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeAlias, TypeVar

from oo.adapters.sql.transaction import SqlTransaction
from oo.domain.errors import ConflictingFact, OoError, StoreBusy, StoreClosed, StoreError
from oo.ports import Transaction

Result = TypeVar("Result")
Queued: TypeAlias = tuple[Callable[[Transaction], Any], Future[Any]]
_Outcome: TypeAlias = tuple[Any, BaseException | None]
_GROUP = 128
"""At most this many writes share a commit."""
_SOME, _MANY = 16, 512
"""After so many commits the log is copied into the database: some where nobody waits, many in any case."""
_MANY_ROWS = 20_000
"""And after so many rows, which is how much a few commits of an import hold."""


class Writer:
    """Runs writes one after the other on a thread of its own, from `start` until `close`."""

    def __init__(self, connection: sqlite3.Connection, transaction: SqlTransaction) -> None:
        """Write on `connection`, through a `transaction` over it."""
        self._connection = connection
        self._transaction = transaction
        self._queue: queue.SimpleQueue[Queued | None] = queue.SimpleQueue()
        self._closed = False
        self._uncopied, self._copied_rows = 0, 0
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._write_until_closed, name="oo-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        """Queue a change; raises `StoreClosed` after `close`, `StoreError` for a write out of a write."""
        if threading.current_thread() is self._thread:
            raise StoreError("A write cannot wait for another write.", "Use the transaction it was handed.")
        answer: Future[Result] = Future()
        with self._closing:
            if self._closed:
                raise StoreClosed("The store is closed.", "Nothing was recorded.")
            self._queue.put((change, answer))
        return answer

    def close(self) -> None:
        """Finish what is queued, and end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _write_until_closed(self) -> None:
        try:
            while batch := self._next_batch():
                commit(self._connection, self._transaction, batch)
                self._copy_log()
        finally:
            self._connection.close()
            self._refuse_the_rest()

    def _copy_log(self) -> None:
        """Copy the log into the database, in small portions and between writes; what fails is tried again later.

        SQLite itself would do it inside a COMMIT, a thousand pages at a time, while everyone waits.
        """
        self._uncopied += 1
        rows = self._connection.total_changes - self._copied_rows
        waited = self._uncopied >= _SOME and self._queue.empty()
        if waited or self._uncopied >= _MANY or rows >= _MANY_ROWS:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._uncopied, self._copied_rows = 0, self._connection.total_changes

    def _next_batch(self) -> list[Queued]:
        """Wait for a write and return it with all that wait behind it; nothing once closed."""
        batch = []
        item = self._queue.get()
        while item is not None:
            batch.append(item)
            if len(batch) == _GROUP:
                return batch
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._queue.put(None)
        return batch

    def _refuse_the_rest(self) -> None:
        with self._closing:
            self._closed = True
        with suppress(queue.Empty):
            while item := self._queue.get_nowait():
                item[1].set_exception(StoreClosed("The store is closed.", "Nothing was recorded."))


def commit(connection: sqlite3.Connection, transaction: SqlTransaction, batch: list[Queued]) -> None:
    """Run a batch of writes in one transaction, and answer each after the COMMIT; cancelled ones are left out."""
    claimed = [(change, answer) for change, answer in batch if answer.set_running_or_notify_cancel()]
    try:
        connection.execute("BEGIN IMMEDIATE")
        outcomes = [_attempt(connection, transaction, change) for change, _ in claimed]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        outcomes = [(None, _refused(error))] * len(claimed)
    for (_, answer), (result, failure) in zip(claimed, outcomes, strict=True):
        if failure is None:
            answer.set_result(result)
        else:
            answer.set_exception(failure)


def _attempt(
    connection: sqlite3.Connection, transaction: SqlTransaction, change: Callable[[Transaction], Any]
) -> _Outcome:
    try:
        with transaction.savepoint():
            return change(transaction), None
    except sqlite3.Error as error:
        if not connection.in_transaction:  # a full disk has undone everything, the others' writes as well
            raise
        return None, _failed(error)
    except BaseException as failure:  # noqa: BLE001  # it is handed to the caller, who raises it
        return None, failure


def _failed(error: sqlite3.Error) -> OoError:
    failure: OoError = StoreError(f"The store could not do that ({error}); nothing was recorded.")
    if isinstance(error, sqlite3.IntegrityError):
        failure = ConflictingFact(f"That is recorded already, or rests on nothing ({error}).")
    failure.__cause__ = error
    return failure


def _refused(error: sqlite3.Error) -> StoreBusy:
    failure = StoreBusy(
        f"The store could not be written ({error}); nothing was recorded.", "Is the disk full or locked?"
    )
    failure.__cause__ = error
    return failure
