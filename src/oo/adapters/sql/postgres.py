"""PostgreSQL: writes about one person as if one after the other whoever makes them, and reads on pooled connections.

Each process commits together what waits together, and a transaction claims what it is about: see `postgres_claims`.
Where two processes get in each other's way all the same, one is made to begin again, and then has the database for
itself until it has committed. A connection that is lost is made anew; whether a commit that was under way came through
is asked of the database.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from oo.adapters.sql import postgres_backup, postgres_claims, postgres_fence
from oo.adapters.sql.patience import Patience
from oo.adapters.sql.postgres_claims import Claims, Crowded, Postponed
from oo.adapters.sql.postgres_duty import PostgresDuties
from oo.adapters.sql.postgres_failures import HINT, LOCKED, NOT_NOW, PASSING, READ_ONLY, failed, refused, said
from oo.adapters.sql.postgres_lost import Notes
from oo.adapters.sql.postgres_restore import Held, held
from oo.adapters.sql.postgres_schema import migrate
from oo.adapters.sql.postgres_session import PostgresSession
from oo.adapters.sql.postgres_statements import prepared
from oo.adapters.sql.postgres_use import shared
from oo.adapters.sql.reader import SqlReader
from oo.adapters.sql.session import Runner, Statements
from oo.adapters.sql.transaction import SqlTransaction
from oo.adapters.sql.writer import MOST_WAITING, Change, Outcome, Writer
from oo.domain.errors import OoError, StoreBusy, StoreClosed, StoreError
from oo.features.registry import Registry
from oo.ports import BackedUp, Reader, Transaction

Result = TypeVar("Result")
Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
_PARAMETERS: Mapping[str, Any] = {
    "autocommit": True,
    "client_encoding": "utf8",
    "application_name": "oo",
    "connect_timeout": 10,
    # A server or a network that went away without a word is noticed within a minute.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}
_MOST_READERS = 10
"""Reads at once in a process; more wait."""
_PATIENT = 8
"""After so many transactions in which something was postponed, all of it is done with nobody else writing."""
_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') IN ('off', 'local')"
)


class PostgresCommits:
    """Commits on a connection of its own, made when it is needed; see `oo.adapters.sql.writer.Commits`."""

    def __init__(self, url: str, statements: Statements, wait_sec: float) -> None:
        """Connect to the database at `url` and wait at most `wait_sec` for a lock, and for the database to be back."""
        self._url, self._statements, self._wait_sec = url, statements, wait_sec
        self._connection: Connection | None = None
        self._notes = Notes(psycopg.Error)
        self._awaited: int | None = None
        self._postponed = 0

    def commit(self, changes: Sequence[Change]) -> Sequence[Outcome | None]:
        patience = Patience(self._wait_sec)
        made, alone = changes, self._postponed >= _PATIENT
        while True:
            try:
                outcomes = self._attempt(made, alone=alone)
                return [*outcomes, *(None for _ in changes[len(made) :])]
            except Crowded:
                made, alone = changes[:1], True
            except psycopg.Error as error:
                hopeless = not (
                    _may_pass(error)
                    or isinstance(error, psycopg.IntegrityError)
                    or (error.sqlstate == LOCKED and self._ended_the_hung())
                )
                if error.sqlstate == READ_ONLY:
                    self.close()  # another connection may be one to write on
                if hopeless or not patience.again():
                    return [(None, refused(error))] * len(changes)
                alone = True
            except StoreError as failure:
                return [(None, failure)] * len(changes)

    def rest(self, *, idle: bool) -> None:
        pass

    def purge(self) -> bool:
        return True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
            _prepares(self._connection)
            self._connection.execute(_DURABLE)
            self._connection.execute(
                "SELECT set_config('lock_timeout', %s, false)", [f"{max(self._wait_sec, 1.0):.3f}s"]
            )
        return self._connection

    def _attempt(self, changes: Sequence[Change], *, alone: bool) -> list[Outcome | None]:
        connection = self._connected()
        try:
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            connection.execute(postgres_fence.ALONE if alone else postgres_fence.AMONG_OTHERS)
            return self._transact(connection, changes, alone=alone)
        finally:
            with suppress(psycopg.Error):  # a connection that is lost has let go of it already
                if connection.info.transaction_status is not TransactionStatus.IDLE:
                    connection.execute("ROLLBACK")

    def _ended_the_hung(self) -> bool:
        with suppress(psycopg.Error):
            return postgres_fence.ended_the_hung(self._connected())
        return False

    def _transact(
        self, connection: Connection, changes: Sequence[Change], *, alone: bool
    ) -> list[Outcome | None]:
        claims = Claims(alone=alone, awaited=self._awaited)
        if claims.awaited is not None and not alone:
            connection.execute(postgres_claims.WAIT, {"of": postgres_claims.CLASS, "number": claims.awaited})
        transaction = SqlTransaction(Runner(PostgresSession(connection, claims=claims), self._statements))
        outcomes = _outcomes(transaction, changes, alone=alone)
        self._awaited = next(iter(claims.refused), None)
        self._postponed = self._postponed + 1 if None in outcomes else 0
        noted = self._notes.leave(connection)
        try:
            connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            if not noted or not connection.broken or not self._came_through(error):
                raise
        if any(outcome and isinstance(outcome[1], StoreBusy) for outcome in outcomes):
            self.close()  # another connection may be one to write on
        return outcomes

    def _came_through(self, lost: psycopg.Error) -> bool:
        """Return whether the last transaction, whose connection was lost in its COMMIT, was committed."""
        patience = Patience(max(self._wait_sec, 1.0))
        while True:
            with suppress(psycopg.Error):
                found = self._notes.found(self._connected())
                if found is not None:
                    return found
            if not patience.again():
                raise StoreError(
                    f"The database was lost while it committed ({said(lost)}): it may have recorded that or not.",
                    "Look when it is back; doing it again changes nothing where it was recorded.",
                ) from lost


class PostgresStore:
    """The `Store` port on a PostgreSQL database, which other processes may use as well; see `oo.ports.Store`."""

    def __init__(
        self, url: str, registry: Registry, wait_sec: float, most_waiting: int = MOST_WAITING
    ) -> None:
        """Open the pool and start the writer; `open` is what prepares the database."""
        self._url, self._wait_sec = url, wait_sec
        self._statements = prepared(registry)
        self._closed = False
        self._closing = threading.Lock()
        self._pool = ConnectionPool(
            url,
            kwargs=dict(_PARAMETERS),
            min_size=1,
            max_size=_MOST_READERS,
            timeout=max(wait_sec, 1.0),
            configure=_only_reads,
            open=True,
            name="oo-readers",
        )
        self._writer = Writer(PostgresCommits(url, self._statements, wait_sec), most_waiting)
        self._writer.start()

    @classmethod
    def open(
        cls, url: str, registry: Registry, *, wait_sec: float = 5.0, most_waiting: int = MOST_WAITING
    ) -> "PostgresStore":
        """Open the store in the database at `url`, its tables made and migrated where they need to be.

        A database that is about to come up is waited for, `wait_sec` as for everything of its. Raises `StoreTooNew`
        where a newer oO made it, `StoreError` where it cannot be reached or holds something else.
        """
        # Its warnings are echoes of errors that are raised as well, and dealt with here.
        logging.getLogger("psycopg").setLevel(logging.ERROR)
        patience = Patience(wait_sec)
        while True:
            try:
                migrate(lambda: shared(connect(url)))
                break
            except psycopg.Error as error:
                if not _may_pass(error) or not patience.again():
                    raise StoreError(f"The database could not be reached ({said(error)}).", HINT) from error
        return cls(url, registry, wait_sec, most_waiting)

    def read(self, ask: Callable[[Reader], Result], *, together: bool = True) -> Result:
        patience = Patience(self._wait_sec)
        while True:
            try:
                return self._read(ask, together=together)
            except (PoolTimeout, PoolClosed) as error:
                raise self._unserved(error) from error
            except psycopg.Error as error:
                if not _may_pass(error) or not patience.again():
                    raise StoreError(f"The store could not be read ({said(error)}).", HINT) from error
            with suppress(PoolClosed):
                self._pool.check()  # where one connection is lost, others may be

    def write(self, change: Callable[[Transaction], Result]) -> Result:
        return self.submit(change).result()

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        return self._writer.submit(change)

    def back_up(self, place: Path, *, replace: bool, progress: Callable[[int, int], None]) -> BackedUp:
        if self._closed:
            raise StoreClosed("The store is closed.", "Nothing was backed up.")
        return postgres_backup.write(
            lambda: connect(self._url), psycopg.Error, place, replace=replace, progress=progress
        )

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
        self._writer.close()
        self._pool.close()

    def _read(self, ask: Callable[[Reader], Result], *, together: bool) -> Result:
        if self._closed:
            raise StoreClosed("The store is closed.", "Nothing was read.")
        with self._pool.connection() as connection:
            reader = SqlReader(Runner(PostgresSession(connection, reads=True), self._statements))
            if not together:
                return ask(reader)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            answer = ask(reader)
            connection.execute("COMMIT")
            return answer

    def _unserved(self, error: psycopg.Error) -> OoError:
        if self._closed:
            return StoreClosed("The store is closed.", "Nothing was read.")
        return StoreBusy(f"The store could not be read ({error}).", HINT)


def connect(url: str) -> Connection:
    """Connect to a database in which texts are Unicode; what is raised is psycopg's, but for `StoreError`."""
    connection = psycopg.connect(url, **_PARAMETERS)
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        connection.close()
        raise StoreError(f"The database keeps its texts as {encoding}, not as UTF8.", "Make one with UTF8.")
    return connection


def duties(url: str) -> PostgresDuties:
    """Return the duties of this process among all that use the database at `url`."""
    return PostgresDuties(lambda: connect(url), psycopg.Error)


def restoring(url: str, wait_sec: float) -> AbstractContextManager[Held]:
    """Hold the store in the database at `url`, so that another one can take its place; see `postgres_restore`."""
    return held(lambda: connect(url), psycopg.Error, wait_sec)


def _prepares(connection: Connection) -> None:
    """Let the database plan each statement when it comes first, and keep all of them.

    The driver forgets what it prepared when that fails behind a fault of a pipeline, but only of statements that come
    for the first time: any other would be taken for prepared ever after.
    """
    connection.prepare_threshold = 0
    connection.prepared_max = None


def _only_reads(connection: Connection) -> None:
    _prepares(connection)
    shared(connection)
    connection.execute("SET default_transaction_read_only = on")


def _outcomes(transaction: SqlTransaction, changes: Sequence[Change], *, alone: bool) -> list[Outcome | None]:
    """Make changes as far as there is room for their claims; raises `Crowded` where there is none for the first."""
    made: list[Outcome | None] = []
    for change in changes:
        try:
            made.append(_outcome(transaction, change, alone=alone))
        except Crowded:
            if not made:
                raise
            break
    return [*made, *(None for _ in changes[len(made) :])]


def _outcome(transaction: SqlTransaction, change: Change, *, alone: bool) -> Outcome | None:
    try:
        with transaction.savepoint():
            return change(transaction), None
    except Postponed:
        return None
    except Crowded:
        raise
    except psycopg.Error as error:
        # What is at odds with another process's write that is not seen yet is judged when this one is alone.
        early = isinstance(error, psycopg.IntegrityError) and not alone
        if early or _may_pass(error) or error.sqlstate in NOT_NOW:
            raise
        return None, failed(error)
    except BaseException as failure:  # noqa: BLE001  # it is handed to the caller, who raises it
        return None, failure


def _may_pass(error: psycopg.Error) -> bool:
    """Return whether the same again may succeed; an error that has no code is one of the connection."""
    lost = isinstance(error, psycopg.OperationalError) and not error.sqlstate
    return lost or error.sqlstate in PASSING
