"""The schema in PostgreSQL: the same migrations, in one transaction, by one process at a time."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import NullPool, create_engine
from sqlalchemy.dialects.postgresql.base import PGTypeCompiler
from sqlalchemy.exc import DBAPIError

from oo.adapters.sql.schema import REVISION, upgrade
from oo.adapters.sql.tables import metadata
from oo.domain.errors import StoreBusy, StoreError, StoreTooNew

_Ask: TypeAlias = Callable[[str], Sequence[Sequence[Any]]]
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

    def in_transactions() -> Any:
        connection = connect()
        connection.autocommit = False
        return connection

    engine = create_engine("postgresql+psycopg://", creator=in_transactions, poolclass=NullPool)
    engine.dialect.type_compiler_instance = _ByCodePoint(engine.dialect)
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATING})")
            # Another process may have migrated in the meantime.
            if not _is_current(name, lambda text: connection.exec_driver_sql(text).all()):
                upgrade(connection)
    except DBAPIError as error:
        raise StoreBusy(
            f"The store in the database {name!r} could not be made or migrated ({error.orig}); it is as it was.",
            "May this user create tables there, and is there the schema that the URL names?",
        ) from error
    finally:
        engine.dispose()


def _is_current(name: str, ask: _Ask) -> bool:
    current = _revision(name, ask)
    if current is not None and current > REVISION:
        raise StoreTooNew(
            f"The store in the database {name!r} is at schema {current}; this oO knows {REVISION}.",
            "Install a newer oO to use it.",
        )
    return current == REVISION


def _revision(name: str, ask: _Ask) -> str | None:
    """Return the schema version of the store in a database, None where there is no table of a name of ours."""
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
