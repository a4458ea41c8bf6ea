"""A restore into PostgreSQL: one transaction that holds the store, loads the new tables, and swaps them.

The tables are made and filled in a schema that nobody else sees. Whatever ends this before its COMMIT, a kill as well,
leaves the store as it was, and nothing beside it.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from oo.adapters.sql import erasure, postgres_schema, postgres_use
from oo.adapters.sql.postgres_backup import UNHURRIED
from oo.adapters.sql.postgres_rows import (
    NUMBERED,
    TABLES,
    Tally,
    Told,
    into_postgres,
    last_of_sqlite,
    number_postgres,
    of_postgres,
    of_sqlite,
    quoted,
)
from oo.adapters.sql.rows import tombstone_of
from oo.adapters.sql.schema import upgrade
from oo.domain.errors import InvalidBackup, OoError, StoreBusy, StoreError
from oo.domain.tombstone import Tombstone

_OURS = ("alembic_version", *(table.name for table in TABLES))
_WAITED_FOR, _FORBIDDEN = "55P03", "42501"
_UNFIT = ("22", "23")
"""How the codes begin of values that a column does not take, and of rows that are at odds with others."""


class Held:
    """A store that this transaction alone may change, or an empty schema for one; `held` makes it."""

    def __init__(self, connection: Connection, wait_sec: float) -> None:
        """Take hold of the store; raises `StoreBusy`, `StoreTooNew`, `StoreError` where it cannot be replaced."""
        self._connection = connection
        driver: Any = connection.connection.driver_connection
        self._driver = driver
        self._driver.execute(UNHURRIED)
        self._driver.execute("SELECT set_config('lock_timeout', %s, true)", [f"{max(wait_sec, 1.0):.3f}s"])
        self._schema = self._found_schema()
        postgres_use.claim(self._driver)
        postgres_schema.version_of(self._driver.info.dbname, self._ask)
        self._tables = self._tables_in(self._schema)
        self._lock("EXCLUSIVE")  # others may read on
        self._staged = f"oo_restoring_{self._driver.info.backend_pid}"

    def tombstones(self) -> list[Tombstone]:
        """Return the tombstones of the store that is there, whatever its version; raises `StoreError`."""
        if erasure.tombstones.name not in self._tables:
            return []
        columns = ", ".join(quoted(column.name) for column in erasure.tombstones.c)
        try:
            with self._driver.transaction():
                return [tombstone_of(row) for row in self._ask(f"SELECT {columns} FROM tombstones")]  # noqa: S608  # names from the schema
        except Exception as error:
            if self._driver.broken:
                raise
            raise StoreError(f"They cannot be read ({_said(error)}).") from error

    def load(self, file: Path, progress: Callable[[int, int], None]) -> None:
        """Make the tables beside the store, fill them from a backup of this version, and hold them against it.

        Raises `InvalidBackup` where the file holds what these tables cannot.
        """
        self._driver.execute(f"CREATE SCHEMA {quoted(self._staged)}")
        self._driver.execute(f"SET LOCAL search_path TO {quoted(self._staged)}")
        upgrade(self._connection)
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source:
            of = sum(_count(source, name) for name in _OURS[1:])
            told = Told(of, progress)
            for table in TABLES:
                read = Tally()
                into_postgres(self._driver, table, told.over(read.over(of_sqlite(source, table))))
                if read != Tally().of(of_postgres(self._driver, table)):
                    raise InvalidBackup(f"The table {table.name} does not read back as it is in the backup.")
            for table in NUMBERED:
                number_postgres(self._driver, table, last_of_sqlite(source, table))
        for name in _OURS:  # until then queries are planned as for empty tables
            self._driver.execute(f"ANALYZE {quoted(name)}")

    def put_into_place(self, aside: str) -> bool:
        """Let the loaded tables take the place of the store's, which go into the new schema `aside`, at the COMMIT.

        Return whether there were any. Tables that are not oO's stay where they are.
        """
        if self._tables:
            self._lock("ACCESS EXCLUSIVE")
            self._driver.execute(f"CREATE SCHEMA {quoted(aside)}")
            self._move(self._tables, self._schema, aside)
        self._move(self._tables_in(self._staged), self._staged, self._schema)
        self._driver.execute(f"DROP SCHEMA {quoted(self._staged)}")
        return bool(self._tables)

    def _found_schema(self) -> str:
        ((schema, may_create, user),) = self._ask(
            "SELECT current_schema(), has_database_privilege(current_database(), 'CREATE'), current_user"
        )
        name = self._driver.info.dbname
        if schema is None:
            raise StoreError(
                f"The database {name!r} has no schema for the store.",
                "Is there the schema that the URL names?",
            )
        if not may_create:
            raise StoreError(
                f"A restore makes schemas in the database {name!r}, which the user {user!r} may not.",
                f"As its owner: GRANT CREATE ON DATABASE {quoted(name)} TO {quoted(user)};",
            )
        return str(schema)

    def _tables_in(self, schema: str) -> list[str]:
        found = self._driver.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename = ANY(%s) ORDER BY 1",
            [schema, list(_OURS)],
        )
        return [name for (name,) in found]

    def _lock(self, mode: str) -> None:
        if self._tables:
            names = ", ".join(f"{quoted(self._schema)}.{quoted(name)}" for name in self._tables)
            self._driver.execute(f"LOCK TABLE {names} IN {mode} MODE")

    def _move(self, names: Sequence[str], where: str, to: str) -> None:
        for name in names:
            self._driver.execute(f"ALTER TABLE {quoted(where)}.{quoted(name)} SET SCHEMA {quoted(to)}")

    def _ask(self, text: str) -> Sequence[Sequence[Any]]:
        rows: Sequence[Sequence[Any]] = self._driver.execute(text).fetchall()
        return rows


@contextmanager
def held(connect: Callable[[], Any], failure: type[Exception], wait_sec: float) -> Iterator[Held]:
    """Hold the store that `connect` connects to inside the block; at its end, what was done in it is committed.

    `failure` is what the driver raises; `wait_sec` is for whom oO does not know and who works in the tables. Raises
    `StoreBusy` where anybody uses the store, `StoreTooNew`, `InvalidBackup` for what was loaded, `StoreError`.
    """
    try:
        with postgres_schema.transaction(connect) as connection:
            yield Held(connection, wait_sec)
    except DBAPIError as error:
        raise _refused(error.orig or error) from error
    except failure as error:
        raise _refused(error) from error


def _refused(error: BaseException) -> OoError:
    said, code = _said(error), getattr(error, "sqlstate", None)
    if code == _WAITED_FOR:
        return StoreBusy(f"Somebody works in the tables of the store ({said}); nothing was changed.")
    if code == _FORBIDDEN:
        hint = "Restore as the user who made the store's tables, with CREATE on the database."
        return StoreError(f"This user may not replace the store ({said}); it is as it was.", hint)
    # Some values are refused by the driver itself, which has no codes.
    if type(error).__name__ == "DataError" or (code or "").startswith(_UNFIT):
        return InvalidBackup(
            f"The backup holds what PostgreSQL does not take ({said}).", "Take another backup."
        )
    # Where the connection was lost in the COMMIT, nobody knows yet.
    return StoreError(
        f"The database did not go on ({said}); the store is as it was, or it is restored whole.",
        "Look, then run the command again.",
    )


def _count(source: sqlite3.Connection, name: str) -> int:
    return int(source.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0])  # noqa: S608  # names from the schema


def _said(error: BaseException) -> str:
    return str(error).partition("\n")[0]
