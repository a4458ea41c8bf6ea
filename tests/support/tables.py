"""A look into a store from outside, whichever it is."""

import sqlite3
from contextlib import closing

from tests.support.postgres import ask


def rows_of(url: str, table: str) -> int:
    """Return how many rows a table has in the store at a URL."""
    statement = f"SELECT count(*) FROM {table}"  # noqa: S608  # a name from a test
    if url.startswith("postgresql://"):
        return int(ask(url, statement)[0][0])
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return int(connection.execute(statement).fetchone()[0])
