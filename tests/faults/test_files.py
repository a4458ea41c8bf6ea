"""Files that are cut off, huge, hostile or no files at all: a clear answer, and never a traceback."""

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.shell.running import Ran, Shell

USER = b'{"type": "user", "user_id": "ada", "tz": "UTC"}\n'
SERVED = (
    b'{"type": "tip.served", "tip_id": "t%d", "user_id": "ada", '
    b'"at": "2026-09-01T07:30:00Z", "candidate_id": "c"}\n'
)


def imported(shell: Shell, tmp_path: Path, raw: bytes, *options: str) -> tuple[Ran, Any]:
    file = tmp_path / "log.jsonl"
    file.write_bytes(raw)
    ran = shell.here("import", str(file), "--json", *options)
    assert "Traceback" not in ran.err
    return ran, ran.document["files"][0] if ran.code == 0 or "files" in ran.out else ran.document


def test_a_line_that_was_cut_off_is_refused_and_the_others_are_kept(shell: Shell, tmp_path: Path) -> None:
    whole = USER + b"".join(SERVED % number for number in range(3))

    ran, report = imported(shell, tmp_path, whole + (SERVED % 3)[:-30])
    again, mended = imported(shell, tmp_path, whole + SERVED % 3)

    assert ran.code == 1
    assert (report["accepted"], report["refused"]) == (4, 1)
    assert report["refusals"][0]["line"] == 5
    assert "Not valid JSON" in report["refusals"][0]["message"]
    assert (again.code, mended["accepted"], mended["duplicate"]) == (0, 1, 4)


def test_a_line_of_ten_megabytes_is_refused_and_the_others_are_kept(shell: Shell, tmp_path: Path) -> None:
    long = b'{"type": "tip.served", "text": "' + b"x" * 10_000_000 + b'"}\n'

    ran, report = imported(shell, tmp_path, USER + long + SERVED % 1)

    assert ran.code == 1
    assert (report["accepted"], report["refused"]) == (2, 1)
    assert report["refusals"] == [
        {"line": 2, "message": "The line is longer than 1,048,576 bytes. Leave out what is not needed."}
    ]


def test_a_file_that_is_one_line_of_ten_megabytes_is_refused(shell: Shell, tmp_path: Path) -> None:
    ran, report = imported(shell, tmp_path, b'{"type": "' + b"x" * 10_000_000, "--format", "events")

    assert ran.code == 1
    assert (report["accepted"], report["refused"]) == (0, 1)


@pytest.mark.parametrize(
    "line",
    [
        b'{"type": "mood.checkin", "event_id": "e", "user_id": "ada", "at": "2026-09-01T07:30:00Z", "score": NaN}',
        b'{"type": "mood.checkin", "event_id": "e", "user_id": "ada", "at": "2026-09-01T07:30:00Z", "score": 1e999}',
        b'{"type": "user", "user_id": "a\\u0000b", "tz": "UTC"}',
        SERVED.rstrip()[:-1] % 9 + b', "text": "\\ud83c"}',
        b'{"type": "user", "user_id": "ad\xff", "tz": "UTC"}',
        b'{"type": "user", "user_id": "ada", "tz": "UTC"}\0',
        b'{"type": "user", "user_id": "ada", "tz": "../../etc/passwd"}',
        b'{"type": "user", "user_id": "ada", "tz": "UTC", "at": "99999-01-01T00:00:00Z"}',
        b'{"type": "user", ' * 5_000,
        b"[" * 100_000,
        b'{"type": "user", "user_id": "ada", "tz": "UTC", "at": ' + b"9" * 100_000 + b"}",
        b'{"type": "user", "user_id": "ada", "user_id": "bob", "tz": "UTC"}',
        b'{"type": {"a": 1}, "user_id": "ada"}',
        b"null",
    ],
)
def test_a_hostile_line_is_refused_with_its_number_and_a_reason(
    shell: Shell, tmp_path: Path, line: bytes
) -> None:
    ran, report = imported(shell, tmp_path, USER + line + b"\n" + SERVED % 1, "--format", "events")

    assert ran.code == 1
    assert (report["accepted"], report["refused"], report["refusals"][0]["line"]) == (2, 1, 2)
    assert report["refusals"][0]["message"]


@pytest.mark.parametrize("form", [(), ("--format", "events"), ("--format", "todotxt", "--user", "ada")])
@pytest.mark.parametrize("seed", range(4))
def test_random_bytes_are_refused(shell: Shell, tmp_path: Path, form: tuple[str, ...], seed: int) -> None:
    file = tmp_path / "garbage.bin"
    file.write_bytes(random.Random(seed).randbytes(20_000))

    ran = shell.here("import", str(file), *form)

    assert ran.code == 1
    assert ran.err
    assert "Traceback" not in ran.err


def test_half_of_random_bytes_in_a_list_leaves_the_other_lines(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "todo.txt"
    file.write_bytes(b"Buy milk\nC\xff\xfell\0 Ada\n\xed\xa0\x80 half\nWrite\n")

    ran = shell.here("import", str(file), "--user", "ada", "--json")

    assert ran.code == 1
    assert [refusal["line"] for refusal in json.loads(ran.out)["files"][0]["refusals"]] == [2, 3]
    assert {task["title"] for task in shell.json("tasks", "list", "ada")["tasks"]} == {"Buy milk", "Write"}


def test_a_pipe_is_refused_instead_of_waited_for(shell: Shell, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    ran = shell.process("import", str(tmp_path / "pipe"), "--user", "ada")

    assert (ran.code, ran.out) == (1, "")
    assert "is not a file" in ran.err
    assert not shell.database.exists()


@pytest.mark.parametrize("name", ["", "nothing.txt", "todo.txt/inside"])
def test_what_is_no_file_is_refused_before_anything_is_written(
    shell: Shell, tmp_path: Path, name: str
) -> None:
    (tmp_path / "todo.txt").write_text("Buy milk\n")

    ran = shell.here("import", str(tmp_path / "todo.txt"), str(tmp_path / name), "--user", "ada")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("oo: ")
    assert not shell.database.exists()


@pytest.mark.parametrize("name", ["[bold] :tada:.txt", "[b", "a\nb.txt", "\udcff.txt"])
def test_any_name_of_a_file_can_be_imported(shell: Shell, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("Buy milk\n")

    said = shell.process("import", str(file), "--user", "ada", env={"LC_ALL": "C.UTF-8"})
    shown = shell.process("import", str(file), "--user", "ada", "--json", env={"LC_ALL": "C.UTF-8"})

    assert (said.code, said.err) == (0, "")
    assert shown.document["files"][0]["duplicate"] == 1


def test_an_empty_file_has_nothing_in_it(shell: Shell, tmp_path: Path) -> None:
    ran, report = imported(shell, tmp_path, b"")

    assert ran.code == 0
    assert (report["accepted"], report["refused"]) == (0, 0)


def test_a_line_that_waited_and_is_refused_when_its_tip_comes_is_reported_then(
    shell: Shell, tmp_path: Path
) -> None:
    (tmp_path / "feedback.jsonl").write_text(
        '{"type": "user", "user_id": "ada", "tz": "UTC"}\n'
        '{"type": "tip.feedback", "tip_id": "t1", "user_id": "ada", "at": "2026-09-01T00:00:00Z", "reaction": "done"}\n'
    )
    (tmp_path / "tip.jsonl").write_text(
        '{"type": "tip.served", "tip_id": "t1", "user_id": "ada", "at": "2026-09-02T00:00:00Z", "candidate_id": "c"}\n'
    )
    shell.json("import", str(tmp_path / "feedback.jsonl"))

    ran = shell.here("import", str(tmp_path / "tip.jsonl"), "--json")

    (report,) = ran.document["files"]
    assert (ran.code, report["accepted"], report["refused"]) == (1, 1, 1)
    (refusal,) = report["refusals"]
    assert refusal["line"] is None
    assert "feedback:ada/t1" in refusal["message"]
    assert "before its tip was served" in refusal["message"]


def test_refusals_are_told_in_the_order_of_the_file(shell: Shell, tmp_path: Path) -> None:
    lines = [
        '{"type": "user", "user_id": "ada", "tz": "UTC"}',
        '{"type": "tip.feedback", "tip_id": "t", "user_id": "ada", "at": "2026-09-01T00:00:00Z", "reaction": "done"}',
        "no line",
        '{"type": "tip.served", "tip_id": "t", "user_id": "ada", "at": "2026-09-02T00:00:00Z", "candidate_id": "c"}',
    ]
    (tmp_path / "log.jsonl").write_text("\n".join(lines))

    ran = shell.here("import", str(tmp_path / "log.jsonl"), "--format", "events", "--json")

    assert [refusal["line"] for refusal in ran.document["files"][0]["refusals"]] == [2, 3]


def test_a_list_that_cannot_be_read_makes_nobody(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"Buy milk")

    ran = shell.here("import", str(tmp_path / "list.txt"), "--user", "ada", "--encoding", "no-such-encoding")

    assert ran.code == 1
    assert shell.json("users", "list") == {"users": []}
