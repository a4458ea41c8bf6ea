"""What a restore does to the file of an SQLite store, beyond what it does to any store."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oo.compose import compose, restored
from oo.domain.errors import InvalidBackup, StoreError
from oo.settings import Settings
from oo.usecases.app import App
from tests.people.test_erase import TITLE, everything, live, traces

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


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_who_may_read_the_store_stays_as_it_was(file: Path, path: Path, mode: int) -> None:
    path.chmod(mode)
    restored(settings(path), file, now_ms=NOW)
    assert stat.S_IMODE(path.stat().st_mode) == mode

    restored(settings(path.with_name("new.db")), file, now_ms=NOW)
    assert stat.S_IMODE(path.with_name("new.db").stat().st_mode) == 0o600


def test_of_whoever_was_erased_after_the_backup_the_file_has_no_trace(file: Path, path: Path) -> None:
    with store(path) as app:
        app.erase("yara", now_ms=NOW)

    restored(settings(path), file, now_ms=NOW)

    assert "yara" not in everything(path)
    assert traces(path, f"{TITLE} of yara") == 0


def test_a_store_that_cannot_say_who_was_erased_is_replaced_only_when_that_is_said(
    file: Path, path: Path
) -> None:
    path.write_bytes(b"x" * 10_000)

    with pytest.raises(StoreError, match="Who was erased since the backup is not known"):
        restored(settings(path), file, now_ms=NOW)
    assert path.read_bytes() == b"x" * 10_000

    done = restored(settings(path), file, now_ms=NOW, without_erasures=True)

    assert isinstance(done.aside, Path)
    assert done.aside.read_bytes() == b"x" * 10_000
    assert people(path) == ["bob", "yara"]


def test_a_store_in_the_place_of_its_own_backup_is_refused(file: Path) -> None:
    with pytest.raises(InvalidBackup, match="is the store itself"):
        restored(settings(file), file, now_ms=NOW)
