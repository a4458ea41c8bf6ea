"""The demo: personas live, and what was learned is better than chance."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.shell.running import Shell

MEMORY = Path("/dev/shm")


@pytest.fixture
def folder(tmp_path: Path) -> Any:
    """A folder for temporary files, in memory where the system has such a place: every write waits for the disk."""
    if not MEMORY.is_dir():
        yield tmp_path / "temporary"
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def lived(shell: Shell, folder: Path, *options: str) -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    ran = shell.process("demo", "--no-serve", "--json", *options, env={"TMPDIR": str(folder)})
    assert (ran.code, ran.err) == (0, "")
    document: dict[str, Any] = ran.document
    return document


def without_times(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in summary.items() if key != "recommend_ms"}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_learned_in_ten_days_beats_chance(shell: Shell, folder: Path, seed: int) -> None:
    summary = lived(shell, folder, "--users", "12", "--days", "10", "--seed", str(seed))

    assert list(summary) == ["users", "days", "tips_served", "active", "reward_rate", "recommend_ms"]
    assert (summary["users"], summary["days"], summary["active"]) == (12, 10, "egreedy/v1")
    assert summary["tips_served"] > 500
    assert summary["reward_rate"].keys() == {"egreedy/v1", "uniform/v1"}
    assert 1 > summary["reward_rate"]["egreedy/v1"] > summary["reward_rate"]["uniform/v1"] > 0
    assert summary["recommend_ms"].keys() == {"p50", "p99"}
    assert 0 < summary["recommend_ms"]["p50"] <= summary["recommend_ms"]["p99"]


def test_the_same_seed_gives_the_same_lives(shell: Shell, folder: Path) -> None:
    options = ["--users", "3", "--days", "4", "--seed", "7"]

    first, second = lived(shell, folder, *options), lived(shell, folder, *options)
    other = lived(shell, folder, *options[:-1], "8")

    assert without_times(first) == without_times(second) != without_times(other)


def test_the_demo_leaves_nothing_behind(shell: Shell, folder: Path) -> None:
    lived(shell, folder, "--users", "2", "--days", "2")

    assert list(folder.iterdir()) == []
    assert not shell.database.exists()
    assert {found.name for found in shell.folder.iterdir()} <= {"temporary"}


@pytest.mark.parametrize("seed", ["1", "10"])
def test_one_person_for_one_day_is_enough(shell: Shell, folder: Path, seed: str) -> None:
    options = ["--users", "1", "--days", "1", "--seed", seed]

    summary = lived(shell, folder, *options)
    said = shell.process("demo", "--no-serve", *options, env={"TMPDIR": str(folder)})

    assert (summary["users"], summary["days"]) == (1, 1)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("1 people lived 1 days and were shown")


def test_a_demo_by_the_yardstick_alone_has_one_rate(shell: Shell, folder: Path) -> None:
    ran = shell.process(
        *["demo", "--no-serve", "--json", "--users", "1", "--days", "2"],
        env={"TMPDIR": str(folder), "OO_POLICY": "uniform/v1"},
    )

    assert ran.document["reward_rate"].keys() == {"uniform/v1"}
