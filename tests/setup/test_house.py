"""The direction of imports is kept, and each contract goes red when it is broken."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Contract → what is planted to break it: file (made, or added to) → the import. A contract may have several.
BREACHES: list[tuple[str, dict[str, str]]] = [
    ("layers", {"domain/planted.py": "import oo.usecases"}),
    ("layers", {"features/planted.py": "import oo.rewards"}),
    ("layers", {"planted.py": "# a room that is not in the plan"}),
    ("acyclic", {"domain/one.py": "import oo.domain.two", "domain/two.py": "import oo.domain.one"}),
    ("adapters", {"cli/planted.py": "import oo.adapters"}),
    ("policies", {"policies/planted.py": "import oo.settings"}),
    ("policies", {"policies/one.py": "import oo.policies.two", "policies/two.py": "import math"}),
    ("sources", {"sources/planted.py": "import oo.settings"}),
    ("sources", {"sources/one.py": "import oo.sources.two", "sources/two.py": "import math"}),
    ("sources", {"sources/ics/planted.py": "import oo.settings"}),
    ("sources", {"sources/ics/planted.py": "import oo.sources.todotxt"}),
    ("apart", {"sources/planted.py": "import oo.sources.ics.zones"}),
    ("apart", {"sources/ics/planted.py": "import oo.sources.todoist_csv.dates"}),
    ("sql", {"usecases/planted.py": "import sqlalchemy"}),
    ("sql", {"adapters/planted.py": "from alembic import command"}),
    ("nats", {"adapters/planted.py": "from nats.js import api"}),
    ("duckdb", {"adapters/sql/planted.py": "import duckdb"}),
    ("duckdb", {"pipelines/planted.py": "from duckdb import connect"}),
    ("postgres", {"adapters/sql/planted.py": "import psycopg"}),
    ("postgres", {"cli/planted.py": "from psycopg_pool import ConnectionPool"}),
    ("todotxt", {"usecases/planted.py": "import pytodotxt"}),
    ("ics", {"usecases/planted.py": "import icalendar"}),
    ("ics", {"sources/planted.py": "from recurring_ical_events import of"}),
    ("statistics", {"evaluation/planted.py": "from scipy import stats"}),
    ("statistics", {"usecases/planted.py": "import scipy.special"}),
    ("terminal", {"evaluation/planted.py": "import rich.table"}),
    ("terminal", {"compose/app.py": "import click"}),
    ("web", {"cli/planted.py": "import fastapi"}),
    ("web", {"usecases/planted.py": "from starlette import status"}),
    ("server", {"api/planted.py": "import granian"}),
    ("log", {"usecases/planted.py": "import structlog"}),
    ("metrics", {"api/planted.py": "import prometheus_client"}),
    ("templates", {"api/planted.py": "import jinja2"}),
    ("environment", {"cli/planted.py": "import pydantic_settings"}),
]


def contracts() -> dict[str, str]:
    """Id → name of every contract in pyproject.toml."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract["name"] for contract in config["tool"]["importlinter"]["contracts"]}


def lint_imports(house: Path, *, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Check the imports of `house`/src, which Python finds before the installed package."""
    arguments = ["--no-cache", "--no-logo", "--config", str(ROOT / "pyproject.toml")]
    if contract is not None:
        arguments += ["--contract", contract]
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=house,
        env={"PYTHONPATH": str(house / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def plant(house: Path, breach: dict[str, str]) -> None:
    for name, line in breach.items():
        with (house / "src" / "oo" / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")


def test_every_import_points_the_way_the_plan_says() -> None:
    outcome = lint_imports(ROOT)

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize(("contract", "breach"), BREACHES)
def test_a_planted_breach_turns_its_contract_red(house: Path, contract: str, breach: dict[str, str]) -> None:
    plant(house, breach)

    outcome = lint_imports(house, contract=contract)

    assert outcome.returncode == 1
    assert f"{contracts()[contract]} BROKEN" in outcome.stdout, outcome.stdout + outcome.stderr


def test_no_contract_goes_without_a_breach_of_its_own() -> None:
    assert {contract for contract, _ in BREACHES} == set(contracts())
