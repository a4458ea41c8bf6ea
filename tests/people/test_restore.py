"""A backup comes back checked, beside what was there, and without those who were erased since: on either database."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from oo.compose import restored
from oo.domain.errors import InvalidBackup, StoreBusy, StoreError, StoreTooNew
from oo.domain.facts import Reaction, TaskUpsert
from oo.domain.instant import DAY
from tests.people.test_erase import live
from tests.shell.running import Shell
from tests.support.places import PLACES, Place
from tests.support.process import wait_for
from tests.support.service import serving

NOW = 1_788_247_800_000
WAIT_SEC = 60


@pytest.fixture(params=PLACES)
def kind(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def place(kind: str, tmp_path: Path) -> Iterator[Place]:
    with PLACES[kind](tmp_path) as found:
        yield found


@pytest.fixture
def other(kind: str, tmp_path: Path) -> Iterator[Place]:
    """Another place, where there never was a store."""
    with PLACES[kind](tmp_path / "elsewhere", made=False) as found:
        yield found


@pytest.fixture
def file(tmp_path: Path, place: Place) -> Path:
    """A backup of a store in which two people live; the store is still there."""
    with place.store() as app:
        for user_id in ("yara", "bob"):
            live(app, user_id)
        app.back_up(str(tmp_path / "backup.db"))
    return tmp_path / "backup.db"


def test_a_new_place_gets_what_the_backup_holds(file: Path, place: Place, other: Place) -> None:
    done = restored(other.settings, file, now_ms=NOW)

    assert (str(done.place), done.people, done.erased, done.aside) == (shown(other), 2, 0, None)
    assert other.rows() == place.rows()
    with other.store() as new, place.store() as old:
        assert new.export("bob") == old.export("bob")
        assert new.people.add("eve", "UTC", now_ms=NOW), "and it can be written"
    assert (other.remains(), other.asides()) == ([], [])


def shown(place: Place) -> str:
    return place.url if place.on_postgresql else str(place.settings.sqlite_path())


def test_what_was_there_is_set_aside_whole(file: Path, place: Place) -> None:
    with place.store() as app:
        app.people.add("late", "UTC", now_ms=0)
    before = place.rows()

    done = restored(place.settings, file, now_ms=NOW)

    (aside,) = place.asides()
    assert done.aside is not None
    assert aside.url.endswith(str(done.aside))
    assert aside.rows() == before
    assert aside.people() == ["bob", "late", "yara"]
    assert place.people() == ["bob", "yara"]


def test_what_is_recorded_after_a_restore_gets_numbers_that_nothing_had(
    file: Path, place: Place, kind: str
) -> None:
    """The last event was published and forgotten before the backup: its number is not given again all the same."""
    with place.store() as app:
        app.store.write(lambda transaction: transaction.mark_published(range(1, 1000), NOW))
        app.store.write(lambda transaction: transaction.forget_published(NOW + 1))
        app.back_up(str(file), replace=True)
        app.people.add("eve", "UTC", now_ms=NOW)
    expected = place.ask("SELECT seq, key FROM outbox")

    restored(place.settings, file, now_ms=NOW)
    with place.store() as app:
        app.people.add("eve", "UTC", now_ms=NOW)
        live(app, "zoe")

    assert place.ask("SELECT seq, key FROM outbox WHERE user_id = 'eve'") == expected
    assert expected[0][0] > 1


def test_what_was_published_is_not_published_again(file: Path, place: Place, other: Place) -> None:
    with place.store() as app:
        waiting = app.store.read(lambda reader: reader.unpublished(1000))
        app.store.write(
            lambda transaction: transaction.mark_published([each.number for each in waiting[:-3]], NOW)
        )
        app.back_up(str(file), replace=True)

    restored(other.settings, file, now_ms=NOW)

    with other.store() as app:
        assert app.store.read(lambda reader: reader.unpublished(1000)) == waiting[-3:]


def test_whoever_was_erased_after_the_backup_stays_erased(file: Path, place: Place) -> None:
    with place.store() as app:
        app.erase("yara", now_ms=NOW)

    done = restored(place.settings, file, now_ms=NOW)

    assert (done.people, done.erased) == (1, 1)
    assert "yara" not in place.everything()
    with place.store() as app, pytest.raises(Exception, match="was erased"):
        app.people.add("yara", "UTC", now_ms=NOW)


def test_whoever_began_anew_gets_nothing_back_of_what_was_erased(file: Path, place: Place) -> None:
    with place.store() as app:
        app.erase("yara", now_ms=NOW)
        app.people.add("yara", "UTC", now_ms=NOW, again=True)

    restored(place.settings, file, now_ms=NOW)

    assert "yara" not in place.everything()
    with place.store() as app:
        assert app.people.add("yara", "UTC", now_ms=NOW), "the way is free, as it was"


def test_what_was_erased_before_the_backup_and_made_anew_since_is_kept(
    file: Path, place: Place, tmp_path: Path
) -> None:
    with place.store() as app:
        app.erase("yara", now_ms=NOW)
        app.people.add("yara", "Asia/Tokyo", now_ms=NOW, again=True)
        app.back_up(str(tmp_path / "later.db"))

    assert restored(place.settings, tmp_path / "later.db", now_ms=NOW).erased == 0
    assert place.people() == ["bob", "yara"]


def test_erasures_hold_across_stores_of_different_salts(
    file: Path, place: Place, other: Place, tmp_path: Path
) -> None:
    with other.store() as app:
        for user_id in ("eve", "yara"):
            app.people.add(user_id, "UTC", now_ms=0)
        app.erase("eve", now_ms=NOW)
        app.erase("yara", now_ms=NOW)
    with place.store() as app:
        app.people.add("zoe", "UTC", now_ms=0)
        app.erase("zoe", now_ms=NOW)
        app.back_up(str(tmp_path / "salted.db"))

    assert restored(other.settings, tmp_path / "salted.db", now_ms=NOW).erased == 1

    assert other.people() == ["bob"]
    with other.store() as app:
        for user_id in ("eve", "yara", "zoe"):
            with pytest.raises(Exception, match="was erased"):
                app.people.add(user_id, "UTC", now_ms=NOW)
        app.erase("bob", now_ms=NOW)
        assert app.people.all() == []


def test_a_service_that_has_the_place_is_not_disturbed(file: Path, place: Place, shell: Shell) -> None:
    with serving(shell.folder, OO_DATABASE=place.url) as service:
        ran = shell.process("restore", str(file), "--db", place.url)
        assert (ran.code, "nothing was changed" in ran.err) == (1, True), ran.err
        assert "Stop" in ran.err
        shell.json("users", "add", "late", "--tz", "UTC", "--db", place.url)
        assert service.client.get("/users/late/profile").status_code == 200

    assert place.people() == ["bob", "late", "yara"]
    assert place.asides() == []


def test_another_command_that_has_the_place_is_not_disturbed(file: Path, place: Place) -> None:
    with place.store(), pytest.raises(StoreBusy, match="nothing was changed"):
        restored(place.settings, file, now_ms=NOW)

    assert (place.asides(), place.remains()) == ([], [])
    assert restored(place.settings, file, now_ms=NOW).people == 2


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
    change(file, "UPDATE alembic_version SET version_num = '9999'")


def unreferenced(file: Path) -> None:
    change(file, "DELETE FROM users WHERE user_id = 'bob'")


def unlike_the_facts(file: Path) -> None:
    change(file, "UPDATE tasks SET title = 'Something else' WHERE user_id = 'bob'")


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement)


@pytest.mark.parametrize(
    "harm", [Path.unlink, emptied, foreign, cut, text, newer, unreferenced, unlike_the_facts]
)
def test_a_file_that_cannot_be_relied_on_changes_nothing(
    file: Path, place: Place, harm: Callable[[Path], object]
) -> None:
    with place.store() as app:
        app.people.add("late", "UTC", now_ms=0)
    harm(file)

    with pytest.raises((InvalidBackup, StoreTooNew, StoreError)):
        restored(place.settings, file, now_ms=NOW)

    assert place.people() == ["bob", "late", "yara"]
    assert (place.asides(), place.remains()) == ([], [])


def test_an_older_backup_is_migrated(place: Place, file: Path) -> None:
    """One from before tombstones: of those there are none then."""
    for newer in ("tombstones", "commits"):
        change(file, f"DROP TABLE {newer}")
    change(file, "UPDATE alembic_version SET version_num = '0004'")
    with place.store() as app:
        app.erase("yara", now_ms=NOW)

    assert restored(place.settings, file, now_ms=NOW).erased == 1

    assert place.people() == ["bob"]


STAGES = {
    "sqlite": ["before restore.tombstones", "before restore.put_into_place", "before backup.put"],
    "postgresql": [
        "after postgres_restore.Held._lock",
        "before postgres_restore.Held.tombstones",
        "after postgres_restore.upgrade",
        "after postgres_restore.into_postgres",
        "after postgres_restore.Held.load",
        "after postgres_restore.Held._move",
        "after postgres_restore.Held.put_into_place",
    ],
}
"""The last of each is just before what makes it so: a rename, a COMMIT."""
_DYING = """
import os, sys
from pathlib import Path
from oo.adapters.sql import backup, restore, {module}
from oo.compose import restored
from oo.settings import Settings
real = {stage}
def dies(*given, **named):
    if {after}:
        real(*given, **named)
    os.kill(os.getpid(), 9)
{stage} = dies
restored(Settings(database=sys.argv[1], busy_wait_sec=0), Path(sys.argv[2]), now_ms=int(sys.argv[3]))
"""


@pytest.mark.parametrize(
    ("kind", "moment"), [(kind, moment) for kind, moments in STAGES.items() for moment in moments]
)
def test_a_kill_at_any_stage_leaves_the_store_that_was(
    file: Path, place: Place, kind: str, moment: str
) -> None:
    when, stage = moment.split(" ")
    program = _DYING.format(module=stage.partition(".")[0], stage=stage, after=when == "after")
    with place.store() as app:
        app.people.add("late", "UTC", now_ms=0)

    command = [sys.executable, "-c", program, place.url, str(file), str(NOW)]
    assert subprocess.run(command, check=False, timeout=WAIT_SEC).returncode == -9

    if place.on_postgresql:
        wait_for(lambda: left_alone(place), lambda: "the database has not noticed")
        assert (place.asides(), place.remains()) == ([], [])
    assert place.people() == ["bob", "late", "yara"]
    assert restored(place.settings, file, now_ms=NOW + 1).people == 2
    assert place.people() == ["bob", "yara"]


def left_alone(place: Place) -> bool:
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return not place.ask(others)


def test_the_shell_says_what_became_of_it(file: Path, place: Place, other: Place, shell: Shell) -> None:
    shell.json("erase", "yara", "--yes", "--db", place.url)

    done = shell.json("restore", str(file), "--db", place.url)

    assert (done["store"], done["people"], done["erased"]) == (shown(place), 1, 1)
    assert place.asides()[0].url.endswith(done["set_aside"])
    ran = shell.here("restore", str(file), "--db", other.url)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "Restored: 2 people.\n"


def test_a_restore_goes_on_to_learn_and_to_serve(file: Path, place: Place) -> None:
    restored(place.settings, file, now_ms=NOW)

    with place.store() as app:
        later = NOW + 5 * DAY
        app.tasks.add(TaskUpsert(user_id="bob", task_id="new", at_ms=later, title="Call"), now_ms=later)
        app.recommend("bob", now_ms=later, tip_id="after", fresh=True)
        app.feedback("after", Reaction.DONE, now_ms=later + 1)
        assert app.ledger.differences("bob") == []
