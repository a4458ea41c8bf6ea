"""Schemathesis over the live service: more than a thousand requests that it makes up from the OpenAPI document."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api import checks
from tests.faults.attacked import assert_alive, attacked
from tests.support.service import Service

ROOT = Path(__file__).parents[2]
AT_LEAST = 1_000
EXAMPLES_A_CALL = 50
WITHIN_SEC = 280
EXCLUDED = "positive_data_acceptance"
"""What fits the schema may still be refused: a snooze time with "done", one candidate twice."""


@pytest.mark.timeout(WITHIN_SEC + 60)
def test_no_request_that_schemathesis_makes_up_is_answered_badly(tmp_path: Path) -> None:
    with attacked(tmp_path) as service:
        report, said = run(service, tmp_path)

        assert report["failures"] == report["errors"] == [], said[-10_000:]
        assert (report["exit_code"], report["complete"]) == (0, True), said[-10_000:]
        assert_enough_was_asked(report, service)
        assert_each_call_was_understood(report)
        assert_alive(service)
        assert [line for line in service.log if line["level"] not in {"info", "warning"}] == []
        assert {line["status"] // 100 for line in service.log} == {2, 4}


def run(service: Service, folder: Path) -> tuple[dict[str, Any], str]:
    """Run Schemathesis in a process of its own, which has its own idea of warnings; return what it reports and says."""
    options = {
        "--checks": "all",
        "--exclude-checks": EXCLUDED,
        "--max-examples": EXAMPLES_A_CALL,
        "--seed": 1,
        "--report": "json",
        "--report-json-path": folder / "report.json",
        "--request-timeout": 60,
        "--warnings": "off",
    }
    ran = subprocess.run(
        [
            Path(sys.executable).with_name("st"),
            *("run", f"{service.address}/openapi.json"),
            *(f"{name}={value}" for name, value in options.items()),
            *("--generation-deterministic", "--continue-on-failure", "--no-shrink", "--no-color"),
        ],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": checks.__name__,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_SEC,
    )
    assert (folder / "report.json").exists(), ran.stdout[-5_000:] + ran.stderr[-5_000:]
    return json.loads((folder / "report.json").read_text("utf-8")), ran.stdout


def assert_enough_was_asked(report: dict[str, Any], service: Service) -> None:
    cases = report["test_cases"]
    assert cases["generated"] >= AT_LEAST
    assert (cases["with_failures"], cases["without_checks"], cases["errored"]) == (0, 0, 0)
    assert len([line for line in service.log if line["event"] == "answered"]) >= cases["generated"]
    assert report["operations"]["tested"] == report["operations"]["total"] >= 15
    assert {name: phase["status"] for name, phase in report["phases"].items()} == dict.fromkeys(
        ("examples", "coverage", "fuzzing", "stateful"), "success"
    )


def assert_each_call_was_understood(report: dict[str, Any]) -> None:
    """Were everything refused, the run would say little."""
    accepted = {
        call: sum(phase["accepted"] for phase in phases.values())
        for call, phases in report["valid_rates"].items()
    }
    assert len(accepted) >= 15
    assert [call for call, count in accepted.items() if not count] == []
