"""The schema's version: what the store must be at, and how it gets there."""

import logging
import sqlite3
from contextlib import closing, suppress
from importlib.resources import as_file, files
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine
from sqlalchemy.exc import DBAPIError

from oo.adapters.sql import damage
from oo.domain.errors import StoreBusy, StoreError, StoreTooNew

_log = logging.getLogger("oo.store")
REVISION = "0006"
"""The newest migration: the one that this version of oO works with."""


def migrate(path: Path) -> None:
    """Bring the SQLite file at `path` to `REVISION`, in one transaction; a file that is there already is left alone.

    Raises `StoreTooNew` where a newer oO made it, `StoreError` where it is no SQLite database of oO.
    """
    current = revision(path)
    if current == REVISION:
        return
    if current is not None and current > REVISION:
        raise StoreTooNew(
            f"The store {path} is at schema {current}; this oO knows {REVISION}.",
            "Install a newer oO to use it.",
        )
    if current is None and path.exists():
        # An empty file is an empty store to SQLite. If it was cut to nothing, this is where somebody hears of it.
        _log.warning("%s was empty; a new store begins in it.", path)
    bring_up(path)


def bring_up(path: Path) -> None:
    """Run the migrations that the SQLite file at `path` lacks; raises `StoreBusy` where the disk refuses."""
    engine = create_engine(URL.create("sqlite", database=str(path)), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
            _in_transaction(connection)
    except DBAPIError as error:
        raise StoreBusy(
            f"The store {path} could not be made or migrated ({error.orig}); it is as it was.",
            "Is the disk full or locked?",
        ) from error
    finally:
        engine.dispose()


def _in_transaction(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        upgrade(connection)
        connection.exec_driver_sql("COMMIT")
    except BaseException:
        # A full disk has ended the transaction already.
        with suppress(DBAPIError):
            connection.exec_driver_sql("ROLLBACK")
        raise


def upgrade(connection: Connection) -> None:
    """Run the migrations that a database lacks on a connection that is in a transaction."""
    from alembic import command  # noqa: PLC0415  # slow to import, and needed only where the schema is behind
    from alembic.config import Config  # noqa: PLC0415

    with as_file(files("oo.adapters.sql") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(path: Path) -> str | None:
    """Return the schema version of the file at `path`, None where there is no file or it is empty.

    Nothing is changed. Raises `CorruptStore` for a file that is damaged, or empty beside a log that is not.
    """
    damage.check(path)
    if not path.exists() or path.stat().st_size == 0:
        return None
    try:
        with closing(damage.looking(path)) as connection:
            tables = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            }
            if not tables:
                return None
            if not {"alembic_version", "user_profile_features"} <= tables:
                raise StoreError(f"{path} is a database of something else.", "Give another --db.")
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return row[0] if row else None
    except sqlite3.DatabaseError as error:
        raise damage.unreadable(path, error) from error
