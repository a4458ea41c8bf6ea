"""A store whose file is damaged: refused in words, set aside when asked, and never replaced or changed unasked."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from oo.adapters.sql import damage
from oo.adapters.sql.sqlite import SqliteStore
from oo.compose import compose
from oo.domain.errors import CorruptStore, StoreError
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.settings import Settings
from tests.shell.running import Shell

PEOPLE = 40
WRITING = """
import os, sys
from oo.compose import compose
from oo.settings import Settings
app = compose(Settings(database=f"sqlite:///{sys.argv[1]}"))
for number in range(int(sys.argv[2])):
    app.people.add(f"{sys.argv[3]}{number}", "UTC", now_ms=0)
os._exit(0)  # as a kill: the log stays beside the file
"""


def killed_in(path: Path, people: int = PEOPLE, prefix: str = "p") -> None:
    """Leave a store whose last commits are in the log beside its file."""
    if path.exists():
        _kill_in(path, people, prefix)
    else:
        _lay(path, _killed(people, prefix))
    assert damage.has_log(path)


def whole(path: Path) -> None:
    """Leave a store that was closed, with somebody who was erased."""
    _lay(path, _whole())


def _kill_in(path: Path, people: int, prefix: str) -> None:
    subprocess.run([sys.executable, "-c", WRITING, path, str(people), prefix], check=True, timeout=60)


@cache
def _killed(people: int, prefix: str) -> Mapping[str, bytes]:
    return _made(lambda path: _kill_in(path, people, prefix))


@cache
def _whole() -> Mapping[str, bytes]:
    def make(path: Path) -> None:
        app = compose(Settings(database=f"sqlite:///{path}"))
        for number in range(PEOPLE):
            app.people.add(f"p{number}", "UTC", now_ms=0)
        app.people.add("gone", "UTC", now_ms=0)
        app.erase("gone", now_ms=1)
        app.close()

    return _made(make)


def _made(make: Callable[[Path], None]) -> Mapping[str, bytes]:
    """Make a store, once for all tests; return what is in each of its files, by what their names end with."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder) / "oo.db")
        return {each.name.removeprefix("oo.db"): each.read_bytes() for each in Path(folder).glob("oo.db*")}


def _lay(path: Path, files: Mapping[str, bytes]) -> None:
    for suffix, content in files.items():
        Path(f"{path}{suffix}").write_bytes(content)


def garbage_header(path: Path) -> None:
    whole(path)
    with path.open("r+b") as file:
        file.write(os.urandom(100))


def cut_in_the_middle(path: Path) -> None:
    whole(path)
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def cut_within_a_page(path: Path) -> None:
    whole(path)
    os.truncate(path, path.stat().st_size - 1000)


def empty_beside_its_log(path: Path) -> None:
    killed_in(path)
    os.truncate(path, 0)


def gone_from_beside_its_log(path: Path) -> None:
    killed_in(path)
    path.unlink()


def cut_beside_its_log(path: Path) -> None:
    killed_in(path, 60)
    with closing(sqlite3.connect(path)) as connection:  # most of it is in the file, the newest in the log
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    killed_in(path, 2, "late")
    os.truncate(path, 3 * 4096)


def with_the_log_of_another(path: Path) -> None:
    whole(path)
    other = path.with_name("other.db")
    killed_in(other, 5, "other")
    shutil.copy(f"{other}-wal", f"{path}-wal")
    for each in path.parent.glob("other.db*"):
        each.unlink()


AT_OPEN: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (
        garbage_header,
        cut_in_the_middle,
        cut_within_a_page,
        empty_beside_its_log,
        gone_from_beside_its_log,
        cut_beside_its_log,
        with_the_log_of_another,
    )
}
"""What a start finds out."""


def a_page_overwritten(path: Path) -> None:
    whole(path)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'ix_outbox_published'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x0a" + os.urandom(200))


def a_wrong_index(path: Path) -> None:
    """Let an index say something else than its table: nothing that is read finds it, but the check does."""
    whole(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = replace(sql, '(published_at_ms,', '(created_at_ms,')"
            " WHERE name = 'ix_outbox_published'"
        )


BY_CHECK: dict[str, Callable[[Path], None]] = AT_OPEN | {
    each.__name__: each for each in (a_page_overwritten, a_wrong_index)
}
"""What reading the file whole finds."""


def content(path: Path) -> dict[str, bytes]:
    """Every file of the store, but for the shared memory, which holds nothing of its own."""
    every = (Path(f"{path}{suffix}") for suffix in ("", "-wal", "-journal"))
    return {each.name: each.read_bytes() for each in every if each.exists()}


def asides(path: Path) -> dict[str, bytes]:
    """What was set aside, under the names that it had."""
    found = sorted(path.parent.glob(f"{path.name}.corrupt.*"))
    return {
        path.name + suffix: each.read_bytes()
        for each in found
        for suffix in [next((end for end in ("-wal", "-shm") if each.name.endswith(end)), "")]
        if suffix != "-shm"
    }


@pytest.mark.parametrize(
    ("damaged", "command"),
    [
        *((damaged, ("serve", "--port", "0")) for damaged in AT_OPEN),
        ("cut_in_the_middle", ("users", "list")),
        ("with_the_log_of_another", ("repair",)),
    ],
)
def test_a_damaged_store_is_refused_by_name_with_what_to_do_and_left_as_it_is(
    shell: Shell, damaged: str, command: tuple[str, ...]
) -> None:
    AT_OPEN[damaged](shell.database)
    before = content(shell.database)

    ran = shell.process(*command)

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"oo: {shell.database} ")
    assert "oo restore F" in ran.err
    assert "oo repair --set-aside" in ran.err
    assert "Traceback" not in ran.err
    assert content(shell.database) == before


@pytest.mark.parametrize("damaged", BY_CHECK)
def test_it_is_set_aside_byte_for_byte_when_that_is_asked_for(shell: Shell, damaged: str) -> None:
    BY_CHECK[damaged](shell.database)
    before = content(shell.database)

    answer = shell.json("repair", "--set-aside")

    assert answer["problem"]
    assert answer["set_aside"].startswith(f"{shell.database}.corrupt.")
    assert asides(shell.database) == before
    assert shell.json("users", "list") == {"users": []}
    assert shell.json("users", "add", "ada", "--tz", "UTC")["status"] == "applied"
    again = shell.json("repair", "--set-aside")
    assert (again["problem"], again["set_aside"]) == (None, None)
    assert [person["user_id"] for person in shell.json("users", "list")["users"]] == ["ada"]


@pytest.mark.parametrize("damaged", BY_CHECK)
def test_a_backup_takes_its_place_and_it_is_set_aside(shell: Shell, damaged: str, tmp_path: Path) -> None:
    backed = Shell(tmp_path / "before")
    backed.folder.mkdir()
    backed.json("users", "add", "eve", "--tz", "UTC")
    backup = str(tmp_path / "backup.db")
    backed.json("backup", backup)
    BY_CHECK[damaged](shell.database)
    before = content(shell.database)

    answer = shell.json("restore", backup, "--without-erasures")

    assert answer["set_aside"].startswith(f"{shell.database}.corrupt.")
    assert asides(shell.database) == before
    assert [person["user_id"] for person in shell.json("users", "list")["users"]] == ["eve"]
    assert shell.process("check").code == 0


@pytest.mark.parametrize("damaged", [a_page_overwritten, a_wrong_index])
def test_what_only_reading_the_file_whole_finds_is_a_finding(
    shell: Shell, damaged: Callable[[Path], None]
) -> None:
    damaged(shell.database)

    ran = shell.process("check", "--json")

    assert ran.code == 1, ran
    (finding,) = ran.document["findings"]
    assert finding["kind"] == "store"
    assert "oo restore F" in finding["hint"]

    repaired = shell.process("repair")

    assert (repaired.code, repaired.out) == (1, "")
    assert "Nothing was rebuilt" in repaired.err


def test_a_store_that_is_whole_is_not_set_aside(shell: Shell) -> None:
    killed_in(shell.database)

    answer = shell.json("repair", "--set-aside")

    assert (answer["problem"], answer["set_aside"]) == (None, None)
    assert len(shell.json("users", "list")["users"]) == PEOPLE
    assert "stays where it is" in shell.here("repair", "--set-aside").out


def test_who_was_erased_stays_so_where_the_damaged_store_can_say_it(shell: Shell) -> None:
    a_wrong_index(shell.database)

    ran = shell.here("repair", "--set-aside")

    assert "It knows who was erased: 1 person." in ran.out
    refused = shell.here("users", "add", "gone", "--tz", "UTC")
    assert (refused.code, "was erased" in refused.err) == (1, True)


def test_where_it_cannot_say_who_was_erased_that_is_said(shell: Shell) -> None:
    garbage_header(shell.database)

    ran = shell.here("repair", "--set-aside")

    assert "Who was erased could not be read" in ran.err
    assert shell.json("users", "list") == {"users": []}


def test_setting_aside_is_of_the_whole_store_and_of_sqlite(shell: Shell) -> None:
    assert shell.here("repair", "--set-aside", "--user", "ada").code == 2
    refused = shell.here("repair", "--set-aside", "--db", "postgresql://oo@localhost/oo")
    assert (refused.code, "PostgreSQL" in refused.err) == (1, True)


def test_a_store_that_somebody_has_is_not_set_aside(shell: Shell) -> None:
    killed_in(shell.database)
    store = SqliteStore.open(shell.database, Registry(CATALOG))
    try:
        ran = shell.here("repair", "--set-aside")
    finally:
        store.close()

    assert (ran.code, "has the store" in ran.err) == (1, True)


def test_the_log_of_a_kill_is_taken_in(shell: Shell) -> None:
    killed_in(shell.database)

    assert len(shell.json("users", "list")["users"]) == PEOPLE
    assert not damage.has_log(shell.database)


def test_a_restore_beside_a_log_that_is_left_over_takes_nothing_from_it(shell: Shell, tmp_path: Path) -> None:
    whole(shell.database)
    shell.json("backup", str(tmp_path / "backup.db"))
    killed_in(shell.database, 5, "late")
    shell.database.unlink()

    shell.json("restore", str(tmp_path / "backup.db"), "--without-erasures")

    assert shell.process("check").code == 0
    assert len(shell.json("users", "list")["users"]) == PEOPLE


def test_an_empty_file_without_a_log_begins_a_store_and_that_is_said(shell: Shell) -> None:
    shell.database.touch()

    ran = shell.process("users", "add", "ada", "--tz", "UTC")

    assert ran.code == 0
    assert ran.err == f"{shell.database} was empty; a new store begins in it.\n"
    assert shell.process("users", "list").err == ""


def test_a_backup_that_is_damaged_is_refused_as_one(shell: Shell, tmp_path: Path) -> None:
    whole(shell.database)
    garbage_header(tmp_path / "backup.db")

    ran = shell.here("restore", str(tmp_path / "backup.db"))

    assert (ran.code, "set-aside" in ran.err) == (1, False)
    assert "Take another backup" in ran.err


def test_a_service_whose_store_is_damaged_while_it_runs_says_so(tmp_path: Path) -> None:
    path = tmp_path / "oo.db"
    whole(path)
    store = SqliteStore.open(path, Registry(CATALOG))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))

    with pytest.raises(CorruptStore, match="cannot be read as a store"):
        store.read(lambda reader: list(reader.people()))
    with pytest.raises(CorruptStore, match="nothing was recorded"):
        store.write(lambda transaction: list(transaction.people()))
    assert store.problem()
    store.close()


READING = "import os, sys; from oo.compose import compose; from oo.settings import Settings; "
READING += "os.geteuid() or os.setuid(65534); "  # root may read everything
READING += "compose(Settings(database='sqlite:///' + sys.argv[1], busy_wait_sec=0))"


def test_a_file_that_may_not_be_read_is_not_called_damaged() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole(folder / "oo.db")
        (folder / "oo.db").chmod(0)
        (folder / "oo.db.lock").chmod(0o666)
        folder.chmod(0o777)
        ran = subprocess.run(
            [sys.executable, "-c", READING, folder / "oo.db"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert ran.returncode == 1
    assert "oo.domain.errors.StoreError" in ran.stderr, ran.stderr
    assert "May this user read it" in ran.stderr
    assert "CorruptStore" not in ran.stderr


def test_a_folder_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "oo.db").mkdir()

    with pytest.raises(StoreError, match="cannot be read as a store") as raised:
        SqliteStore.open(tmp_path / "oo.db", Registry(CATALOG), wait_sec=0)

    assert type(raised.value) is StoreError
