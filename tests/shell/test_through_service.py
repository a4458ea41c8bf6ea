"""While a service holds the store, commands run through it: the same answers, the same refusals, and nothing lost."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from oo import __version__
from oo.adapters.remote.service import Service
from oo.compose import compose
from oo.domain.errors import StoreClosed, StoreError
from oo.domain.facts import TaskUpsert
from oo.settings import Settings
from oo.usecases.app import App
from tests.shell import serving
from tests.shell.running import Ran, Shell
from tests.shell.test_streams import big_log

WAIT_SEC = 30
NOW = 1_788_247_800_000

SAYING_THE_SAME = [
    ["users", "list"],
    ["users", "add", "ada", "--tz", "Europe/Berlin"],
    ["users", "add", "bob", "--tz", "Nowhere/City"],
    ["users", "add", "a/b"],
    ["tasks", "list", "ada"],
    ["tasks", "list", "nobody"],
    ["tasks", "add", "nobody", "Buy milk"],
    ["tasks", "add", "ada", "  "],
    ["tasks", "add", "ada", "Buy milk", "--due", "2026-02-30"],
    ["tasks", "done", "ada", "nothing"],
    ["recommend", "nobody"],
    ["recommend", "ada", "--at", "2026-09-01T07:30:00Z"],
    ["recommend", "\udcff"],
    ["feedback", "nothing", "done"],
    ["feedback", "no/id", "done"],
    ["profile", "nobody"],
    ["profile", "nobody", "--rebuild"],
    ["profile", "ada", "--at", "2026-09-01T07:30:00Z"],
    ["profile", "ada", "--at", "2026-09-01"],
    ["import", "nothing.txt", "--user", "ada"],
    ["recommend"],
]
"""Commands whose answer holds nothing of the moment, and that leave the store as it was."""


def begun(shell: Shell, **options: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, serving.__file__],
        env=shell.environment | options,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@contextmanager
def serving_process(shell: Shell) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that serves the shell's store; ended at the end, if it still is there."""
    with begun(shell) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"serving\n", process.communicate()
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=WAIT_SEC)


@pytest.fixture
def service(shell: Shell) -> Iterator["subprocess.Popen[bytes]"]:
    with serving_process(shell) as process:
        yield process


def file(shell: Shell) -> Path:
    return Path(f"{shell.database}.service")


def settings(shell: Shell, busy_wait_sec: float = 0) -> Settings:
    return Settings(database=f"sqlite:///{shell.database}", busy_wait_sec=busy_wait_sec)


def is_held(shell: Shell) -> bool:
    """Whether a process has the store: then an App over it can only be one that asks that process."""
    app = compose(settings(shell))
    app.close()
    return isinstance(app.store, Service)


def test_the_loop_runs_through_the_service(shell: Shell, service: "subprocess.Popen[bytes]") -> None:
    assert shell.json("users", "add", "ada", "--tz", "Europe/Berlin")["status"] == "applied"
    shell.json("tasks", "add", "ada", "Buy milk", "--due", "2026-09-02")
    tip = shell.json("recommend", "ada", "--explain")
    assert tip["text"] == "Buy milk"
    assert len(tip["explanation"]["ranking"]) == 1
    assert shell.json("recommend", "ada")["tip_id"] == tip["tip_id"]
    assert shell.json("feedback", tip["tip_id"], "done") == {"status": "applied"}
    assert shell.json("feedback", tip["tip_id"], "done") == {"status": "duplicate"}
    assert shell.json("recommend", "ada")["reason"] == "no open task: 1 done"

    for options in ([], ["--rebuild"], ["--stored"], ["--at", "2199-09-01T07:30:00Z"]):
        assert shell.json("profile", "ada", *options)["user_id"] == "ada"
    assert shell.json("profile", "ada")["features"]["completion_rate_30d"]["value"] == 1.0
    ran = shell.process("users", "list")
    assert (ran.code, ran.err) == (0, "")
    assert "Europe/Berlin" in ran.out

    assert service.poll() is None
    assert is_held(shell)


def test_what_went_through_the_service_is_there_without_it(shell: Shell) -> None:
    with serving_process(shell):
        shell.json("users", "add", "ada", "--tz", "Europe/Berlin")
        task = shell.json("tasks", "add", "ada", "Buy milk")

    assert not is_held(shell)
    assert shell.json("tasks", "list", "ada")["tasks"] == [task]


def test_a_list_is_imported_through_the_service_with_its_refusals_and_once(
    shell: Shell, service: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    (tmp_path / "todo.txt").write_text("(A) Buy milk\nCall the plumber due:never\nx 2026-09-01 Done\n")
    command = ["import", str(tmp_path / "todo.txt"), "--user", "ada", "--tz", "Asia/Tokyo"]

    first, second = shell.process(*command), shell.process(*command, "--json")

    assert (first.code, second.code) == (1, 1)
    assert first.out.startswith("todo.txt: 2 new or changed, 1 refused.")
    assert "line 2: 'due:never' is not a date" in first.err
    report = second.document["files"][0]
    assert (report["accepted"], report["duplicate"], report["refused"]) == (0, 2, 1)
    assert shell.json("users", "list") == {"users": [{"user_id": "ada", "tz": "Asia/Tokyo"}]}
    assert is_held(shell)


def test_every_command_says_through_the_service_what_it_says_without(shell: Shell) -> None:
    shell.json("users", "add", "ada", "--tz", "Europe/Berlin")
    commands = [[*words, *form] for words in SAYING_THE_SAME for form in ([], ["--json"])]
    direct = [shell.here(*command) for command in commands]

    with serving_process(shell):
        assert is_held(shell)
        through = [shell.here(*command) for command in commands]

    assert dict(zip(map(" ".join, commands), through, strict=True)) == dict(
        zip(map(" ".join, commands), direct, strict=True)
    )
    assert {ran.code for ran in direct} == {0, 1, 2}


def test_a_refusal_ends_a_process_as_it_does_without_a_service(shell: Shell) -> None:
    direct = shell.process("recommend", "nobody", "--json")

    with serving_process(shell):
        through = shell.process("recommend", "nobody", "--json")

    assert through == direct
    assert (direct.code, direct.document["error"]["code"]) == (1, "unknown_user")


def test_the_store_may_be_named_by_a_link(
    shell: Shell, service: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    link = tmp_path / "elsewhere.db"
    link.symlink_to(shell.database)

    assert shell.json("users", "add", "ada", "--tz", "UTC", "--db", str(link))["status"] == "applied"
    assert shell.json("users", "list")["users"] == [{"user_id": "ada", "tz": "UTC"}]


def test_the_file_beside_the_store_is_for_its_owner_alone_and_goes_with_the_service(shell: Shell) -> None:
    with serving_process(shell) as process:
        found = json.loads(file(shell).read_text())
        assert file(shell).stat().st_mode & 0o777 == 0o600
        assert found.keys() == {"version", "pid", "port", "key"}
        assert (found["version"], found["pid"], len(found["key"])) == (__version__, process.pid, 64)

        process.terminate()
        assert process.wait(WAIT_SEC) == 0
        assert not file(shell).exists()


def test_after_a_kill_the_next_command_opens_the_store_itself(shell: Shell) -> None:
    with serving_process(shell) as process:
        shell.json("users", "add", "ada", "--tz", "UTC")
        process.kill()
        process.wait(WAIT_SEC)
    assert file(shell).exists()

    ran = shell.process("users", "list", "--json")

    assert ran.document == {"users": [{"user_id": "ada", "tz": "UTC"}]}
    with serving_process(shell):
        assert shell.json("users", "list") == ran.document
    assert not file(shell).exists()


def test_a_second_service_is_refused_and_the_first_goes_on(
    shell: Shell, service: "subprocess.Popen[bytes]"
) -> None:
    with begun(shell) as second:
        out, err = second.communicate(timeout=WAIT_SEC)

    assert (second.returncode, out) == (1, b"")
    assert f"A service has the store {shell.database} already (process {service.pid}).".encode() in err
    assert shell.json("users", "list") == {"users": []}


def test_a_service_and_a_command_of_different_versions_say_so(
    shell: Shell, service: "subprocess.Popen[bytes]"
) -> None:
    file(shell).write_text(json.dumps(json.loads(file(shell).read_text()) | {"version": "0.0.1"}))

    ran = shell.process("users", "list")

    assert (ran.code, ran.out) == (1, "")
    assert f"is of oO 0.0.1, and this is {__version__}." in ran.err
    assert "use the same version" in ran.err
    assert "Traceback" not in ran.err


def test_a_service_that_hangs_holds_a_command_up_for_a_moment_only(
    shell: Shell, service: "subprocess.Popen[bytes]"
) -> None:
    service.send_signal(signal.SIGSTOP)
    try:
        ran = shell.process("users", "list", env={"OO_BUSY_WAIT_SEC": "0"})
    finally:
        service.send_signal(signal.SIGCONT)

    assert (ran.code, ran.out) == (1, "")
    assert "Another process has the store" in ran.err


def test_commands_that_come_at_once_are_all_answered(
    shell: Shell, service: "subprocess.Popen[bytes]"
) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC")

    running = [shell.started("tasks", "add", "ada", f"T {n}", stdout=subprocess.PIPE) for n in range(6)]
    for process in running:
        process.communicate(timeout=WAIT_SEC)

    assert [process.returncode for process in running] == [0] * 6
    titles = {task["title"] for task in shell.json("tasks", "list", "ada")["tasks"]}
    assert titles == {f"T {n}" for n in range(6)}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_command_that_is_ended_in_the_middle_harms_nothing(
    shell: Shell, service: "subprocess.Popen[bytes]", tmp_path: Path, how: signal.Signals
) -> None:
    log = tmp_path / "log.jsonl"
    lines = big_log(log)
    with shell.started("import", str(log), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + WAIT_SEC
        while not shell.json("users", "list")["users"]:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(how)
        _, err = process.communicate(timeout=WAIT_SEC)

    assert (process.returncode, err.strip()) == ((130, b"Stopped.") if how == signal.SIGINT else (-how, b""))
    small = tmp_path / "small.jsonl"
    small.write_text("\n".join(log.read_text().splitlines()[:500]) + "\n")
    report = shell.json("import", str(small))["files"][0]
    assert report["accepted"] + report["duplicate"] == 500 < lines
    assert report["duplicate"] > 0
    assert service.poll() is None


@dataclass(slots=True)
class Acting:
    """Adds tasks through a service, one after the other, until it ends; remembers which were answered."""

    app: App
    acknowledged: list[str] = field(default_factory=list)
    ended: StoreError | None = None
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._act)
        self.thread.start()

    def _act(self) -> None:
        for number in range(1_000_000):
            name = f"k{number}"
            try:
                task = TaskUpsert(user_id="ada", task_id=name, at_ms=NOW, title="T")
                self.app.tasks.add(task, now_ms=NOW)
            except StoreError as error:
                self.ended = error
                return
            self.acknowledged.append(name)

    def finish(self) -> None:
        self.thread.join(WAIT_SEC)
        self.app.close()


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_service_that_ends_under_its_commands_loses_nothing_that_was_answered(
    shell: Shell, how: signal.Signals, seed: int
) -> None:
    chance = random.Random(seed)
    with serving_process(shell) as process:
        app = compose(settings(shell))
        app.people.add("ada", "UTC", now_ms=0)
        acting = Acting(app)
        time.sleep(chance.uniform(0.05, 0.4))
        process.send_signal(how)
        process.wait(WAIT_SEC)
        acting.finish()

    app = compose(settings(shell))
    recorded = {task.task_id for task in app.tasks.of("ada")}
    app.close()
    assert acting.acknowledged
    assert acting.ended is not None
    if how == signal.SIGTERM:
        assert isinstance(acting.ended, StoreClosed)
        assert "nothing was recorded" in str(acting.ended)
        assert recorded == set(acting.acknowledged)
    else:
        assert set(acting.acknowledged) <= recorded
        assert len(recorded) - len(acting.acknowledged) <= 1, "one may have been under way"


def test_commands_while_services_come_and_go_are_answered_or_say_why_not(shell: Shell) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC")
    stop = threading.Event()
    ended: list[tuple[str, Ran]] = []

    def act() -> None:
        while not stop.is_set():
            title = os.urandom(4).hex()
            ended.append((title, shell.process("tasks", "add", "ada", title)))

    thread = threading.Thread(target=act)
    thread.start()
    try:
        for _ in range(2):
            with serving_process(shell):
                time.sleep(1)
    finally:
        stop.set()
        thread.join(WAIT_SEC)

    titles = {task["title"] for task in shell.json("tasks", "list", "ada")["tasks"]}
    assert {title for title, ran in ended if ran.code == 0} <= titles
    for title, ran in ended:
        assert ran.code == 0 or (ran.err.startswith("oo: ") and title not in titles), ran.err


def test_a_command_is_no_slower_through_a_service_than_without(shell: Shell) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC")
    shell.json("tasks", "add", "ada", "Buy milk")

    direct = min(recommending_sec(shell) for _ in range(10))
    with serving_process(shell):
        through = min(recommending_sec(shell) for _ in range(10))

    assert through < direct


def recommending_sec(shell: Shell) -> float:
    began = time.perf_counter()
    app = compose(settings(shell))
    app.recommend("ada", now_ms=NOW, tip_id=os.urandom(8).hex())
    app.close()
    return time.perf_counter() - began
