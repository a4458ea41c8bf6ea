"""What a command does when its output goes nowhere, its terminal is narrow, its locale old, or it is interrupted."""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

from oo.domain.outcome import Fate
from tests.shell.running import OO, Shell

WAIT_SEC = 30
TITLE = "Feed the 🐈 of Zoë — today"
PEOPLE = 300


@pytest.fixture
def peopled(shell: Shell) -> Shell:
    """A shell with a person who has a task of many characters."""
    shell.json("users", "add", "ada", "--tz", "UTC")
    shell.json("tasks", "add", "ada", TITLE)
    return shell


@pytest.mark.parametrize(
    "command",
    [
        ["features", "list"],
        ["features", "list", "--json"],
        ["users", "list"],
        ["users", "list", "--json"],
        ["tasks", "list", "ada"],
        ["recommend", "ada", "--explain"],
        ["profile", "ada"],
        ["--help"],
        ["--version"],
    ],
    ids=" ".join,
)
def test_a_reader_that_went_away_gets_no_traceback(peopled: Shell, command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ran = subprocess.run(
            [OO, *command],
            env=peopled.environment,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            timeout=WAIT_SEC,
        )
    finally:
        os.close(writing)

    assert ran.stderr == b""
    assert ran.returncode in {0, 1}


def test_the_first_lines_of_a_long_answer_can_be_taken_alone(peopled: Shell) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"{OO} features list | head -1"],
        env=peopled.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=WAIT_SEC,
    )

    assert ran.stderr == ""
    assert ran.stdout.startswith("feature")
    assert ran.stdout.count("\n") == 1


@pytest.mark.parametrize("command", [["users", "list"], ["users", "list", "--json"], ["recommend", "ada"]])
def test_an_output_that_is_full_is_said_in_words(peopled: Shell, command: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run(
            [OO, *command],
            env=peopled.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=WAIT_SEC,
        )

    assert ran.returncode == 1
    assert ran.stderr.startswith(b"oo: ")
    assert b"Traceback" not in ran.stderr


def test_an_output_that_is_closed_harms_nothing(peopled: Shell) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"{OO} users list >&- && {OO} tasks list ada >&-"],
        env=peopled.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
    )

    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "cp1252"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "command",
    [["tasks", "list", "ada"], ["recommend", "ada", "--explain"]],
    ids=" ".join,
)
def test_a_locale_without_unicode_can_show_any_title(
    peopled: Shell, locale: dict[str, str], command: list[str]
) -> None:
    ran = peopled.process(*command, env=locale)
    shown = peopled.process(*command, "--json", env=locale)

    assert (ran.code, ran.err) == (0, "")
    assert (shown.code, shown.err) == (0, "")
    json.loads(shown.out)


def test_a_title_given_under_an_old_locale_is_kept_or_refused_in_words(peopled: Shell) -> None:
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    ran = peopled.process("tasks", "add", "ada", TITLE, env=old)

    assert ran.code in {0, 1}
    assert "Traceback" not in ran.err


def on_terminal(shell: Shell, columns: int, *command: str) -> tuple[int, str]:
    """Run `oo` on a terminal so wide; return its exit code and what the terminal showed."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    environment = {**shell.environment, "TERM": "xterm", "NO_COLOR": "1"}
    with subprocess.Popen(
        [OO, *command], env=environment, stdin=inner, stdout=inner, stderr=inner
    ) as process:
        os.close(inner)
        shown = b""
        try:
            while part := os.read(outer, 65_536):
                shown += part
        except OSError:  # how Linux says that nobody has the terminal any more
            pass
        finally:
            os.close(outer)
        return process.wait(WAIT_SEC), shown.decode()


@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_a_table_fits_the_terminal_and_loses_nothing(peopled: Shell, columns: int) -> None:
    code, shown = on_terminal(peopled, columns, "profile", "ada")

    lines = re.sub(r"\x1b\[[\d;]*m", "", shown).splitlines()
    assert code == 0
    assert max(map(len, lines)) <= columns
    assert "…" not in shown
    first = [line.split(" ")[0] for line in lines]
    assert "completion_rate_30d" in "".join(first)


def test_a_progress_bar_is_shown_on_a_terminal_whatever_the_file_is_called(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "[b.txt"
    file.write_text("Buy milk\n")

    code, shown = on_terminal(shell, 80, "import", str(file), "--user", "ada")

    assert code == 0
    assert "Traceback" not in shown
    assert "1 new" in shown


def big_log(path: Path) -> int:
    """Write a log that takes some seconds to import; return how many lines it has."""
    lines = [json.dumps({"type": "user", "user_id": f"p{number}", "tz": "UTC"}) for number in range(PEOPLE)]
    lines += [
        json.dumps(
            {
                "type": "tip.served",
                "tip_id": f"t{number}",
                "user_id": f"p{number % PEOPLE}",
                "at": "2026-09-01T07:30:00Z",
                "candidate_id": "c",
            }
        )
        for number in range(100_000)
    ]
    path.write_text("\n".join(lines) + "\n")
    return len(lines)


def test_an_import_that_is_interrupted_keeps_what_was_committed(shell: Shell, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    lines = big_log(log)
    write_ahead = Path(f"{shell.database}-wal")
    with shell.started("import", str(log), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + WAIT_SEC
        while not (write_ahead.exists() and write_ahead.stat().st_size > 500_000):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_SEC)

    assert (process.returncode, out, err.strip()) == (130, b"", b"Stopped.")
    people = len(shell.json("users", "list")["users"])
    assert 0 < people <= PEOPLE
    small = tmp_path / "small.jsonl"
    small.write_text("\n".join(log.read_text().splitlines()[: PEOPLE + 100]) + "\n")
    report = shell.json("import", str(small))["files"][0]
    assert report[Fate.DUPLICATE] > 0
    assert report[Fate.ACCEPTED] + report[Fate.DUPLICATE] == PEOPLE + 100 < lines
