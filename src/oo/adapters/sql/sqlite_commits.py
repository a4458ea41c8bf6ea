"""How SQLite commits: a transaction a group of writes, and a log that is copied into the database between them."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from oo.adapters.sql import damage
from oo.adapters.sql.transaction import SqlTransaction
from oo.adapters.sql.writer import Change, Outcome
from oo.domain.errors import ConflictingFact, CorruptStore, OoError, StoreBusy, StoreError

_SOME, _MANY = 16, 512
"""After so many commits the log is copied into the database: some where nobody waits, many in any case."""
_MANY_ROWS = 20_000
"""And after so many rows, which is how much a few commits of an import hold."""


@dataclass(slots=True)
class SqliteCommits:
    """Commits on one connection, through a transaction over it; see `oo.adapters.sql.writer.Commits`."""

    connection: sqlite3.Connection
    transaction: SqlTransaction
    _uncopied: int = 0
    _copied_rows: int = 0

    def commit(self, changes: Sequence[Change]) -> Sequence[Outcome]:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(change) for change in changes]
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            with suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            return [(None, _refused(error))] * len(changes)
        return outcomes

    def rest(self, *, idle: bool) -> None:
        """Copy the log into the database, in small portions and between writes; what fails is tried again later.

        SQLite itself would do it inside a COMMIT, a thousand pages at a time, while everyone waits.
        """
        self._uncopied += 1
        rows = self.connection.total_changes - self._copied_rows
        if (idle and self._uncopied >= _SOME) or self._uncopied >= _MANY or rows >= _MANY_ROWS:
            with suppress(sqlite3.Error):
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            self._uncopied, self._copied_rows = 0, self.connection.total_changes

    def purge(self) -> bool:
        """Write the file anew without what was deleted; False where a reader keeps the old log.

        `secure_delete` would not do: what a page held before it was split stays in the gap that the split leaves.
        """
        try:
            self.connection.execute("VACUUM")
            busy, _, _ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise _refused(error) from error
        return not busy

    def close(self) -> None:
        self.connection.close()

    def _attempt(self, change: Change) -> Outcome:
        try:
            with self.transaction.savepoint():
                return change(self.transaction), None
        except sqlite3.Error as error:
            # A full disk has undone everything, the others' writes as well.
            if not self.connection.in_transaction:
                raise
            return None, _failed(error)
        except BaseException as failure:  # noqa: BLE001  # it is handed to the caller, who raises it
            return None, failure


def _failed(error: sqlite3.Error) -> OoError:
    failure: OoError = StoreError(f"The store could not do that ({error}); nothing was recorded.")
    if damage.is_corrupt(error):
        return _refused(error)
    if isinstance(error, sqlite3.IntegrityError):
        failure = ConflictingFact(f"That is recorded already, or rests on nothing ({error}).")
    failure.__cause__ = error
    return failure


def _refused(error: sqlite3.Error) -> StoreError:
    words = f"The store could not be written ({error}); nothing was recorded."
    failure: StoreError = StoreBusy(words, "Is the disk full or locked?")
    if damage.is_corrupt(error):
        failure = CorruptStore(words, "See what is damaged: oo check")
    failure.__cause__ = error
    return failure
