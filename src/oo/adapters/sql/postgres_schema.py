"""The schema in PostgreSQL: the same migrations, in one transaction, by one process at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.exc import DBAPIError

from oo.adapters.sql.schema import REVISION, upgrade
from oo.adapters.sql.tables import metadata
from oo.domain.errors import StoreBusy, StoreError, StoreTooNew

Ask: TypeAlias = Callable[[str], Sequence[Sequence[Any]]]
_MIGRATING = 0x6F4F_0002
"""The advisory lock of whoever migrates."""


class _ByCodePoint(PGTypeCompiler):
    """Lets texts be compared by code point, as the declarations of features mean it, whatever the database's locale."""

    def visit_TEXT(self, type_: Any, **options: Any) -> str:  # noqa: N802  # SQLAlchemy calls it
        return f'{super().visit_TEXT(type_, **options)} COLLATE "C"'


def migrate(connect: Callable[[], Any]) -> None:
    """Bring a database to `REVISION`, all of it or nothing; `connect` makes a connection of the driver to it.

    Raises `StoreTooNew` where a newer oO made the store, `StoreError` where something else lies in the database.
    """
    with connect() as connection:
        name = connection.info.dbname
        if _is_current(name, lambda text: connection.execute(text).fetchall()):
            return

    try:
        with transaction(connect) as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            # Another process may have migrated in the meantime.
            if not _is_current(name, lambda text: connection.exec_driver_sql(text).all()):
                upgrade(connection)
    except DBAPIError as error:
        raise StoreBusy(
            f"The store in the database {name!r} could not be made or migrated ({error.orig}); it is as it was.",
            "May this user create tables there, and is there the schema that the URL names?",
        ) from error


@contextmanager
def transaction(connect: Callable[[], Any]) -> Iterator[Connection]:
    """Hold a transaction in which migrations can be run, on a connection of its own; it is committed at the end."""

    def in_transactions() -> Any:
        connection = connect()
        connection.autocommit = False
        return connection

    engine = create_engine("postgresql+psycopg://", creator=in_transactions, poolclass=NullPool)
    engine.dialect.type_compiler_instance = _ByCodePoint(engine.dialect)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def version_of(name: str, ask: Ask) -> str | None:
    """Return the schema version of the store in the database `name`, None where no table has a name of ours.

    Raises `StoreTooNew` where a newer oO made the store, `StoreError` where the tables are of something else.
    """
    current = _revision(name, ask)
    if current is not None and current > REVISION:
        raise StoreTooNew(
            f"The store in the database {name!r} is at schema {current}; this oO knows {REVISION}.",
            "Install a newer oO to use it.",
        )
    return current


def _is_current(name: str, ask: Ask) -> bool:
    return version_of(name, ask) == REVISION


def _revision(name: str, ask: Ask) -> str | None:
    found = {row[0] for row in ask("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")}
    if found.isdisjoint({"alembic_version", *metadata.tables}):
        return None
    if not {"alembic_version", "user_profile_features"} <= found:
        raise StoreError(
            f"In the database {name!r} lie tables of something else.",
            "Give a database or a schema of its own.",
        )
    rows = ask("SELECT version_num FROM alembic_version")
    return str(rows[0][0]) if rows else None
