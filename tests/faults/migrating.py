"""Migrate a store in a process that ends before its first, second, … statement, until one gets through.

A program of its own, so that it can be forked: `python -m tests.faults.migrating URL SCRATCH`. It prints a line of JSON
for each try: whether it was ended, and a digest of the schema and the rows that it left.
"""

import hashlib
import json
import os
import signal
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import URL, Connection, Engine, MetaData, NullPool, create_engine, event, text

import oo.adapters.sql
from oo.adapters.sql import postgres_schema, schema

FOLDER = Path(oo.adapters.sql.__file__).with_name("migrations")


def main(url: str, scratch: str) -> None:
    """Try until a migration gets through; say how each try ended.

    An empty store at `scratch` is migrated first: what a first migration imports and compiles, each fork has then.
    """
    migrate(scratch)
    for number in count(1):
        killed = _killed_before(url, number)
        sys.stdout.write(json.dumps({"killed": killed, "digest": digest(url)}) + "\n")
        if not killed:
            return


def engine(url: str) -> Engine:
    """Return an engine over a store, for looking at it and for filling it."""
    if url.startswith("sqlite:///"):
        return create_engine(URL.create("sqlite", database=url.removeprefix("sqlite:///")))
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=NullPool)


def migrate(url: str, to: str = "head") -> None:
    """Migrate as a start does, but to any revision."""

    def upgrade(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(FOLDER))
        config.attributes["connection"] = connection
        command.upgrade(config, to)

    with patch.object(schema, "upgrade", upgrade), patch.object(postgres_schema, "upgrade", upgrade):
        if url.startswith("sqlite:///"):
            schema.migrate(Path(url.removeprefix("sqlite:///")))
        else:
            postgres_schema.migrate(lambda: psycopg.connect(url, autocommit=True))


def rows(url: str) -> Mapping[str, list[dict[str, Any]]]:
    """Return every row of every table, the tables in the order in which they can be filled."""
    over, known = engine(url), MetaData()
    with over.connect() as connection:
        known.reflect(connection)
        found = {
            table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in known.sorted_tables
        }
    over.dispose()
    return found


def fill(url: str, given: Mapping[str, list[dict[str, Any]]]) -> None:
    """Write rows into the tables that a store has, as far as it has their columns."""
    over, known = engine(url), MetaData()
    with over.begin() as connection:
        known.reflect(connection)
        for table in known.sorted_tables:
            for row in given.get(table.name, []) if table.name != "alembic_version" else []:
                fitting = {name: value for name, value in row.items() if name in table.c}
                connection.execute(table.insert().values(fitting))
            if "seq" in table.c and over.dialect.name == "postgresql":
                connection.execute(
                    text(
                        f"SELECT setval(pg_get_serial_sequence('{table.name}', 'seq'),"  # noqa: S608  # from the schema
                        f" (SELECT coalesce(max(seq), 1) FROM {table.name}))"
                    )
                )
    over.dispose()


def digest(url: str) -> str:
    """Return a digest of what a store holds: its tables with columns, keys and indexes, and its rows in any order."""
    found = _in_sqlite(url) if url.startswith("sqlite:///") else _in_postgresql(url)
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _in_sqlite(url: str) -> object:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        declared = sorted(
            connection.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
        )
        names = [name for kind, name, *_ in declared if kind == "table"]
        # The statements are this store's own; what is in its log alone is read too.
        kept = {name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"'))) for name in names}  # noqa: S608  # from the schema
    return declared, kept


_DECLARED = """
SELECT table_name, column_name, data_type, is_nullable, column_default
FROM information_schema.columns WHERE table_schema = current_schema()
UNION ALL SELECT tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = current_schema()
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
"""


def _in_postgresql(url: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        declared = sorted(map(repr, connection.execute(_DECLARED)))
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        names = [name for (name,) in connection.execute(tables)]
        kept = {
            name: sorted(
                map(repr, connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))))
            )
            for name in names
        }
    return declared, kept


def _killed_before(url: str, number: int) -> bool:
    """Migrate in a fork that ends before the statement of that number; return whether it came to it."""
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        numbers = count(1)

        def on_statement(*_: object) -> None:
            if next(numbers) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", on_statement)
        event.listen(Engine, "commit", on_statement)
        migrate(url)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0, status
    return os.WIFSIGNALED(status)


if __name__ == "__main__":
    main(*sys.argv[1:])
