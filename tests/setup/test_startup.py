"""The shell answers at once, and the run-time core stays small."""

import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
OO = Path(sys.executable).with_name("oo")

# Wanted by some commands, by none of them to print its help.
HEAVY = (
    "alembic",
    "duckdb",
    "nats",
    "numpy",
    "pydantic",
    "pydantic_settings",
    "pytodotxt",
    "rich",
    "scipy",
    "sqlalchemy",
)


def best_sec(command: list[str], *, runs: int = 7) -> float:
    """Seconds of the quickest of `runs`: the others share the processor with the rest of the tests."""
    return min(elapsed_sec(command) for _ in range(runs))


def elapsed_sec(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def imported_by(command: list[str]) -> set[str]:
    """Top-level names that Python says it imported while `command` ran."""
    outcome = subprocess.run(
        [sys.executable, "-X", "importtime", *command], check=True, capture_output=True, text=True
    )
    return {name.split(".")[0] for name in re.findall(r"(?m)^import time:.*\|\s+(\S+)$", outcome.stderr)}


def runtime_core() -> list[metadata.Distribution]:
    """The distributions of requirements/run.txt that are wanted on this system."""
    text = (ROOT / "requirements/run.txt").read_text("utf-8")
    wanted = [Requirement(pin) for pin in re.findall(r"(?m)^([\w.-]+==.+?)\s*\\?$", text)]
    return [metadata.distribution(r.name) for r in wanted if r.marker is None or r.marker.evaluate()]


def size_bytes(distribution: metadata.Distribution) -> int:
    paths = [Path(str(file.locate())) for file in distribution.files or []]
    return sum(path.stat().st_size for path in paths if path.exists())


def test_importing_the_package_takes_under_300_ms() -> None:
    assert best_sec([sys.executable, "-c", "import oo"]) < 0.3


def test_importing_the_package_imports_nothing_else_of_it() -> None:
    program = "import sys, oo; print(*[m for m in sys.modules if m.startswith('oo.')])"

    outcome = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert outcome.stdout.split() == []


def test_the_help_is_there_in_under_half_a_second() -> None:
    assert best_sec([str(OO), "--help"]) < 0.5


@pytest.mark.parametrize("name", HEAVY)
def test_the_help_loads_nothing_that_only_a_command_needs(name: str) -> None:
    imported = imported_by([str(OO), "--help"])

    assert "click" in imported
    assert name not in imported


def test_the_run_time_core_is_under_150_megabytes() -> None:
    core = runtime_core()

    sizes = {distribution.name.lower(): size_bytes(distribution) for distribution in core}

    assert {"numpy", "sqlalchemy"} <= sizes.keys()
    assert sum(sizes.values()) < 150e6, sizes
