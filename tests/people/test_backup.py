"""A backup is the store as it was at one instant: whole, read again, and there at once or not at all."""

import json
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from oo.adapters.sql import backup
from oo.compose import compose
from oo.domain.errors import FileInTheWay, InvalidBackup, StoreError
from oo.settings import Settings
from oo.usecases.app import App
from tests.api.calling import ok, send, task, user
from tests.shell.running import OO, TIMEOUT_SEC, Shell
from tests.support.places import PLACES, Place, in_file
from tests.support.service import Service, serving

NOW = 1_788_247_800_000
BACKUPS = 4


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with PLACES[request.param](tmp_path) as found:
        yield found


@pytest.fixture
def either(place: Place) -> Iterator[App]:
    """The App over a store on either database; `app` is over SQLite."""
    with place.store() as found:
        yield found


def invariant(path: Path) -> int:
    """Open a backup as a store, hold everyone against their facts, and return how many people there are."""
    app = compose(Settings(database=f"sqlite:///{path}", busy_wait_sec=0))
    try:
        people = [person.user_id for person in app.people.all()]
        assert [broken for user_id in people for broken in app.ledger.differences(user_id)] == []
        return len(people)
    finally:
        app.close()


@contextmanager
def writing(service: Service) -> Iterator[list[int]]:
    """Let somebody write through the service inside the block; yields the numbers of what was answered."""
    answered: list[int] = []
    over = threading.Event()

    def act() -> None:
        while not over.is_set():
            number = len(answered)
            send(service.client, user(f"p{number}"), task(f"p{number}", "k1"))
            tip = ok(service.client.post("/recommend", json={"user_id": f"p{number}"}))
            ok(service.client.post("/feedback", json={"tip_id": tip["tip_id"], "reaction": "done"}))
            answered.append(number)

    thread = threading.Thread(target=act)
    thread.start()
    try:
        yield answered
    finally:
        over.set()
        thread.join()


def wait_for(answered: list[int], count: int) -> None:
    until = time.monotonic() + TIMEOUT_SEC
    while len(answered) < count:
        assert time.monotonic() < until, "nothing was answered"
        time.sleep(0.01)


def test_a_backup_is_taken_while_a_service_holds_the_store_and_writes(tmp_path: Path, place: Place) -> None:
    with serving(tmp_path, OO_DATABASE=place.url) as service:
        with writing(service) as answered:
            for number in range(BACKUPS):
                wait_for(answered, 5 * (number + 1))
                before = len(answered)
                made = service.shell.json("backup", str(tmp_path / f"{number}.db"), "--db", place.url)
                assert before <= made["rows"]["users"] <= len(answered) + 1
        assert len(answered) > 5 * BACKUPS

    for number in range(BACKUPS):
        assert invariant(tmp_path / f"{number}.db") >= 5 * (number + 1)


def test_it_is_one_file_for_its_owner_alone_and_says_what_it_holds(shell: Shell, place: Place) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC", "--db", place.url)
    file = shell.folder / "backups" / "one.db"
    file.parent.mkdir()

    made = shell.json("backup", str(file), "--db", place.url)

    assert made["file"] == str(file)
    assert made["bytes"] == file.stat().st_size
    assert made["rows"]["users"] == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("SELECT user_id FROM users").fetchall() == [("ada",)]


def test_a_backup_is_a_store_that_any_command_opens(shell: Shell, place: Place) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC", "--db", place.url)
    shell.json("backup", str(shell.folder / "one.db"), "--db", place.url)

    assert in_file(shell.folder / "one.db").rows() == place.rows()
    assert shell.json("users", "list", "--db", str(shell.folder / "one.db"))["users"][0]["user_id"] == "ada"


def test_a_file_that_is_there_is_kept_unless_that_is_asked_for(shell: Shell, place: Place) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC", "--db", place.url)
    file = shell.folder / "one.db"
    file.write_text("mine")

    ran = shell.here("backup", str(file), "--json", "--db", place.url)

    assert (ran.code, ran.document["error"]["code"]) == (1, "file_in_the_way")
    assert file.read_text() == "mine"
    shell.json("backup", str(file), "--force", "--db", place.url)
    assert invariant(file) == 1


def test_a_file_that_appears_meanwhile_is_kept_too(
    either: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, verify = tmp_path / "one.db", backup.verified

    def appears(draft: Path) -> object:
        file.write_text("theirs")
        return verify(draft)

    monkeypatch.setattr(backup, "verified", appears)
    with pytest.raises(FileInTheWay):
        either.back_up(str(file))

    assert file.read_text() == "theirs"


@pytest.mark.parametrize("where", ["nowhere/one.db", "."])
def test_a_place_that_cannot_be_written_is_refused_in_words(either: App, tmp_path: Path, where: str) -> None:
    with pytest.raises((StoreError, FileInTheWay), match=r"cannot be written|is there already"):
        either.back_up(str(tmp_path / where))

    assert not [each for each in tmp_path.iterdir() if "draft" in each.name]


class Filling:
    """A database whose copy fills the disk."""

    def backup(self, target: sqlite3.Connection, *, pages: int) -> None:
        del pages
        target.execute("PRAGMA max_page_count=1")
        target.execute("CREATE TABLE more (text)")


def test_a_full_disk_is_said_to_be_where_the_copy_goes(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"A copy of the store cannot be written in .*full.*Make room there"):
        backup.copy(Filling(), tmp_path / "monday.db")  # type: ignore[arg-type]


def test_a_copy_that_differs_from_the_store_is_not_put_into_place(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    copy = backup.copy

    def lossy(source: sqlite3.Connection, to: Path) -> None:
        copy(source, to)
        with closing(sqlite3.connect(to)) as connection, connection:
            connection.execute("DELETE FROM outbox")

    monkeypatch.setattr(backup, "copy", lossy)
    with pytest.raises(StoreError, match="differs from the store"):
        app.back_up(str(tmp_path / "one.db"))

    assert not (tmp_path / "one.db").exists()
    monkeypatch.setattr(backup, "copy", copy)
    app.back_up(str(tmp_path / "one.db"))
    assert invariant(tmp_path / "one.db") == 1


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3 * 4096] = b"\xff" * 3 * 4096
    path.write_bytes(content)


def orphaned(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("DELETE FROM sqlite_master WHERE name = 'ix_tasks_live'")


def unreferenced(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM users")


def test_what_is_written_while_the_copy_is_made_is_in_the_next_one(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    copy = backup.copy

    def meanwhile(source: sqlite3.Connection, to: Path) -> None:
        app.people.add("late", "UTC", now_ms=0)
        copy(source, to)

    monkeypatch.setattr(backup, "copy", meanwhile)
    assert app.back_up(str(tmp_path / "one.db")).rows["users"] == 1
    monkeypatch.setattr(backup, "copy", copy)
    assert app.back_up(str(tmp_path / "two.db")).rows["users"] == 2


@pytest.mark.parametrize("harm", [damaged, orphaned, unreferenced])
def test_verifying_finds_what_is_wrong_with_a_file(
    app: App, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    app.back_up(str(tmp_path / "one.db"))
    harm(tmp_path / "one.db")

    with pytest.raises(InvalidBackup):
        backup.verified(tmp_path / "one.db")


def test_a_kill_in_the_middle_leaves_no_half_backup(shell: Shell, place: Place) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC", "--db", place.url)
    file = shell.folder / "one.db"
    program = (
        "import os; from pathlib import Path; from oo.adapters.sql import backup; "
        "from oo.compose import compose; from oo.settings import Settings; "
        "backup.verified = lambda file: os.kill(os.getpid(), 9); "
        f"compose(Settings(database='{place.url}')).back_up('{file}')"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, timeout=TIMEOUT_SEC)

    assert ended.returncode == -signal.SIGKILL
    assert not file.exists()
    assert shell.json("backup", str(file), "--db", place.url)["rows"]["users"] == 1


def test_a_service_that_is_killed_at_any_moment_leaves_whole_backups_alone(tmp_path: Path) -> None:
    places = [tmp_path / f"{number}.db" for number in range(6)]
    with serving(tmp_path) as service, writing_until_killed(service):
        for number, place in enumerate(places):
            running = subprocess.Popen(
                [OO, "backup", str(place)],
                env=service.shell.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if number == len(places) - 1:
                time.sleep(0.25)
                service.process.kill()
            running.wait(TIMEOUT_SEC)

    made = [place for place in places if place.exists()]
    assert len(made) >= len(places) - 1
    for place in made:
        invariant(place)
    assert json.loads(service.shell.process("check", "--json").out)["ok"]


@contextmanager
def writing_until_killed(service: Service) -> Iterator[None]:
    """Keep a service busy inside the block; that it goes is no failure."""

    def act() -> None:
        number = 0
        while True:
            number += 1
            try:
                send(service.client, user(f"p{number}"), task(f"p{number}", "k1"))
            except Exception:  # noqa: BLE001  # whichever way the connection ends
                return

    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    yield
    thread.join(TIMEOUT_SEC)
