"""What a backup of a store in PostgreSQL does beyond what every backup does: it copies row by row."""

import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Table

from oo.adapters.sql import backup
from oo.adapters.sql.postgres_rows import Row, Tally, into_sqlite
from oo.domain.errors import StoreClosed, StoreError, StoreTooNew
from oo.ports import BackedUp
from oo.usecases.app import App
from tests.people.test_erase import live
from tests.support.places import Place, database_place, in_file

NOW = 1_788_247_800_000


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with database_place(tmp_path) as found:
        yield found


@pytest.fixture
def app(place: Place) -> Iterator[App]:
    with place.store() as found:
        live(found, "ada")
        yield found


def test_nobody_waits_for_it_and_it_waits_for_nobody(
    app: App, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer that holds rows, and one that comes while rows are copied, are none of its business."""
    came: list[bool] = []

    def meanwhile(connection: sqlite3.Connection, table: Table, rows: Iterable[Row]) -> None:
        came.append(app.people.add("late", "UTC", now_ms=0))
        into_sqlite(connection, table, rows)

    monkeypatch.setattr("oo.adapters.sql.postgres_backup.into_sqlite", meanwhile)
    with psycopg.connect(place.url) as writer:
        writer.execute("UPDATE tip_scores SET chosen = 7")
        made = app.back_up(str(tmp_path / "one.db"))

    assert came[:2] == [True, False]
    assert made.rows["users"] == 1
    assert in_file(tmp_path / "one.db").people() == ["ada"]
    assert app.back_up(str(tmp_path / "two.db")).rows["users"] == 2


def test_it_takes_as_long_as_it_takes(app: App, place: Place, tmp_path: Path) -> None:
    """Whatever this user's sessions are otherwise allowed."""
    hurried = Place(f"{place.url}&options=-cidle_in_transaction_session_timeout%3D100")

    with hurried.store() as over:
        made = over.back_up(str(tmp_path / "one.db"), progress=lambda *_: time.sleep(0.4))
    assert made.rows["users"] == 1


def test_it_tells_how_many_rows_of_how_many_are_copied(app: App, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    made = app.back_up(str(tmp_path / "one.db"), progress=lambda done, of: told.append((done, of)))

    rows = sum(made.rows.values()) - made.rows["alembic_version"]
    assert told == [(rows, rows)]


def test_more_rows_than_are_fetched_at_once_are_all_there(app: App, place: Place, tmp_path: Path) -> None:
    place.ask(
        "INSERT INTO outbox (subject, key, user_id, created_at_ms)"
        " SELECT 'signals.user', 'k' || n, 'ada', n FROM generate_series(1, 7001) AS n"
    )

    app.back_up(str(tmp_path / "one.db"))

    assert in_file(tmp_path / "one.db").rows() == place.rows()


def lossy(connection: sqlite3.Connection, table: Table, rows: Iterable[Row]) -> None:
    into_sqlite(connection, table, rows)
    if table.name == "rewards":
        connection.execute("UPDATE rewards SET reward = 0.25 WHERE seq = 1")


def test_a_row_that_reads_back_otherwise_is_no_backup(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oo.adapters.sql.postgres_backup.into_sqlite", lossy)

    with pytest.raises(StoreError, match="differs from the store in the table rewards"):
        app.back_up(str(tmp_path / "one.db"))

    assert list(tmp_path.iterdir()) == []


def test_what_the_file_cannot_hold_is_no_backup(app: App, place: Place, tmp_path: Path) -> None:
    """A number that is none is null to SQLite; oO writes none such."""
    place.ask("UPDATE rewards SET reward = 'NaN' WHERE seq = 1")

    with pytest.raises(StoreError, match="differs from the store in the table rewards"):
        app.back_up(str(tmp_path / "one.db"))


def test_a_table_that_is_lacking_is_no_backup(app: App, place: Place, tmp_path: Path) -> None:
    place.ask("DROP TABLE dead_events")

    with pytest.raises(StoreError, match="could not be copied"):
        app.back_up(str(tmp_path / "one.db"))

    assert list(tmp_path.iterdir()) == []


def test_a_store_that_was_migrated_meanwhile_is_left_to_a_newer_version(
    app: App, place: Place, tmp_path: Path
) -> None:
    place.ask("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StoreTooNew, match="9999"):
        app.back_up(str(tmp_path / "one.db"))


def test_a_connection_that_is_lost_leaves_no_file(
    app: App, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = backup.verified

    def going(connection: Any, table: Table, rows: Iterable[Row]) -> None:
        place.ask(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        )
        into_sqlite(connection, table, rows)

    with monkeypatch.context() as patch:
        patch.setattr("oo.adapters.sql.postgres_backup.into_sqlite", going)
        with pytest.raises(StoreError, match="could not be copied"):
            app.back_up(str(tmp_path / "one.db"))

    assert list(tmp_path.iterdir()) == []
    assert isinstance(app.back_up(str(tmp_path / "one.db")), BackedUp)
    assert verify(tmp_path / "one.db").rows["users"] == 1


def test_a_closed_store_is_not_backed_up(place: Place, tmp_path: Path) -> None:
    with place.store() as app:
        pass

    with pytest.raises(StoreClosed, match="Nothing was backed up"):
        app.back_up(str(tmp_path / "one.db"))


@pytest.mark.parametrize(
    "other", [[], [(1, "a")], [(1, "a"), (1, "a")], [(1, "b"), (2, "a")], [(1, "a"), (2, None)]]
)
def test_a_tally_tells_rows_apart_and_not_their_order(other: list[Row]) -> None:
    rows: list[Row] = [(1, "a"), (2, "b")]

    assert Tally().of(rows) == Tally().of(reversed(rows))
    assert Tally().of(rows) != Tally().of(other)
