"""What is promised of the PostgreSQL adapter beyond the port: several processes, lost connections, migrations."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import NullPool, create_engine

from oo.adapters.sql.postgres import PostgresStore
from oo.adapters.sql.schema import REVISION
from oo.adapters.sql.tables import metadata
from oo.adapters.sql.transaction import SqlTransaction
from oo.compose import compose
from oo.domain.errors import ConflictingFact, StoreBusy, StoreError, StoreTooNew
from oo.domain.facts import MoodCheckin, Reaction, TaskUpsert
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import Reader, Transaction
from oo.settings import Settings
from tests.contract.test_store import add, ids
from tests.support.postgres import ask, create, database, drop, end_sessions, url
from tests.support.postgres_server import FORGETFUL, Postgres

WAIT_SEC = 30


def open_postgres(address: str) -> PostgresStore:
    return PostgresStore.open(address, Registry(CATALOG), wait_sec=1)


def name_of(address: str) -> str:
    found: str = ask(address, "SELECT current_database()")[0][0]
    return found


@pytest.fixture
def address() -> Iterator[str]:
    with database() as made:
        yield made


@pytest.fixture
def empty() -> Iterator[str]:
    """The URL of a database in which there is nothing at all."""
    name = create()
    yield url(name)
    drop(name)


@pytest.fixture
def store(address: str) -> Iterator[PostgresStore]:
    opened = open_postgres(address)
    yield opened
    opened.close()


@pytest.fixture
def other(address: str, store: PostgresStore) -> Iterator[PostgresStore]:
    """Another store over the same database, as another process would have it."""
    opened = open_postgres(address)
    yield opened
    opened.close()


def run(of: Reader | Transaction, statement: str) -> Any:
    """Run a statement on the very connection that the store reads or writes with."""
    assert hasattr(of, "_runner")
    return of._runner.session.run(statement, {})


def setting(of: Reader | Transaction, name: str) -> Any:
    return run(of, f"SHOW {name}")[0][0]


def end_own_session(address: str, transaction: Transaction) -> None:
    (pid,) = run(transaction, "SELECT pg_backend_pid()")[0]
    assert ask(address, "SELECT pg_terminate_backend(%s, 5000)", pid) == [(True,)]


def test_a_commit_is_durable_whatever_the_database_says(store: PostgresStore, address: str) -> None:
    name = name_of(address)
    ask(address, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    late = open_postgres(address)
    try:
        assert late.write(lambda transaction: setting(transaction, "synchronous_commit")) == "on"
    finally:
        late.close()
        ask(address, f'ALTER DATABASE "{name}" RESET synchronous_commit')


@pytest.mark.parametrize("together", [True, False])
def test_what_reads_cannot_write(store: PostgresStore, together: bool) -> None:  # noqa: FBT001  # a parameter
    def write_while_reading(reader: Reader) -> None:
        assert hasattr(reader, "_runner")
        add("ada")(SqlTransaction(reader._runner))

    with pytest.raises(StoreError, match="read-only"):
        store.read(write_while_reading, together=together)
    assert store.read(ids) == []


def test_two_stores_may_be_open_at_once(store: PostgresStore, other: PostgresStore) -> None:
    store.write(add("ada"))
    other.write(add("bob"))

    assert store.read(ids) == other.read(ids) == ["ada", "bob"]


def add_mood(event_id: str) -> Callable[[Transaction], None]:
    def change(transaction: Transaction) -> None:
        person = transaction.person("ada")
        assert person is not None
        transaction.add_signal(MoodCheckin(user_id="ada", at_ms=1, event_id=event_id, score=0.5), person, 1)

    return change


def test_what_is_recorded_already_is_told_as_such(store: PostgresStore) -> None:
    store.write(add("ada"))
    store.write(add_mood("e1"))

    with pytest.raises(ConflictingFact, match="unique"):
        store.write(add_mood("e1"))

    store.write(add_mood("e2"))


def test_a_write_whose_connection_is_lost_is_made_once(store: PostgresStore, address: str) -> None:
    store.write(add("ada"))
    tries: list[str] = []

    def change(transaction: Transaction) -> str:
        tries.append("try")
        add_mood("e1")(transaction)
        if len(tries) < 3:
            end_own_session(address, transaction)
        add_mood("e2")(transaction)
        return "done"

    futures = [store.submit(change), store.submit(add("bob"))]

    assert [future.result(WAIT_SEC) for future in futures] == ["done", "bob"]
    assert len(tries) == 3
    assert len(store.read(lambda reader: list(reader.facts("ada")))) == 2


def test_a_write_to_a_database_that_stays_away_is_refused(store: PostgresStore, address: str) -> None:
    store.write(add("ada"))
    name = name_of(address)
    ask(url("postgres"), f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    try:
        end_sessions(name)
        with pytest.raises(StoreBusy, match="nothing was recorded"):
            store.write(add("bob"))
    finally:
        ask(url("postgres"), f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    assert store.write(add("cyd")) == "cyd"
    assert store.read(ids) == ["ada", "cyd"]


def test_reads_go_on_over_new_connections(store: PostgresStore, address: str) -> None:
    store.write(add("ada"))
    with ThreadPoolExecutor(5) as threads:
        assert list(threads.map(lambda _: store.read(ids), range(20))) == [["ada"]] * 20

    assert end_sessions(name_of(address)) > 0

    assert store.read(ids) == store.read(ids, together=False) == ["ada"]


def test_more_reads_at_once_than_connections_wait(store: PostgresStore) -> None:
    store.write(add("ada"))
    inside = threading.Barrier(10)

    def ask_slowly(reader: Reader) -> list[str]:
        inside.wait(WAIT_SEC)
        return ids(reader)

    with ThreadPoolExecutor(30) as threads:
        assert list(threads.map(lambda _: store.read(ask_slowly), range(30))) == [["ada"]] * 30


def test_a_write_waits_for_another_process_and_then_gives_up(store: PostgresStore, address: str) -> None:
    store.write(add("ada"))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"SELECT pg_advisory_lock({0x6F4F_0001})")
        with pytest.raises(StoreBusy, match="lock timeout"):
            store.write(add("bob"))

    assert store.write(add("cyd")) == "cyd"


def test_a_database_that_is_not_there_is_told_without_the_password() -> None:
    with pytest.raises(StoreError, match="could not be reached") as raised:
        open_postgres("postgresql://oo:secret@localhost:1/oo")

    assert "OO_DATABASE" in raised.value.hint
    assert "secret" not in str(raised.value)


def test_a_database_that_comes_up_is_waited_for() -> None:
    server = Postgres(FORGETFUL)
    soon = threading.Timer(0.3, server.start)
    soon.start()
    try:
        store = PostgresStore.open(server.url(), Registry(CATALOG), wait_sec=30)
        assert store.write(add("ada")) == "ada"
        store.close()
    finally:
        soon.join()
        server.close()


def test_a_database_of_other_texts_than_unicode_is_refused() -> None:
    name = create(options="ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        with pytest.raises(StoreError, match="as SQL_ASCII, not as UTF8"):
            open_postgres(url(name))
    finally:
        drop(name)


def tables(address: str) -> list[str]:
    return [row[0] for row in ask(address, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def test_the_migrations_make_exactly_the_tables_with_texts_by_code_point(empty: str) -> None:
    open_postgres(empty).close()

    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(empty), poolclass=NullPool
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
    engine.dispose()
    texts = ask(
        empty,
        "SELECT DISTINCT collation_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'text'",
    )
    assert texts == [("C",)]


def test_of_processes_that_start_at_once_one_migrates(empty: str) -> None:
    barrier = threading.Barrier(4)

    def start(number: int) -> None:
        barrier.wait(WAIT_SEC)
        opened = open_postgres(empty)
        opened.write(add(f"p{number}"))
        opened.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(start, range(4), timeout=WAIT_SEC))

    assert ask(empty, "SELECT version_num FROM alembic_version") == [(REVISION,)]
    assert ask(empty, "SELECT count(*) FROM users") == [(4,)]


def test_a_migration_that_fails_leaves_nothing_behind(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(connection: Any) -> None:
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("oo.adapters.sql.postgres_schema.upgrade", stumble)
        with pytest.raises(RuntimeError):
            open_postgres(empty)

    assert tables(empty) == []
    open_postgres(empty).close()


def test_a_store_of_a_newer_version_is_refused_with_both_versions(address: str) -> None:
    ask(address, "UPDATE alembic_version SET version_num = '0999'")
    try:
        with pytest.raises(StoreTooNew, match=rf"schema 0999; this oO knows {REVISION}"):
            open_postgres(address)
    finally:
        ask(address, f"UPDATE alembic_version SET version_num = '{REVISION}'")  # noqa: S608  # our own


@pytest.mark.parametrize("table", ["users", "alembic_version"])
def test_the_database_of_something_else_is_refused_and_left_alone(empty: str, table: str) -> None:
    ask(empty, f"CREATE TABLE {table} (id INTEGER)")

    with pytest.raises(StoreError, match="something else"):
        open_postgres(empty)

    assert tables(empty) == [table]


def test_a_schema_of_its_own_beside_something_else_will_do(empty: str) -> None:
    ask(empty, "CREATE TABLE users (id INTEGER)")
    ask(empty, "CREATE SCHEMA oo")

    opened = open_postgres(f"{empty}&options=-csearch_path%3Doo")
    opened.write(add("ada"))
    opened.close()

    assert tables(empty) == ["users"]
    assert ask(empty, "SELECT user_id FROM oo.users") == [("ada",)]


_ACT = """
import sys
from oo.compose import compose
from oo.domain.facts import Reaction
from oo.settings import Settings

address, actor, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])
app = compose(Settings(database=address))
for turn in range(turns):
    now_ms = 1_788_247_800_000 + turn
    tip_id = f"{actor}-{turn}"
    app.recommend("ada", now_ms=now_ms, tip_id=tip_id, fresh=True)
    app.feedback(tip_id, [Reaction.DISMISS, Reaction.SNOOZE][turn % 2], now_ms=now_ms + 1)
app.close()
"""


def test_processes_that_write_about_one_person_lose_no_update(address: str) -> None:
    app = compose(Settings(database=address))
    app.people.add("ada", "Europe/Berlin", now_ms=0)
    tasks = [TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=0, title="Call") for number in range(60)]
    app.ingest(tasks, now_ms=0)
    command = [sys.executable, "-c", _ACT, address]
    actors = [subprocess.Popen([*command, actor, "25"], stderr=subprocess.PIPE) for actor in ("a", "b")]

    for turn in range(25):
        app.ingest([MoodCheckin(user_id="ada", at_ms=turn, event_id=f"e{turn}", score=0.5)], now_ms=10**12)
    errors = [actor.communicate(timeout=WAIT_SEC)[1].decode() for actor in actors]

    assert errors == ["", ""]

    assert app.store.read(lambda reader: list(app.learner.differences(reader, "ada"))) == []
    state = app.store.read(lambda reader: reader.policy_state("ada", "egreedy/v1"))
    assert state is not None
    assert state.updates == ask(address, "SELECT count(DISTINCT decision_id) FROM rewards")[0][0] == 50
    assert len(app.store.read(lambda reader: list(reader.facts("ada")))) == 1 + 60 + 25 + 100
    app.close()


def test_the_first_of_reactions_at_once_in_two_processes_counts_once(
    store: PostgresStore, other: PostgresStore, address: str
) -> None:
    apps = [compose(Settings(database=address)) for _ in range(2)]
    apps[0].people.add("ada", "UTC", now_ms=0)
    apps[0].tasks.add(TaskUpsert(user_id="ada", task_id="k", at_ms=0, title="Call"), now_ms=0)
    apps[0].recommend("ada", now_ms=10, tip_id="tip")
    barrier = threading.Barrier(8)

    def react(number: int) -> str:
        barrier.wait(WAIT_SEC)
        return str(apps[number % 2].feedback("tip", Reaction.DONE, now_ms=20))

    with ThreadPoolExecutor(8) as threads:
        fates = sorted(threads.map(react, range(8), timeout=WAIT_SEC))

    assert fates == ["accepted"] + ["duplicate"] * 7
    assert ask(address, "SELECT count(*) FROM rewards") == [(1,)]
    for app in apps:
        app.close()
