"""The harness finds nothing in oO, finds each defence that is removed, and says how to have a failure again."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.torture.campaigns import CAMPAIGNS
from tests.torture.checks import LOST, Violation
from tests.torture.controls import CONTROLS
from tests.torture.episode import Episode, Outcome
from tests.torture.report import document
from tests.torture.run import planned

ROOT = Path(__file__).parents[2]
SEED = 7
WITHIN_SEC = 500


@pytest.mark.timeout(WITHIN_SEC + 20)
def test_nothing_is_lost_or_doubled_and_each_defence_that_is_removed_is_missed() -> None:
    """What `make torture SEED=7` runs."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--seed", str(SEED), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=WITHIN_SEC,
        check=False,
    )
    assert ended.stdout, ended.stderr
    found = json.loads(ended.stdout)

    left_out = found["left_out"]
    assert found["failures"] == []
    assert {each["campaign"] for each in found["campaigns"]} == set(CAMPAIGNS) - set(left_out)
    for campaign in found["campaigns"]:
        assert sum(campaign["kills"].values()) >= 6
        assert campaign["acknowledged"] > 200
        assert campaign["sent_again"] > 40
        assert (campaign["lost"], campaign["doubled"], campaign["broken"]) == (0, 0, 0)
    assert {each["name"]: each["caught"] for each in found["controls"]} == {
        name: True for name, each in CONTROLS.items() if each.quick and each.campaign not in left_out
    }
    assert (found["ok"], ended.returncode) == (True, 0)
    if left_out:
        said = f"Not all of the torture did run: {left_out}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(said)


def test_an_exact_episode_comes_out_the_same_again() -> None:
    def run() -> tuple[Counter[str], Counter[str], int, int]:
        outcome = Episode(campaign=CAMPAIGNS["writer"].campaign, seed=SEED, number=0)()
        assert outcome.violations == []
        return outcome.kills, outcome.points, outcome.acknowledged, outcome.sent_again

    assert run() == run()


def test_a_failure_says_how_to_have_it_again_and_where_the_store_is() -> None:
    outcome = Outcome(campaign="writer", number=31, violations=[Violation("facts", LOST, "k")])
    outcome.folder = Path("kept")

    found = document("smoke", planned("smoke", SEED, "writer", 31), [outcome], [])

    assert not found["ok"]
    [failure] = found["failures"]
    assert failure["replay"] == 'make torture ARGS="--only writer --seed 7 --episode 31"'
    assert failure["folder"] == "kept"
    assert found["campaigns"][0]["lost"] == 1
