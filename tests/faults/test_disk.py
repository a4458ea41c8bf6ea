"""A full disk refuses writes in words, records nothing by halves, and holds up nobody once there is room again."""

import resource
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oo.domain.errors import StoreBusy
from oo.domain.facts import MoodCheckin, Reaction, TaskUpsert
from oo.domain.outcome import Fate
from oo.usecases.app import App
from tests.shell.running import OO, Shell

NOW = 1_788_247_800_000
WAIT_SEC = 30


def limit_pages(app: App, pages: int) -> None:
    """Let the database grow to so many pages and no more; at least those it has."""
    app.store.write(lambda transaction: transaction._runner.session.run(f"PRAGMA max_page_count={pages}", {}))  # type: ignore[attr-defined]


def fill(app: App) -> int:
    """Add tasks until the disk refuses one; return how many it took."""
    for number in range(10_000):
        task = TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=NOW, title="x" * 1000)
        try:
            app.tasks.add(task, now_ms=NOW)
        except StoreBusy:
            return number
    raise AssertionError


def test_a_full_disk_refuses_writes_and_goes_on_when_there_is_room(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    limit_pages(app, 1)
    fitting = fill(app)

    with pytest.raises(StoreBusy, match=r"could not be written .*is full.*nothing was recorded"):
        app.tasks.add(TaskUpsert(user_id="ada", task_id="k", at_ms=NOW, title="x" * 9000), now_ms=NOW)
    assert len(app.tasks.of("ada")) == fitting
    assert app.profiles.stored("ada", now_ms=NOW).user_id == "ada"
    facts = app.store.read(lambda reader: list(reader.facts("ada")))
    assert len(facts) == fitting + 1

    limit_pages(app, 1_000_000)
    app.tasks.add(TaskUpsert(user_id="ada", task_id="k", at_ms=NOW, title="x" * 1000), now_ms=NOW)
    assert len(app.tasks.of("ada")) == fitting + 1


def test_a_reaction_that_the_disk_refused_can_be_given_again(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    for number in range(3):
        app.tasks.add(TaskUpsert(user_id="ada", task_id=f"t{number}", at_ms=NOW, title="t"), now_ms=NOW)
    app.recommend("ada", now_ms=NOW, tip_id="tip")
    limit_pages(app, 1)
    fill(app)
    refused = 0
    for minute in range(10_000):
        try:
            app.feedback(
                "tip", Reaction.SNOOZE, now_ms=NOW + 1 + minute, snooze_until_ms=NOW + 10**6 + minute
            )
        except StoreBusy:
            refused = NOW + 1 + minute
            break
    assert refused
    before = app.store.read(lambda reader: reader.reactions("tip"))

    limit_pages(app, 1_000_000)
    assert app.feedback("tip", Reaction.DONE, now_ms=refused) is Fate.ACCEPTED

    assert len(app.store.read(lambda reader: reader.reactions("tip"))) == len(before) + 1
    assert app.store.read(lambda reader: list(app.learner.differences(reader, "ada"))) == []


def test_writes_that_share_the_refused_commit_are_each_refused(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    limit_pages(app, 1)
    fill(app)

    def write(number: int) -> str:
        try:
            app.ingest(
                [MoodCheckin(user_id="ada", at_ms=NOW, event_id=f"e{number}-{'x' * 5000}", score=0.5)],
                now_ms=NOW,
            )
        except StoreBusy:
            return "refused"
        return "recorded"

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(write, range(20), timeout=WAIT_SEC))

    moods = [
        fact
        for fact in app.store.read(lambda reader: list(reader.facts("ada")))
        if isinstance(fact, MoodCheckin)
    ]
    assert "refused" in answers
    assert answers.count("recorded") == len(moods)


def limited(shell: Shell, file_bytes: int, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run `oo` where no file may grow beyond so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, resource.RLIM_INFINITY))

    return subprocess.run(
        [OO, *arguments],
        env=shell.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
        preexec_fn=limit,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="has no resource limits")
@pytest.mark.parametrize("file_bytes", [0, 4096, 40_000, 80_000])
def test_a_disk_too_small_for_a_new_store_is_a_refusal(shell: Shell, file_bytes: int) -> None:
    ran = limited(shell, file_bytes, "users", "add", "ada", "--tz", "UTC")

    assert (ran.returncode, ran.stdout) == (1, ""), ran.stderr
    assert ran.stderr.startswith("oo: ")
    assert "Traceback" not in ran.stderr
    assert shell.json("users", "add", "ada", "--tz", "UTC")["status"] == "applied"


def test_a_write_that_the_system_cuts_short_is_refused_and_leaves_the_store_whole(
    shell: Shell, open_app: Callable[[], App], tmp_path: Path
) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC")
    list_file = tmp_path / "todo.txt"
    list_file.write_text("".join(f"Task number {number}, {'x' * 500}\n" for number in range(2_000)))

    ran = limited(shell, 600_000, "import", str(list_file), "--user", "ada")

    assert (ran.returncode, ran.stdout) == (1, ""), ran.stderr
    assert "could not be written" in ran.stderr
    assert "Traceback" not in ran.stderr
    app = open_app()
    kept = app.tasks.of("ada")
    assert len(app.store.read(lambda reader: list(reader.facts("ada")))) == len(kept) + 1
    app.close()
    report = shell.json("import", str(list_file), "--user", "ada")["files"][0]
    assert (report["accepted"], report["duplicate"]) == (2_000 - len(kept), len(kept))


def test_a_store_that_was_damaged_is_a_refusal(shell: Shell) -> None:
    for number in range(3):
        shell.json("users", "add", f"p{number}", "--tz", "UTC")
    with shell.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (shell.database.stat().st_size - 4096))

    for arguments in (["users", "list"], ["users", "add", "ada"], ["recommend", "p1"], ["profile", "p1"]):
        ran = shell.here(*arguments)

        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("oo: ")
