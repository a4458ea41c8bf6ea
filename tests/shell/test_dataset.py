"""oo dataset build: the answer, each refusal, and the same through a service that holds the store."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from oo.domain.instant import DAY, LATEST, parse_instant
from tests.shell.running import Shell
from tests.shell.test_through_service import is_held, serving_process
from tests.support.training import rows, sql, write_spine

NOON = parse_instant("2026-09-01T12:00:00Z")
LOG = (
    {"type": "user", "user_id": "ada", "tz": "Europe/Berlin"},
    *(
        {
            "type": "tip.served",
            "tip_id": f"t{number}",
            "user_id": "ada",
            "at": f"2026-09-01T0{number}:00:00Z",
            "candidate_id": "k1",
            "candidates": [{"id": "k1", "is_overdue": False, "task_age_days": 1.0, "priority": 1}],
            "profile_features": {"tip_volume_30d": 100 + number},
        }
        for number in range(5)
    ),
    {
        "type": "tip.feedback",
        "tip_id": "t0",
        "user_id": "ada",
        "at": "2026-09-01T00:05:00Z",
        "reaction": "done",
    },
)
REFUSALS: dict[str, tuple[str, str, str]] = {
    "no user_id": ("SELECT 1 AS at_ms", "invalid_spine", "no column 'user_id'; it has at_ms"),
    "no at_ms": ("SELECT 'ada' AS user_id", "invalid_spine", "no column 'at_ms'"),
    "people as numbers": ("SELECT 1 AS user_id, 1 AS at_ms", "invalid_spine", "user_id is INTEGER"),
    "instants as timestamps": (
        "SELECT 'ada' AS user_id, now() AS at_ms",
        "invalid_spine",
        "at_ms is TIMESTAMP WITH TIME ZONE",
    ),
    "instants as reals": ("SELECT 'ada' AS user_id, 1e12 AS at_ms", "invalid_spine", "at_ms is DOUBLE"),
    "nobody": (
        "SELECT unnest(['ada', NULL]) AS user_id, 1 AS at_ms",
        "invalid_spine",
        "Row 2 of the spine has no user_id, the first of 1.",
    ),
    "at no time": (
        "SELECT 'ada' AS user_id, unnest([1, NULL, NULL]) AS at_ms",
        "invalid_spine",
        "Row 2 of the spine has no at_ms, the first of 2.",
    ),
    "before 1970": (
        "SELECT 'ada' AS user_id, -1 AS at_ms",
        "invalid_spine",
        "outside the years 1970 to 9999",
    ),
    "after 9999": (
        f"SELECT 'ada' AS user_id, {LATEST + 1} AS at_ms",
        "invalid_spine",
        "outside the years 1970 to 9999",
    ),
    "nanoseconds": (
        "SELECT 'ada' AS user_id, 18446744073709551615::UBIGINT AS at_ms",
        "invalid_spine",
        "outside the years 1970 to 9999",
    ),
    "a column of a feature's name": (
        "SELECT 'ada' AS user_id, 1 AS at_ms, 0.5 AS Tip_Volume_30d",
        "invalid_spine",
        "'tip_volume_30d' already",
    ),
    "a column of DuckDB's": (
        "SELECT 'ada' AS user_id, 1 AS at_ms, 1 AS file_row_number",
        "invalid_spine",
        "'file_row_number'",
    ),
}


def known(shell: Shell) -> None:
    log = shell.folder / "log.jsonl"
    log.write_text("\n".join(map(json.dumps, LOG)) + "\n")
    shell.json("import", str(log))


def command(shell: Shell, *options: str) -> list[str]:
    return [
        *("dataset", "build", "--spine", str(shell.folder / "s.parquet")),
        *("--out", str(shell.folder / "d.parquet"), *options),
    ]


def left(shell: Shell) -> set[str]:
    """Everything that is no store's."""
    return {file.name for file in shell.folder.iterdir() if not file.name.startswith("oo.db")}


def refused(shell: Shell, *arguments: str) -> dict[str, Any]:
    """Run what has to be refused, with a hint, leaving nothing."""
    before = left(shell)

    ran = shell.here(*arguments, "--json")

    assert ran.code == 1
    assert left(shell) == before
    error: dict[str, Any] = ran.document["error"]
    assert error["hint"]
    assert "Traceback" not in ran.err
    return error


def test_it_says_what_it_wrote_and_where(shell: Shell) -> None:
    known(shell)
    write_spine(shell.folder / "s.parquet", [("ada", NOON), ("bob", NOON), ("ada", NOON)])

    ran = shell.process(*command(shell, "--features", "tip_volume_30d, completion_rate_30d"))

    assert (ran.code, ran.err) == (0, "")
    assert "d.parquet: 3 rows, 2 features.\n" in ran.out
    assert [tuple(row.values()) for row in rows(shell.folder / "d.parquet")] == [
        ("ada", NOON, 5.0, 0.2),
        ("bob", NOON, 0.0, 0.0),
        ("ada", NOON, 5.0, 0.2),
    ]
    document = shell.json(*command(shell, "--as-known", "--logged"))
    assert document["manifest"] == f"{document['file']}.manifest.json"
    assert json.loads(Path(document["manifest"]).read_text()).items() <= document.items()


@pytest.mark.parametrize("what", REFUSALS)
def test_a_spine_that_cannot_be_one_is_refused_and_nothing_written(shell: Shell, what: str) -> None:
    query, code, said = REFUSALS[what]
    sql(query, shell.folder / "s.parquet")

    error = refused(shell, *command(shell))

    assert error["code"] == code
    assert said in error["message"]


def test_files_that_are_none_are_refused(shell: Shell) -> None:
    assert "There is no file" in refused(shell, *command(shell))["message"]
    spine = shell.folder / "s.parquet"
    spine.write_text("user_id,at_ms\nada,1\n")
    assert "cannot be read as Parquet" in refused(shell, *command(shell))["message"]
    spine.unlink()
    spine.mkdir()
    assert "There is no file" in refused(shell, *command(shell))["message"]


@pytest.mark.parametrize("place", ["nowhere/d.parquet", "folder", "s.parquet"])
def test_places_where_nothing_can_be_written_are_refused(shell: Shell, place: str) -> None:
    write_spine(shell.folder / "s.parquet", [("ada", NOON)])
    (shell.folder / "folder").mkdir()

    error = refused(shell, *command(shell), "--out", str(shell.folder / place))

    assert error["code"] == "offline_error"
    assert rows(shell.folder / "s.parquet") == [{"user_id": "ada", "at_ms": NOON}]


@pytest.mark.parametrize("engine", ["spark", "", "duckdb:"])
def test_an_engine_that_there_is_not_is_refused_with_what_there_is(shell: Shell, engine: str) -> None:
    error = refused(shell, *command(shell, "--engine", engine))

    assert error["code"] == "invalid_setting"
    assert "There is: duckdb." in error["message"]
    assert not shell.database.exists()


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ("tip_volume", "Closest: 'tip_volume_30d'"),
        ("hour_of_day", "Add --logged"),
        ("priority", "Leave it out"),
        ("tasks", "Leave it out"),
    ],
)
def test_features_that_have_no_past_are_refused(shell: Shell, features: str, said: str) -> None:
    write_spine(shell.folder / "s.parquet", [("ada", NOON)])

    assert said in refused(shell, *command(shell, "--features", features))["hint"]


def test_without_the_engine_it_says_how_to_get_it(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "oo.adapters.sql.duckdb", raising=False)
    monkeypatch.setitem(sys.modules, "duckdb", None)

    error = refused(shell, *command(shell))

    assert (error["code"], error["hint"]) == (
        "invalid_setting",
        "Install it: make extras, in a copy of the repository; pip install 'oo-tips[offline]' elsewhere.",
    )


@pytest.mark.parametrize("options", [(), ("--as-known",), ("--logged",), ("--as-known", "--logged")])
def test_it_is_the_same_through_a_service_that_holds_the_store(
    shell: Shell, options: tuple[str, ...]
) -> None:
    known(shell)
    # The log arrived now, which is after the spine's first rows and before its last.
    points = [("ada", NOON - hour * DAY // 24) for hour in range(14)] + [
        ("bob", NOON),
        ("ada", NOON + 900 * DAY),
    ]
    write_spine(shell.folder / "s.parquet", points)
    shell.json(*command(shell, *options))
    direct = rows(shell.folder / "d.parquet")
    (shell.folder / "d.parquet").unlink()

    with serving_process(shell) as process:
        assert is_held(shell)
        document = shell.json(*command(shell, *options))
        assert process.poll() is None

    assert rows(shell.folder / "d.parquet") == direct
    assert document["logged"] == (5 if "--logged" in options else None)


def test_it_can_be_stopped_in_the_middle_of_a_join(shell: Shell) -> None:
    known(shell)
    sql(
        f"SELECT 'ada' AS user_id, {NOON} + row AS at_ms FROM range(3_000_000) AS rows(row)",  # noqa: S608
        shell.folder / "s.parquet",
    )
    before = left(shell)
    held = Path(f"{shell.database}.lock")
    held.unlink()

    with shell.started(*command(shell), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not held.exists():
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err.strip()) == (130, b"Stopped.")
    assert left(shell) == before
