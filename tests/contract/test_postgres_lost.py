"""A connection is lost in its COMMIT: what came through is recorded once, and what did not is made again."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from oo.adapters.sql.postgres import Connection, PostgresCommits, PostgresStore
from oo.adapters.sql.postgres_lost import Notes
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import Transaction
from tests.contract.test_postgres import add_mood, open_postgres
from tests.contract.test_store import add, ids
from tests.support.postgres import database
from tests.support.postgres_server import Postgres

WAIT_SEC = 30


@pytest.fixture
def store() -> Iterator[PostgresStore]:
    with database() as address:
        opened = open_postgres(address)
        yield opened
        opened.close()


class LosesItsCommit:
    """A connection that is lost in the next COMMIT: before it came to the database, or after."""

    broken = True
    closed = False

    def __init__(self, connection: Connection, *, after: bool) -> None:
        self.connection, self.after = connection, after

    def execute(self, statement: Any, *parameters: Any) -> Any:
        if statement == "COMMIT":
            if self.after:
                self.connection.execute(statement)
            self.connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return self.connection.execute(statement, *parameters)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@pytest.mark.parametrize("after", [True, False])
def test_a_commit_that_is_lost_on_the_way_is_looked_up(
    store: PostgresStore,
    after: bool,  # noqa: FBT001  # a parameter
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store.write(add("ada"))
    commits = store._writer._commits
    assert isinstance(commits, PostgresCommits)
    connected, calls = commits._connected, []

    def lose_the_first() -> Any:
        calls.append("call")
        return LosesItsCommit(connected(), after=after) if len(calls) == 1 else connected()

    monkeypatch.setattr(commits, "_connected", lose_the_first)
    tries: list[str] = []

    def change(transaction: Transaction) -> None:
        tries.append("try")
        add_mood(f"e{len(tries)}")(transaction)

    store.write(change)

    assert len(tries) == (1 if after else 2)
    assert len(store.read(lambda reader: list(reader.facts("ada")))) == 1


def test_a_commit_that_a_crash_has_undone_is_not_taken_for_the_one_that_has_its_number_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Postgres()
    opened: list[PostgresStore] = []
    try:
        server.start()
        server.wait_ready()
        store = PostgresStore.open(server.url(), Registry(CATALOG), wait_sec=WAIT_SEC)
        opened.append(store)
        store.write(add("ada"))
        leave = Notes.leave
        numbers: list[str | None] = []

        def crash_once(notes: Notes, connection: Connection) -> bool:
            noted = leave(notes, connection)
            if not numbers:
                server.kill()  # before the log of it is on the disk
                server.start()
                server.wait_ready()
                with psycopg.connect(server.url(), autocommit=True) as another:
                    another.execute("CREATE TABLE another (id INTEGER)")
            numbers.append(notes._xid)
            return noted

        monkeypatch.setattr(Notes, "leave", crash_once)
        store.write(add("bob"))

        assert store.read(ids) == ["ada", "bob"]
        assert len(numbers) == 2
    finally:
        for each in opened:
            each.close()
        server.close()
