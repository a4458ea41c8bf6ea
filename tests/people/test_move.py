"""A store moves from SQLite to PostgreSQL person by person, as docs/how-to/scale-out.md says."""

import zipfile
from pathlib import Path

from tests.shell.running import Shell
from tests.support.postgres import database

LIST = (
    "(A) 2026-08-01 Call the plumber +house due:2026-08-20\n(B) Write the report +work\nBuy milk @errands\n"
)


def lived(shell: Shell, user_id: str, *reactions: str) -> None:
    """Give somebody a list, and their answers to some tips of it."""
    file = shell.folder / "todo.txt"
    file.write_text(LIST, "utf-8")
    shell.json("import", str(file), "--user", user_id, "--tz", "Europe/Berlin")
    for reaction in reactions:
        tip = shell.json("recommend", user_id)
        shell.json("feedback", tip["tip_id"], reaction)


def exported(shell: Shell, user_id: str, place: Path, *store: str) -> bytes:
    shell.json("export", user_id, "--out", str(place), *store)
    return place.read_bytes()


def test_everybody_is_there_with_all_that_was_learned(shell: Shell, tmp_path: Path) -> None:
    lived(shell, "ada", "done", "dismiss")
    lived(shell, "bob", "snooze")
    with database() as url:
        for user in shell.json("users", "list")["users"]:
            user_id = user["user_id"]
            before = exported(shell, user_id, tmp_path / f"{user_id}.zip")
            with zipfile.ZipFile(tmp_path / f"{user_id}.zip") as content:
                content.extract("events.jsonl", tmp_path)
            shell.json("import", str(tmp_path / "events.jsonl"), "--db", url)

            assert exported(shell, user_id, tmp_path / "after.zip", "--db", url) == before
            now = ("profile", user_id, "--at", "2026-12-01T00:00:00Z")
            there, here = (shell.json(*now, *store)["features"] for store in (("--db", url), ()))
            assert {name: each["value"] for name, each in there.items()} == {
                name: each["value"] for name, each in here.items()
            }
        ran = shell.process("check", "--db", url)
        assert (ran.code, ran.err) == (0, ""), ran.out
