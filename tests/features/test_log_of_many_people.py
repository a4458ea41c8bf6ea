"""An imported log of many people against a computation that knows nothing of oO."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from oo.cli.main import oo
from tests.support.log import Log, iso, questions, truth, written


def run(*arguments: str, code: int = 0) -> Any:
    result = CliRunner().invoke(oo, [*arguments, "--json"])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def log() -> Log:
    return written(people=60, tips=60, seed=2, disorder=0.5)


@pytest.fixture(scope="module")
def store(log: Log, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("log")
    (folder / "log.jsonl").write_text("\n".join(log.lines))
    answer = run("import", str(folder / "log.jsonl"), "--db", str(folder / "oo.db"), code=1)
    (report,) = answer["files"]
    assert {fate: report[fate] for fate in ("accepted", "duplicate", "waiting", "refused")} == {
        "accepted": log.accepted,
        "duplicate": log.duplicate,
        "waiting": 0,
        "refused": log.refused,
    }
    return str(folder / "oo.db")


def test_every_profile_of_a_disordered_log_is_what_plain_python_makes_of_it(log: Log, store: str) -> None:
    known = truth(log.lines)

    for user_id, at_ms in questions(known, 60, seed=3):
        answer = run("profile", user_id, "--at", iso(at_ms), "--db", store)

        wanted = known.profile(user_id, at_ms)
        values = {name: answer["features"][name]["value"] for name in wanted}
        assert values == wanted, (user_id, iso(at_ms))


def test_the_same_log_once_more_and_in_another_order_changes_nothing(
    log: Log, store: str, tmp_path: Path
) -> None:
    (tmp_path / "again.jsonl").write_text("\n".join(reversed(log.lines)))
    user_id, at_ms = questions(truth(log.lines), 1, seed=4)[0]
    before = run("profile", user_id, "--at", iso(at_ms), "--db", store)

    answer = run("import", str(tmp_path / "again.jsonl"), "--db", store, code=1)

    (report,) = answer["files"]
    assert (report["accepted"], report["waiting"]) == (0, 0)
    assert report["refused"] == log.refused
    assert run("profile", user_id, "--at", iso(at_ms), "--db", store) == before
