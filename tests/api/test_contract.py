"""What the service answers and takes is what `contracts/` says."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from oo.domain.instant import MINUTE, format_instant
from oo.usecases.app import App
from tests.api.calling import candidate, error, given, ok, served, task, user
from tests.api.inside import START_MS, Inside

ROOT = Path(__file__).parents[2]
Change = Callable[[dict[str, Any]], object]


def contract(definition: str) -> Draft202012Validator:
    document = json.loads((ROOT / "contracts" / "features.schema.json").read_text("utf-8"))
    return Draft202012Validator({**document, "$ref": f"#/$defs/{definition}"}, validate_formats=True)


@pytest.fixture
def inside(app: App) -> Inside:
    """The service, with ada, who took a tip and has a task left."""
    calling = Inside(app)
    calling.send(
        user("ada"),
        task("ada", "k1"),
        task("ada", "k2"),
        served("ada", "t1", format_instant(START_MS - 2 * MINUTE)),
        given("ada", "t1", format_instant(START_MS - MINUTE), "done"),
    )
    return calling


@pytest.fixture
def profile(inside: Inside) -> dict[str, Any]:
    found: dict[str, Any] = ok(inside.get("/users/ada/profile"))
    return found


def test_a_profile_is_a_profile_answer(profile: dict[str, Any]) -> None:
    assert [each.message for each in contract("ProfileAnswer").iter_errors(profile)] == []


def test_the_profile_of_somebody_new_is_a_profile_answer(inside: Inside) -> None:
    inside.send(user("bo"))

    assert contract("ProfileAnswer").is_valid(ok(inside.get("/users/bo/profile")))


def test_a_profile_of_a_newer_service_is_a_profile_answer(profile: dict[str, Any]) -> None:
    profile["features"]["later"] = {"value": 1, "status": "fresh", "computed_at": None, "ttl_sec": 1}

    assert contract("ProfileAnswer").is_valid(profile)


@pytest.mark.parametrize(
    "change",
    [
        lambda answer: answer.pop("user_id"),
        lambda answer: answer["features"].pop("tip_volume_30d"),
        lambda answer: answer["features"]["tip_volume_30d"].update(value="1"),
        lambda answer: answer["features"]["tip_volume_30d"].update(value=None),
        lambda answer: answer["features"]["tip_volume_30d"].update(status="lost"),
        lambda answer: answer["features"]["tip_volume_30d"].update(computed_at="yesterday"),
        lambda answer: answer["features"]["tip_volume_30d"].update(ttl_sec="1 h"),
        lambda answer: answer["features"]["tip_volume_30d"].pop("status"),
        lambda answer: answer["features"].update(tip_volume_30d=1),
    ],
)
def test_a_wrong_profile_is_none(profile: dict[str, Any], change: Change) -> None:
    wrong = deepcopy(profile)
    change(wrong)

    assert not contract("ProfileAnswer").is_valid(wrong)


def test_what_a_decision_logs_is_what_a_request_may_carry(inside: Inside, tmp_path: Path) -> None:
    ok(inside.post("/recommend", json={"user_id": "ada"}))
    with closing(sqlite3.connect(tmp_path / "oo.db")) as store:
        row = store.execute("SELECT profile_features, context, candidates FROM decisions").fetchone()
    profile_features, context, candidates = map(json.loads, row)

    assert contract("ProfileFeatures").is_valid(profile_features)
    assert contract("ContextFeatures").is_valid(context)
    assert [contract("CandidateFeatures").is_valid(each) for each in candidates] == [True]
    sent = {"candidates": candidates, "context": context, "profile_features": profile_features}
    assert ok(inside.post("/score", json={"user_id": "ada", **sent}))["chosen"] == "k2"


@pytest.mark.parametrize(
    ("definition", "field", "features"),
    [
        ("ProfileFeatures", "profile_features", {"completion_rate_30d": "0.4"}),
        ("ProfileFeatures", "profile_features", {"completion_rate": 0.4}),
        ("ContextFeatures", "context", {"hour_of_day": True}),
        ("ContextFeatures", "context", {"hour": 9}),
        ("CandidateFeatures", "candidates", candidate("k1", is_overdue=1)),
        ("CandidateFeatures", "candidates", {"id": "k1", "is_overdue": True}),
    ],
)
def test_what_is_wrong_by_the_contract_is_refused(
    inside: Inside, definition: str, field: str, features: dict[str, Any]
) -> None:
    sent = {field: [features] if field == "candidates" else features}

    answer = inside.post("/score", json={"user_id": "ada", "candidates": [candidate("k1")], **sent})

    assert not contract(definition).is_valid(features)
    assert error(answer, 422)["message"]
