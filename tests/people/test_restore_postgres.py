"""What a restore does to a PostgreSQL database, beyond what it does to any store."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Table

from oo.adapters.sql.postgres import restoring
from oo.adapters.sql.postgres_rows import Row, into_postgres
from oo.compose import compose, restored
from oo.domain.errors import InvalidBackup, OoError, StoreBusy, StoreError, StoreTooNew
from oo.settings import Settings
from tests.people.test_erase import live
from tests.shell.running import Shell
from tests.support.places import Place, database_place, file_place, in_schema
from tests.support.postgres import ask

NOW = 1_788_247_800_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A database with a store in which somebody lives."""
    with database_place(tmp_path) as found:
        with found.store() as app:
            app.people.add("late", "UTC", now_ms=0)
        yield found


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Place]:
    """A database in which there is nothing at all."""
    with database_place(tmp_path, made=False) as found:
        yield found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A backup of an SQLite store in which one person lives."""
    with file_place(tmp_path / "origin") as origin, origin.store() as app:
        live(app, "bob")
        app.back_up(str(tmp_path / "backup.db"))
    return tmp_path / "backup.db"


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


def test_two_stores_in_one_database_know_nothing_of_each_other(empty: Place, file: Path) -> None:
    empty.ask("CREATE SCHEMA one")
    empty.ask('CREATE SCHEMA "an OTHER"')
    one, other = in_schema(empty.url, "one"), in_schema(empty.url, "%22an%5C%20OTHER%22")
    with other.store() as theirs:
        theirs.people.add("theirs", "UTC", now_ms=0)

        assert restored(one.settings, file, now_ms=NOW).aside is None
        assert restored(one.settings, file, now_ms=NOW + 1).aside is not None

        assert theirs.people.add("more", "UTC", now_ms=0)
        with pytest.raises(StoreBusy, match="nothing was changed"):
            restored(other.settings, file, now_ms=NOW)
    assert (one.people(), other.people()) == (["bob"], ["more", "theirs"])
    assert restored(other.settings, file, now_ms=NOW + 2).people == 1
    assert other.people() == ["bob"]
    assert len(empty.asides()) == 2


def test_tables_and_schemas_that_are_not_of_oo_stay_as_they_are(place: Place, file: Path) -> None:
    place.ask("CREATE TABLE invoices (id INTEGER)")
    place.ask("INSERT INTO invoices VALUES (7)")
    place.ask("CREATE VIEW people AS SELECT user_id FROM users")

    restored(place.settings, file, now_ms=NOW)

    assert place.ask("SELECT id FROM public.invoices") == [(7,)]
    assert place.people() == ["bob"]
    assert place.remains() == []


def test_the_schema_that_is_set_aside_is_a_store_and_nobody_elses(
    place: Place, file: Path, shell: Shell
) -> None:
    restored(place.settings, file, now_ms=NOW)

    (aside,) = place.asides()
    assert shell.json("users", "list", "--db", aside.url)["users"][0]["user_id"] == "late"
    assert place.ask("SELECT nspacl FROM pg_namespace WHERE nspname LIKE 'oo_before%'") == [(None,)]


def test_a_user_who_may_not_make_schemas_is_told_what_is_lacking(place: Place, file: Path) -> None:
    (name,) = place.ask("SELECT current_database()")[0]
    role = f"{name}_poor"
    place.ask(f'CREATE ROLE "{role}" LOGIN')
    try:
        place.ask(f'GRANT ALL ON SCHEMA public TO "{role}"')
        place.ask(f'GRANT ALL ON ALL TABLES IN SCHEMA public TO "{role}"')
        poor = Settings(database=place.url.replace("oo@", f"{role}@"), busy_wait_sec=0)
        with pytest.raises(StoreError, match="may not") as lacking:
            restored(poor, file, now_ms=NOW)
        assert lacking.value.hint == f'As its owner: GRANT CREATE ON DATABASE "{name}" TO "{role}";'

        place.ask(f'GRANT CREATE ON DATABASE "{name}" TO "{role}"')
        with pytest.raises(StoreError, match="must be owner of table") as others:
            restored(poor, file, now_ms=NOW)
        assert "the user who made the store's tables" in others.value.hint
    finally:
        place.ask(f'DROP OWNED BY "{role}"')
        place.ask(f'DROP ROLE "{role}"')

    assert place.people() == ["late"]
    assert (place.asides(), place.remains()) == ([], [])


@pytest.mark.parametrize("mode", ["ROW EXCLUSIVE", "ACCESS SHARE"])
def test_whoever_works_in_the_tables_without_oo_is_waited_for_and_then_left_alone(
    place: Place, file: Path, mode: str
) -> None:
    with psycopg.connect(place.url) as stranger:
        stranger.execute(f"LOCK TABLE tasks IN {mode} MODE".encode())
        with pytest.raises(StoreBusy, match="Somebody works in the tables"):
            restored(place.settings, file, now_ms=NOW)

    assert place.people() == ["late"]
    assert (place.asides(), place.remains()) == ([], [])
    assert restored(place.settings, file, now_ms=NOW).people == 1


def test_while_a_restore_is_under_way_nobody_else_opens_or_restores_the_store(
    place: Place, file: Path
) -> None:
    refused: list[OoError] = []

    def meanwhile(done: int, of: int) -> None:
        for act in (lambda: compose(place.settings), lambda: restored(place.settings, file, now_ms=NOW)):
            with pytest.raises(StoreBusy) as raised:
                act()
            refused.append(raised.value)

    restored(place.settings, file, now_ms=NOW + 1, loading=meanwhile)

    assert [error.message for error in refused[:2]] == [
        "The store is being restored.",
        "Services or other commands use the store (1 connection to the database); nothing was changed.",
    ]
    assert place.people() == ["bob"]
    assert len(place.asides()) == 1


def test_who_was_erased_is_read_to_the_last_moment(place: Place, file: Path) -> None:
    """From the moment at which the restore reads who was erased, nobody can be erased, whoever tries and how."""
    attempts: list[Exception] = []

    def erase(done: int, of: int) -> None:
        with pytest.raises(psycopg.errors.LockNotAvailable) as raised:
            ask(
                f"{place.url}&options=-clock_timeout%3D100",
                "INSERT INTO tombstones VALUES ('d', 's', 1, 1, 1)",
            )
        attempts.append(raised.value)

    restored(place.settings, file, now_ms=NOW, checking=erase)

    assert len(attempts) == 1


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("UPDATE waiting SET body = 'a' || char(0)", "PostgreSQL does not take"),
        ("UPDATE rewards SET at_ms = 'soon'", "PostgreSQL does not take"),
        ("UPDATE tip_feedback SET rank = 70000", "PostgreSQL does not take"),
    ],
)
def test_what_postgresql_does_not_take_is_refused_with_the_reason(
    place: Place, file: Path, harm: str, words: str
) -> None:
    """oO writes no such value; SQLite would keep it."""
    change(file, harm)
    with pytest.raises(InvalidBackup, match=words), restoring(place.url, 1) as held:
        held.load(file, lambda *_: None)

    assert place.people() == ["late"]
    assert (place.asides(), place.remains()) == ([], [])


def test_rows_that_read_back_otherwise_are_not_put_into_place(
    place: Place, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lossy(connection: Any, table: Table, rows: Iterable[Row]) -> None:
        into_postgres(connection, table, rows)
        if table.name == "outbox":
            connection.execute("UPDATE outbox SET published_at_ms = 1 WHERE seq = 3")

    monkeypatch.setattr("oo.adapters.sql.postgres_restore.into_postgres", lossy)
    with pytest.raises(InvalidBackup, match="The table outbox does not read back"):
        restored(place.settings, file, now_ms=NOW)

    assert place.people() == ["late"]


def test_a_store_of_a_newer_version_is_not_replaced(place: Place, file: Path) -> None:
    """It may have tables that this version does not know, and would leave behind."""
    place.ask("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreTooNew, match=r"9999"):
        restored(place.settings, file, now_ms=NOW)

    assert place.ask("SELECT user_id FROM users") == [("late",)]


def test_a_store_of_an_older_version_is_replaced_and_kept_as_it_was(place: Place, file: Path) -> None:
    place.ask("DROP TABLE tombstones, commits")
    place.ask("UPDATE alembic_version SET version_num = '0004'")

    assert restored(place.settings, file, now_ms=NOW).erased == 0

    assert place.people() == ["bob"]
    assert place.asides()[0].people() == ["late"], "migrated when it is opened"


def test_something_else_in_the_place_is_left_alone(empty: Place, file: Path) -> None:
    empty.ask("CREATE TABLE users (id INTEGER)")

    with pytest.raises(StoreError, match="something else"):
        restored(empty.settings, file, now_ms=NOW)

    assert (empty.asides(), empty.remains()) == ([], [])


def test_a_store_that_cannot_say_who_was_erased_is_replaced_only_when_that_is_said(
    place: Place, file: Path
) -> None:
    place.ask("ALTER TABLE tombstones DROP COLUMN salt")

    with pytest.raises(StoreError, match="Who was erased since the backup is not known"):
        restored(place.settings, file, now_ms=NOW)
    assert place.ask("SELECT user_id FROM users") == [("late",)]

    assert restored(place.settings, file, now_ms=NOW, without_erasures=True).people == 1
    assert place.people() == ["bob"]


def test_a_schema_that_is_not_there_is_named_as_what_is_lacking(empty: Place, file: Path) -> None:
    with pytest.raises(StoreError, match="has no schema for the store"):
        restored(in_schema(empty.url, "nowhere").settings, file, now_ms=NOW)


def test_a_database_that_is_not_there_is_told_without_the_password(file: Path) -> None:
    away = Settings(database="postgresql://oo:secret@localhost:1/oo", busy_wait_sec=0)

    with pytest.raises(StoreError) as raised:
        restored(away, file, now_ms=NOW)

    assert "secret" not in str(raised.value)


def test_a_database_that_goes_away_in_the_midst_leaves_the_store_as_it_was(place: Place, file: Path) -> None:
    def goes(done: int, of: int) -> None:
        ask(
            place.url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
        )

    with pytest.raises(StoreError, match="did not go on"):
        restored(place.settings, file, now_ms=NOW, checking=goes)

    assert place.people() == ["late"]
    assert (place.asides(), place.remains()) == ([], [])


def test_it_takes_as_long_as_it_takes(place: Place, file: Path) -> None:
    """Whatever this user's sessions are otherwise allowed."""
    hurried = Place(f"{place.url}&options=-cidle_in_transaction_session_timeout%3D100")

    assert restored(hurried.settings, file, now_ms=NOW, checking=lambda *_: time.sleep(0.4)).people == 1


def test_the_loaded_tables_are_planned_for_as_full_ones(empty: Place, file: Path) -> None:
    restored(empty.settings, file, now_ms=NOW)

    assert empty.ask("SELECT reltuples FROM pg_class WHERE oid = 'tasks'::regclass") == [(3.0,)]


def test_the_store_is_named_without_its_password(place: Place, file: Path, shell: Shell) -> None:
    address = place.url.replace("oo@", "oo:secret@") + "&password=secret"

    done = shell.json("restore", str(file), "--db", address)

    assert done["store"] == place.url
