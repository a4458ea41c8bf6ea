"""Rows on their way between PostgreSQL and a file of SQLite: read in portions, and summed up at both ends.

Columns are named one by one, since migrations may have made them in another order.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Table

from oo.adapters.sql import bus_tables, erasure, quality_tables  # noqa: F401  # they add their tables to the others
from oo.adapters.sql.tables import metadata

Row: TypeAlias = tuple[Any, ...]
TABLES = tuple(metadata.sorted_tables)
"""Every table, those that others refer to before these."""
NUMBERED = tuple(table for table in TABLES if "seq" in table.c)
"""Those whose rows are numbered as they come."""
_PORTION = 2000
"""So many rows are fetched from PostgreSQL at a time."""


@dataclass(slots=True)
class Tally:
    """What a table's rows come to: equal for the same rows, in whichever order they pass."""

    count: int = 0
    total: int = 0

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Let rows pass, and add them up."""
        for row in rows:
            self.count += 1
            self.total += _digest(row)
            yield row

    def of(self, rows: Iterable[Row]) -> "Tally":
        """Add all the rows up; return this."""
        for _ in self.over(rows):
            pass
        return self


def _digest(row: Row) -> int:
    """Return a number for a row: equal for equal values, whether a whole number is an integer or not."""
    values = [int(each) if isinstance(each, float) and each.is_integer() else each for each in row]
    spelled = repr(values).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(spelled, digest_size=16).digest(), "big")


@dataclass(slots=True)
class Told:
    """Tells `progress` now and then how many rows have passed, of how many."""

    of: int
    progress: Callable[[int, int], None]
    _done: int = 0

    def over(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Let rows pass, and count them."""
        for row in rows:
            yield row
            self._done += 1
            if self._done % _PORTION == 0 or self._done == self.of:
                self.progress(self._done, self.of)


def of_postgres(connection: Any, table: Table) -> Iterator[Row]:
    """Yield a table's rows, on a connection that is in a transaction."""
    with connection.cursor(name="oo_rows", binary=True) as cursor:
        cursor.itersize = _PORTION
        cursor.execute(_selection(table).encode())
        yield from cursor


def into_postgres(connection: Any, table: Table, rows: Iterable[Row]) -> None:
    """Add rows to a table."""
    text = f"COPY {quoted(table.name)} ({_columns(table)}) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(text.encode()) as target:
        for row in rows:
            target.write_row(row)


def of_sqlite(connection: sqlite3.Connection, table: Table) -> Iterator[Row]:
    """Return an iterator over a table's rows."""
    return connection.execute(_selection(table))


def into_sqlite(connection: sqlite3.Connection, table: Table, rows: Iterable[Row]) -> None:
    """Add rows to a table."""
    marks = ", ".join("?" for _ in table.c)
    text = f"INSERT INTO {quoted(table.name)} ({_columns(table)}) VALUES ({marks})"  # noqa: S608  # names from the schema
    connection.executemany(text, rows)


def last_of_postgres(connection: Any, table: Table) -> int:
    """Return the number that a row of the table was given last, 0 where none was; it is not given again."""
    sequence = _sequence(connection, table)
    text = f"SELECT last_value, is_called FROM {sequence}"  # noqa: S608  # a name that the database has quoted
    last, given = connection.execute(text).fetchone()
    return int(last) if given else 0


def number_postgres(connection: Any, table: Table, last: int) -> None:
    """Let the next row of the table be given the number after `last`."""
    if last:
        connection.execute("SELECT setval(%s::regclass, %s)", [_sequence(connection, table), last])


def last_of_sqlite(connection: sqlite3.Connection, table: Table) -> int:
    """Return the number that a row of the table was given last, 0 where none was."""
    given = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table.name]).fetchone()
    (kept,) = connection.execute(f"SELECT max(seq) FROM {quoted(table.name)}").fetchone()  # noqa: S608  # names from the schema
    return max(given[0] if given else 0, kept or 0)


def number_sqlite(connection: sqlite3.Connection, table: Table, last: int) -> None:
    """Let the next row of the table be given the number after `last`."""
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", [table.name])
    if last:
        connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", [table.name, last])


def quoted(name: str) -> str:
    """Return a name as SQL takes it, whatever is in it.

    >>> quoted('my "own" schema')
    '"my ""own"" schema"'
    """
    return '"' + name.replace('"', '""') + '"'


def _columns(table: Table) -> str:
    return ", ".join(quoted(column.name) for column in table.c)


def _selection(table: Table) -> str:
    return f"SELECT {_columns(table)} FROM {quoted(table.name)}"  # noqa: S608  # names from the schema


def _sequence(connection: Any, table: Table) -> str:
    found = connection.execute("SELECT pg_get_serial_sequence(%s, 'seq')", [quoted(table.name)]).fetchone()
    return str(found[0])
