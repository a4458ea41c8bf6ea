"""A store in PostgreSQL from the shell and over HTTP: commands connect themselves, also while a service runs."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell.running import Shell
from tests.support.postgres import database
from tests.support.service import serving


@pytest.fixture
def address() -> Iterator[str]:
    with database() as made:
        yield made


def test_the_loop_runs_over_a_store_in_postgresql(shell: Shell, address: str) -> None:
    shell.json("users", "add", "ada", "--tz", "Europe/Berlin", "--db", address)
    shell.json("tasks", "add", "ada", "Call Grandma", "--db", address)

    tip = shell.json("recommend", "ada", "--db", address)
    answered = shell.json("feedback", tip["tip_id"], "done", "--db", address)

    assert tip["text"] == "Call Grandma"
    assert answered == {"status": "applied"}
    for command in (("check",), ("features", "verify")):
        ran = shell.process(*command, "--db", address)
        assert (ran.code, ran.err) == (0, ""), ran.out
    assert not shell.database.exists()


def test_a_command_runs_beside_the_service(shell: Shell, address: str, tmp_path: Path) -> None:
    with serving(tmp_path, OO_DATABASE=address) as service:
        ran = shell.process("users", "add", "ada", "--tz", "UTC", env={"OO_DATABASE": address})
        profile = service.client.get("/users/ada/profile").json()

    assert (ran.code, ran.err) == (0, "")
    assert profile["user_id"] == "ada"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("oo.db")] == []


def test_without_the_driver_the_extra_is_named(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "oo.adapters.sql.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)

    ran = shell.here("users", "list", "--db", "postgresql://oo@localhost/oo")

    assert ran.code == 1
    assert "needs psycopg, which is not installed" in ran.err
    assert "make extras, in a copy of the repository; pip install 'oo-tips[postgres]'" in ran.err


def test_a_url_of_another_kind_is_refused_with_both_kinds_and_without_its_password(shell: Shell) -> None:
    ran = shell.here("users", "list", "--db", "mysql://oo:secret@localhost/oo")

    assert ran.code == 1
    assert "sqlite:///FILE or postgresql://USER@HOST/NAME" in ran.err
    assert "secret" not in ran.err


def test_an_erasure_says_what_the_files_of_the_database_keep(shell: Shell, address: str) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC", "--db", address)

    answer = shell.json("erase", "ada", "--yes", "--db", address)
    again = shell.process("erase", "ada", "--yes", "--db", address)

    assert (answer["status"], answer["rows"] > 0, answer["purged"]) == ("erased", True, False)
    assert "VACUUM FULL" in answer["remains"]
    assert again.code == 0
    assert "VACUUM FULL" in again.err
    assert shell.json("users", "list", "--db", address) == {"users": []}
