"""What is promised of the SQLite adapter beyond the port: durability, one writer, and whose files it touches."""

import re
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, create_engine

from oo.adapters.sql.schema import REVISION
from oo.adapters.sql.sqlite import SqliteStore
from oo.adapters.sql.tables import metadata
from oo.adapters.sql.transaction import SqlTransaction
from oo.domain.errors import ConflictingFact, StoreBusy, StoreError, StoreTooNew
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import Reader, Transaction
from tests.contract.test_store import Hold, add, ids
from tests.shell.running import Shell

WAIT_SEC = 30


def open_sqlite(path: Path) -> SqliteStore:
    return SqliteStore.open(path, Registry(CATALOG), wait_sec=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "oo.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = open_sqlite(path)
    yield opened
    opened.close()


def pragma(of: Reader | Transaction, name: str) -> Any:
    """The value of a pragma on the very connection that the store reads or writes with."""
    assert hasattr(of, "_runner")
    return of._runner.session.run(f"PRAGMA {name}", {})[0][0]


def commits(path: Path) -> int:
    """How many commits the write-ahead log holds: frames that say how large the database is after them."""
    log = Path(f"{path}-wal").read_bytes()
    page_size, salt = struct.unpack(">I", log[8:12])[0], log[16:24]
    frames = (log[start : start + 24] for start in range(32, len(log), page_size + 24))
    return sum(frame[8:16] == salt and frame[4:8] != b"\0\0\0\0" for frame in frames)


def content(path: Path) -> dict[str, bytes]:
    found = (each for each in path.parent.iterdir() if each.is_file() and each.suffix != ".lock")
    return {each.name: each.read_bytes() for each in found}


def test_every_commit_reaches_the_disk_before_its_answer(store: SqliteStore) -> None:
    assert store.write(lambda transaction: pragma(transaction, "synchronous")) == 2, "FULL"
    assert store.write(lambda transaction: pragma(transaction, "journal_mode")) == "wal"


def test_foreign_keys_are_held(store: SqliteStore) -> None:
    assert store.write(lambda transaction: pragma(transaction, "foreign_keys")) == 1
    with pytest.raises(ConflictingFact):
        store.write(lambda transaction: transaction.add_reward("d1", "nobody", 1.0, 1, 1))


def test_what_reads_cannot_write(store: SqliteStore) -> None:
    def write_while_reading(reader: Reader) -> None:
        assert hasattr(reader, "_runner")
        add("ada")(SqlTransaction(reader._runner))

    with pytest.raises(StoreError, match="readonly"):
        store.read(write_while_reading)
    assert store.read(ids) == []


def test_what_was_answered_is_in_the_files(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for number in range(20):
        store.write(add(f"p{number:02}"))
        for name, found in content(path).items():
            if name in {"oo.db", "oo.db-wal"}:
                (copy / name).write_bytes(found)

        with closing(sqlite3.connect(copy / "oo.db")) as connection:
            assert connection.execute("SELECT count(*) FROM users").fetchone() == (number + 1,)
        for found_path in copy.iterdir():
            found_path.unlink()


def test_writes_that_wait_share_a_commit(store: SqliteStore, path: Path) -> None:
    store.write(add("first"))
    before = commits(path)

    hold = Hold(store)
    futures = [store.submit(add(f"p{number}")) for number in range(100)]
    hold.release()
    for future in futures:
        future.result(WAIT_SEC)

    # The held change writes nothing, so that its commit leaves no frame.
    assert commits(path) - before == 1
    assert len(store.read(ids)) == 101


def test_a_group_of_writes_is_bounded(store: SqliteStore, path: Path) -> None:
    store.write(add("first"))
    before = commits(path)

    hold = Hold(store)
    futures = [store.submit(add(f"p{number}")) for number in range(300)]
    hold.release()
    for future in futures:
        future.result(WAIT_SEC)

    assert commits(path) - before == 3


def test_a_lone_write_has_a_commit_of_its_own(store: SqliteStore, path: Path) -> None:
    store.write(add("first"))
    before = commits(path)

    for number in range(5):
        store.write(add(f"p{number}"))

    assert commits(path) - before == 5


def test_a_second_process_is_told_that_the_store_is_in_use(
    store: SqliteStore, path: Path, shell: Shell
) -> None:
    store.write(add("ada"))

    ran = shell.process("users", "list", env={"OO_BUSY_WAIT_SEC": "0.2"})

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"oo: Another process has the store {path}.\n    Wait until it has finished, or give another --db.\n"
    )
    store.write(add("bob"))
    assert store.read(ids) == ["ada", "bob"]


def test_a_second_process_waits_for_the_first_to_finish(path: Path, shell: Shell) -> None:
    store = open_sqlite(path)
    store.write(add("ada"))
    with shell.started("users", "list", "--json", stdout=subprocess.PIPE) as process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        store.close()
        out, _ = process.communicate(timeout=WAIT_SEC)

    assert (process.returncode, out) == (0, b'{"users": [{"user_id": "ada", "tz": "UTC"}]}\n')


def test_a_store_of_a_newer_version_is_refused_with_both_versions(path: Path) -> None:
    open_sqlite(path).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0999'")
    before = content(path)

    with pytest.raises(StoreTooNew, match=rf"schema 0999; this oO knows {REVISION}"):
        open_sqlite(path)

    assert content(path) == before


def foreign_database(path: Path, version: str | None) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE experiments (id INTEGER)")
        connection.execute("INSERT INTO experiments VALUES (1)")
        if version is not None:
            connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
            connection.execute("INSERT INTO alembic_version VALUES (?)", (version,))


@pytest.mark.parametrize("version", [None, "0000", "0001", "abc"])
def test_the_database_of_something_else_is_refused_and_left_alone(path: Path, version: str | None) -> None:
    foreign_database(path, version)
    before = content(path)

    with pytest.raises(StoreError, match="a database of something else") as raised:
        open_sqlite(path)

    assert type(raised.value) is StoreError
    assert content(path) == before


@pytest.mark.parametrize(
    "raw", [b"(A) Buy milk\n" * 1000, b"\0" * 5000, b"SQLite format 3\0" + b"\xff" * 5000, b"x\n"]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)

    with pytest.raises(StoreError, match="cannot be read as a store"):
        open_sqlite(path)

    assert content(path) == {"oo.db": raw}


def test_a_folder_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()

    with pytest.raises(StoreError, match="cannot be read as a store"):
        open_sqlite(path)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreError, match="cannot be made"):
        open_sqlite(tmp_path / "file" / "oo.db")


def test_what_was_refused_once_can_be_opened_when_it_is_right(path: Path) -> None:
    path.write_bytes(b"x\n")
    with pytest.raises(StoreError):
        open_sqlite(path)
    path.unlink()

    store = open_sqlite(path)
    store.write(add("ada"))
    store.close()


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()

    store = open_sqlite(path)
    store.write(add("ada"))

    assert store.read(ids) == ["ada"]
    store.close()


@pytest.mark.parametrize(
    "name", ["a?b.db", "a#b.db", "a%20b.db", "a b.db", "ü🎉.db", "a&mode=ro.db", "a'b.db"]
)
def test_any_name_of_a_file_is_the_name_of_a_store(tmp_path: Path, name: str) -> None:
    store = open_sqlite(tmp_path / name)
    store.write(add("ada"))
    store.close()

    assert {found.name for found in tmp_path.iterdir()} == {name, f"{name}.lock"}


def test_the_migrations_make_exactly_the_tables(store: SqliteStore, path: Path) -> None:
    engine = create_engine(URL.create("sqlite", database=str(path)))
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )

        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == REVISION
    engine.dispose()


def schema_of(path: Path) -> dict[str, list[str]]:
    """The words that declare each table and index, sorted: constraints may stand in any order."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL AND tbl_name <> 'alembic_version'"
        )
        return {name: sorted(re.findall(r"\w+", sql)) for name, sql in found}


def test_the_migrations_and_the_tables_declare_the_same_word_by_word(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    engine = create_engine(URL.create("sqlite", database=str(tmp_path / "declared.db")))
    metadata.create_all(engine)
    engine.dispose()

    assert schema_of(path) == schema_of(tmp_path / "declared.db")


def test_the_revision_that_is_checked_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("oo.adapters.sql") / "migrations"))

    assert ScriptDirectory.from_config(config).get_heads() == [REVISION]


def test_opening_again_runs_no_migration(path: Path) -> None:
    open_sqlite(path).close()
    before = content(path)
    program = (
        "import sys; from pathlib import Path; from oo.adapters.sql.sqlite import SqliteStore\n"
        "from oo.features.catalog import CATALOG; from oo.features.registry import Registry\n"
        "SqliteStore.open(Path(sys.argv[1]), Registry(CATALOG)).close()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] == 'alembic'))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True, timeout=WAIT_SEC
    )

    assert ran.stdout == "[]\n"
    assert content(path) == before


def test_a_migration_that_fails_leaves_nothing_behind(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(connection: Any) -> None:
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("oo.adapters.sql.schema.upgrade", stumble)
        with pytest.raises(RuntimeError):
            open_sqlite(path)

    assert schema_of(path) == {}
    open_sqlite(path).close()


def test_the_log_is_copied_into_the_database_between_writes_and_stays_small(
    store: SqliteStore, path: Path
) -> None:
    for number in range(200):
        store.write(add(f"p{number}"))

    assert Path(f"{path}-wal").stat().st_size < 100 * 4096
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as copied:
        assert copied.execute("SELECT count(*) FROM users").fetchone()[0] >= 150


def test_a_store_that_is_open_is_not_opened_a_second_time(store: SqliteStore, path: Path) -> None:
    with pytest.raises(StoreBusy, match="Another process has the store"):
        open_sqlite(path)

    store.write(add("ada"))
    assert store.read(ids) == ["ada"]
