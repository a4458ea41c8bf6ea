"""Backups of a store in PostgreSQL: the very file that a backup of an SQLite store is.

One transaction that only reads holds what the store was at one instant; nobody waits for it, and it waits for nobody.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from oo.adapters.sql import backup
from oo.adapters.sql.postgres_rows import (
    NUMBERED,
    TABLES,
    Tally,
    Told,
    into_sqlite,
    last_of_postgres,
    number_sqlite,
    of_postgres,
    of_sqlite,
    quoted,
)
from oo.adapters.sql.schema import REVISION, bring_up
from oo.domain.errors import StoreError, StoreTooNew
from oo.ports import BackedUp

_VERSIONS = "alembic_version"
UNHURRIED = (
    "SELECT set_config('statement_timeout', '0', true),"
    " set_config('idle_in_transaction_session_timeout', '0', true)"
)
"""However long it takes: nobody waits for it, whatever this user's sessions are otherwise allowed."""


def write(
    connect: Callable[[], Any],
    failure: type[Exception],
    place: Path,
    *,
    replace: bool,
    progress: Callable[[int, int], None],
) -> BackedUp:
    """Copy the store that `connect` connects to into the file `place`; see `oo.ports.Store.back_up`.

    `failure` is what the driver raises.
    """

    def fill(made: Path) -> Mapping[str, int]:
        bring_up(made)
        with closing(connect()) as source, closing(_filling(made)) as target, backup.room(made):
            return _copied(source, target, progress)

    try:
        return backup.written(place, fill, replace=replace)
    except (failure, sqlite3.Error) as error:
        said = str(error).partition("\n")[0]
        raise StoreError(f"The store could not be copied ({said}); no backup was made.") from error


def _filling(made: Path) -> sqlite3.Connection:
    """Connect to a draft that is nobody's before it is whole, and is synced then."""
    connection = sqlite3.connect(made, isolation_level=None)
    connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    connection.execute("PRAGMA synchronous=OFF")
    return connection


def _copied(
    source: Any, target: sqlite3.Connection, progress: Callable[[int, int], None]
) -> Mapping[str, int]:
    source.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    source.execute(UNHURRIED)
    _check_version(source)
    counted = {name: _count(source, name) for name in (_VERSIONS, *(table.name for table in TABLES))}
    told = Told(sum(counted.values()) - counted[_VERSIONS], progress)
    target.execute("BEGIN")
    for table in TABLES:
        tally = Tally()
        into_sqlite(target, table, told.over(tally.over(of_postgres(source, table))))
        if tally != Tally().of(of_sqlite(target, table)):
            raise StoreError(f"The backup differs from the store in the table {table.name}.")
    for table in NUMBERED:
        number_sqlite(target, table, last_of_postgres(source, table))
    target.execute("COMMIT")
    return counted


def _check_version(source: Any) -> None:
    """Another process may have migrated the store since this one opened it."""
    (found,) = source.execute(f"SELECT version_num FROM {_VERSIONS}").fetchone()  # noqa: S608  # our own
    if found != REVISION:
        raise StoreTooNew(
            f"The store is at schema {found} by now; this oO knows {REVISION}.", "Back it up with a newer oO."
        )


def _count(source: Any, name: str) -> int:
    return int(source.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0])  # noqa: S608  # names from the schema
