"""A backup comes back checked, beside what was there, and without those who were erased since."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from oo.compose import compose, restored
from oo.domain.errors import InvalidBackup, StoreBusy, StoreError, StoreTooNew
from oo.settings import Settings
from oo.usecases.app import App
from tests.people.test_erase import TITLE, everything, live, traces
from tests.shell.running import Shell
from tests.shell.test_through_service import serving_process

NOW = 1_788_247_800_000


def settings(path: Path) -> Settings:
    return Settings(database=f"sqlite:///{path}", busy_wait_sec=0)


@contextmanager
def store(path: Path) -> Iterator[App]:
    app = compose(settings(path))
    try:
        yield app
    finally:
        app.close()


def people(path: Path) -> list[str]:
    with store(path) as app:
        return [person.user_id for person in app.people.all()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "oo.db"


@pytest.fixture
def file(tmp_path: Path, path: Path) -> Path:
    """A backup of a store in which two people live; the store is still there."""
    with store(path) as app:
        for user_id in ("yara", "bob"):
            live(app, user_id)
        app.back_up(str(tmp_path / "backup.db"))
    return tmp_path / "backup.db"


def asides(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.before-restore.*"))


def test_a_new_place_gets_what_the_backup_holds(file: Path, path: Path, tmp_path: Path) -> None:
    place = tmp_path / "elsewhere" / "new.db"

    done = restored(settings(place), file, now_ms=NOW)

    assert (done.place, done.people, done.erased, done.aside) == (place, 2, 0, None)
    with store(place) as new, store(path) as old:
        assert new.export("bob") == old.export("bob")
        assert new.people.add("eve", "UTC", now_ms=NOW), "and it can be written"
    assert [each.name for each in place.parent.iterdir() if each.name.startswith(".")] == []


def test_what_was_there_is_set_aside_whole(file: Path, path: Path) -> None:
    with store(path) as app:
        app.people.add("late", "UTC", now_ms=0)

    done = restored(settings(path), file, now_ms=NOW)

    assert asides(path) == [done.aside]
    assert done.aside is not None
    assert people(done.aside) == ["bob", "late", "yara"]
    assert people(path) == ["bob", "yara"]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_who_may_read_the_store_stays_as_it_was(file: Path, path: Path, mode: int) -> None:
    path.chmod(mode)
    restored(settings(path), file, now_ms=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == mode

    restored(settings(path.with_name("new.db")), file, now_ms=NOW)
    assert stat.S_IMODE(path.with_name("new.db").stat().st_mode) == 0o600


def test_whoever_was_erased_after_the_backup_stays_erased(file: Path, path: Path) -> None:
    with store(path) as app:
        app.erase("yara", now_ms=NOW)

    done = restored(settings(path), file, now_ms=NOW)

    assert (done.people, done.erased) == (1, 1)
    assert "yara" not in everything(path)
    assert traces(path, f"{TITLE} of yara") == 0
    with store(path) as app, pytest.raises(Exception, match="was erased"):
        app.people.add("yara", "UTC", now_ms=NOW)


def test_whoever_began_anew_gets_nothing_back_of_what_was_erased(file: Path, path: Path) -> None:
    with store(path) as app:
        app.erase("yara", now_ms=NOW)
        app.people.add("yara", "UTC", now_ms=NOW, again=True)

    restored(settings(path), file, now_ms=NOW)

    assert "yara" not in everything(path)
    with store(path) as app:
        assert app.people.add("yara", "UTC", now_ms=NOW), "the way is free, as it was"


def test_what_was_erased_before_the_backup_and_made_anew_since_is_kept(
    file: Path, path: Path, tmp_path: Path
) -> None:
    with store(path) as app:
        app.erase("yara", now_ms=NOW)
        app.people.add("yara", "Asia/Tokyo", now_ms=NOW, again=True)
        app.back_up(str(tmp_path / "later.db"))

    assert restored(settings(path), tmp_path / "later.db", now_ms=NOW).erased == 0
    assert people(path) == ["bob", "yara"]


def test_erasures_hold_across_stores_of_different_salts(file: Path, path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with store(other) as app:
        for user_id in ("eve", "yara"):
            app.people.add(user_id, "UTC", now_ms=0)
        app.erase("eve", now_ms=NOW)
        app.erase("yara", now_ms=NOW)
    with store(path) as app:
        app.people.add("zoe", "UTC", now_ms=0)
        app.erase("zoe", now_ms=NOW)
        app.back_up(str(tmp_path / "salted.db"))

    assert restored(settings(other), tmp_path / "salted.db", now_ms=NOW).erased == 1

    assert people(other) == ["bob"]
    with store(other) as app:
        for user_id in ("eve", "yara", "zoe"):
            with pytest.raises(Exception, match="was erased"):
                app.people.add(user_id, "UTC", now_ms=NOW)
        app.erase("bob", now_ms=NOW)
        assert app.people.all() == []


def test_a_service_that_holds_the_place_is_not_disturbed(file: Path, shell: Shell) -> None:
    with serving_process(shell):
        ran = shell.process("restore", str(file))
        assert ran.code == 1
        assert "nothing was changed" in ran.err
        shell.json("users", "add", "late", "--tz", "UTC")

    assert people(shell.database) == ["bob", "late", "yara"]
    assert asides(shell.database) == []


def test_another_command_that_holds_the_place_is_not_disturbed(file: Path, path: Path) -> None:
    with store(path), pytest.raises(StoreBusy):
        restored(settings(path), file, now_ms=NOW)

    assert asides(path) == []


def emptied(file: Path) -> None:
    file.write_bytes(b"")


def foreign(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE something (else_ TEXT)")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def text(file: Path) -> None:
    file.write_text("no database at all")


def newer(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def unreferenced(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DELETE FROM users WHERE user_id = 'bob'")


def unlike_the_facts(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE tasks SET title = 'Something else' WHERE user_id = 'bob'")


@pytest.mark.parametrize(
    "harm", [Path.unlink, emptied, foreign, cut, text, newer, unreferenced, unlike_the_facts]
)
def test_a_file_that_cannot_be_relied_on_changes_nothing(
    file: Path, path: Path, harm: Callable[[Path], object]
) -> None:
    with store(path) as app:
        app.people.add("late", "UTC", now_ms=0)
    harm(file)

    with pytest.raises((InvalidBackup, StoreTooNew, StoreError)):
        restored(settings(path), file, now_ms=NOW)

    assert people(path) == ["bob", "late", "yara"]
    assert asides(path) == []
    assert [each.name for each in path.parent.iterdir() if "restore" in each.name] == []


def test_a_store_that_cannot_say_who_was_erased_is_replaced_only_when_that_is_said(
    file: Path, path: Path
) -> None:
    path.write_bytes(b"x" * 10_000)

    with pytest.raises(StoreError, match="Who was erased since the backup is not known"):
        restored(settings(path), file, now_ms=NOW)
    assert path.read_bytes() == b"x" * 10_000

    done = restored(settings(path), file, now_ms=NOW, without_erasures=True)

    assert done.aside is not None
    assert done.aside.read_bytes() == b"x" * 10_000
    assert people(path) == ["bob", "yara"]


def test_a_store_in_the_place_of_its_own_backup_is_refused(file: Path) -> None:
    with pytest.raises(InvalidBackup, match="is the store itself"):
        restored(settings(file), file, now_ms=NOW)


STAGES = ["restore.tombstones", "restore.put_into_place", "backup.put"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_kill_at_any_stage_leaves_the_store_that_was_or_the_one_restored(
    file: Path, path: Path, stage: str
) -> None:
    module, name = stage.split(".")
    program = (
        f"import os; from pathlib import Path; from oo.adapters.sql import backup, restore; "
        f"from oo.compose import restored; from oo.settings import Settings; "
        f"{module}.{name} = lambda *_, **__: os.kill(os.getpid(), 9); "
        f"restored(Settings(database='sqlite:///{path}', busy_wait_sec=0), Path('{file}'), now_ms={NOW})"
    )
    with store(path) as app:
        app.people.add("late", "UTC", now_ms=0)

    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == -9

    assert people(path) == ["bob", "late", "yara"]
    assert restored(settings(path), file, now_ms=NOW + 1).people == 2
    assert people(path) == ["bob", "yara"]


def test_the_shell_says_what_became_of_it(file: Path, path: Path, shell: Shell) -> None:
    shell.json("erase", "yara", "--yes")

    done = shell.json("restore", str(file))

    assert (done["store"], done["people"], done["erased"]) == (str(path), 1, 1)
    assert Path(done["set_aside"]) in asides(path)
    ran = shell.here("restore", str(file), "--db", str(shell.folder / "new.db"))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Restored: 2 people.\n"
