"""POST /score and POST /score/{policy}/{version}."""

import functools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from oo import policies
from oo.api.requests import MOST_CANDIDATES
from oo.domain.decision import draw
from oo.policies.base import EPSILON
from oo.usecases.app import App
from tests.api.calling import (
    BATCHED,
    CANDIDATES,
    at_once,
    candidate,
    decide,
    error,
    new_id,
    ok,
    post,
    send,
    stats,
    task,
)
from tests.api.conforming import Conforming
from tests.api.inside import Inside

POLICIES = tuple(policies.names())


def asked(user_id: str, **fields: Any) -> dict[str, Any]:
    return {"user_id": user_id, "candidates": CANDIDATES} | fields


def test_the_active_policy_ranks_the_candidates_and_draws_one(api: Conforming, ada: str) -> None:
    answer = post(api, "/score", **asked(ada))

    assert answer.keys() == {"decision_id", "chosen", "policy", "ranking"}
    assert (answer["policy"], len(answer["decision_id"])) == ("egreedy/v1", 16)
    assert all(each.keys() == {"id", "score", "propensity"} for each in answer["ranking"])
    assert {each["id"] for each in answer["ranking"]} == {each["id"] for each in CANDIDATES}
    assert answer["chosen"] in {each["id"] for each in answer["ranking"]}


@pytest.mark.parametrize("name", POLICIES)
def test_every_policy_gives_each_candidate_its_share(api: Conforming, nobody: str, name: str) -> None:
    answer = post(api, f"/score/{name}", **asked(nobody))

    propensities = [each["propensity"] for each in answer["ranking"]]
    scores = [each["score"] for each in answer["ranking"]]
    assert answer["policy"] == name
    assert sum(propensities) == pytest.approx(1)
    assert min(propensities) >= EPSILON / len(CANDIDATES)
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("name", POLICIES)
def test_the_choice_can_be_drawn_again_from_the_answer(api: Conforming, nobody: str, name: str) -> None:
    answer = post(api, f"/score/{name}", **asked(nobody))

    propensity = {each["id"]: each["propensity"] for each in answer["ranking"]}
    in_order = np.array([propensity[each["id"]] for each in CANDIDATES])
    assert CANDIDATES[draw(in_order, answer["decision_id"])]["id"] == answer["chosen"]


def test_what_was_rewarded_ranks_first(api: Conforming, ada: str) -> None:
    for _ in range(5):
        for found, worth in ((candidate("high", priority=4), 1.0), (candidate("low"), 0.0)):
            post(api, "/reward", decision_id=decide(api, ada, candidates=[found]), reward=worth)

    answer = post(api, "/score", **asked(ada, candidates=[candidate("a"), candidate("b", priority=4)]))

    assert [each["id"] for each in answer["ranking"]] == ["b", "a"]
    assert answer["ranking"][0]["propensity"] == pytest.approx(1 - EPSILON / 2)


def test_somebody_unknown_is_scored_by_the_prior_and_not_made(api: Conforming, nobody: str) -> None:
    answer = post(api, "/score", **asked(nobody))

    assert {each["score"] for each in answer["ranking"]} == {0.0}
    assert stats(api, nobody)["updates"] == 0
    error(api.get(f"/users/{nobody}/profile"), 404, "unknown_user")
    error(api.post("/recommend", json={"user_id": nobody}), 404, "unknown_user")


def test_the_same_decision_again_gets_the_same_answer(api: Conforming, ada: str) -> None:
    body = asked(
        ada, decision_id=new_id("d"), context={"hour_of_day": 9}, profile_features={"preferred_hour": 9}
    )
    first = api.post("/score/egreedy/v2", json=body)
    post(api, "/reward", decision_id=body["decision_id"], reward=1.0)

    again = api.post("/score/egreedy/v2", json=body)

    assert ok(first)
    assert again.content == first.content


def test_the_same_decision_asked_for_by_many_at_once_is_one(api: Conforming, ada: str) -> None:
    body = asked(ada, decision_id=new_id("d"))

    answers = at_once([functools.partial(api.post, "/score", json=body)] * 12)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_of_different_decisions_under_one_id_at_once_one_is_taken(api: Conforming, ada: str) -> None:
    bodies = [asked(ada, decision_id=f"{ada}.d", candidates=[candidate(f"k{n}")]) for n in range(12)]

    answers = at_once([functools.partial(api.post, "/score", json=body) for body in bodies])

    taken = [answer for answer in answers if answer.status_code == 200]
    assert len(taken) == 1
    assert all(error(answer, 409, "conflicting_fact") for answer in answers if answer not in taken)


def test_the_same_decision_is_answered_alike_after_another_policy_became_active(app: App) -> None:
    body = asked("ada", decision_id="d1")
    first = Inside(app).post("/score", json=body)
    promoted = replace(app, score=replace(app.score, policy=app.learner.policies["linucb/v1"]))

    again = Inside(promoted).post("/score", json=body)

    assert ok(first)["policy"] == "egreedy/v1"
    assert again.content == first.content
    assert ok(Inside(promoted).post("/score", json=asked("ada")))["policy"] == "linucb/v1"


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "somebody-else"},
        {"candidates": CANDIDATES[:2]},
        {"candidates": CANDIDATES[::-1]},
        {"candidates": [*CANDIDATES[:2], candidate("k3", priority=2)]},
        {"candidates": [*CANDIDATES[:2], candidate("k3", category="work")]},
        {"context": {"hour_of_day": 10}},
        {"profile_features": {"preferred_hour": 8}},
    ],
    ids=str,
)
def test_the_same_decision_with_another_body_is_a_conflict(
    api: Conforming, ada: str, other: dict[str, Any]
) -> None:
    body = asked(ada, decision_id=new_id("d"))
    first = ok(api.post("/score", json=body))

    error(api.post("/score", json=body | other), 409, "conflicting_fact")
    assert ok(api.post("/score", json=body)) == first


def test_the_same_decision_asked_of_another_policy_is_a_conflict(api: Conforming, ada: str) -> None:
    body = asked(ada, decision_id=new_id("d"))
    ok(api.post("/score/egreedy/v1", json=body))

    assert ok(api.post("/score/egreedy/v1", json=body))
    error(api.post("/score/linucb/v1", json=body), 409, "conflicting_fact")


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"profile_features": None, "context": None},
        {"profile_features": {}, "context": {}},
        {"profile_features": {name: feature.fallback for name, feature in BATCHED.items()}},
        {"profile_features": {"preferred_hour": None}},
        {"candidates": [{**each, "category": None} for each in CANDIDATES]},
    ],
    ids=str,
)
def test_what_is_left_out_reads_as_its_fallback(api: Conforming, ada: str, same: dict[str, Any]) -> None:
    body = asked(ada, decision_id=new_id("d"))

    assert ok(api.post("/score/egreedy/v2", json=body)) == ok(api.post("/score/egreedy/v2", json=body | same))


def test_profiles_are_not_looked_up(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    tip = post(api, "/recommend", user_id=ada)
    post(api, "/feedback", tip_id=tip["tip_id"], reaction="done")
    body = asked(ada, decision_id=new_id("d"))

    first = ok(api.post("/score/egreedy/v2", json=body))
    fallbacks = {name: feature.fallback for name, feature in BATCHED.items()}

    assert ok(api.post("/score/egreedy/v2", json=body | {"profile_features": fallbacks})) == first


@pytest.mark.parametrize(
    ("path", "hint"), [("egreedy/v9", "egreedy/v"), ("linucb/v2", "linucb/v1"), ("%FF/%00", "egreedy/v1")]
)
def test_an_unknown_policy_is_not_found_and_the_closest_is_named(
    api: Conforming, nobody: str, path: str, hint: str
) -> None:
    found = error(api.post(f"/score/{path}", json=asked(nobody)), 404, "unknown_policy")

    assert hint in found["hint"]


def test_a_tip_is_no_decision_to_ask_for(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    tip = post(api, "/recommend", user_id=ada)

    error(api.post("/score", json=asked(ada, decision_id=tip["tip_id"])), 409, "conflicting_fact")


def test_a_thousand_candidates_are_ranked_and_one_more_is_refused(api: Conforming, nobody: str) -> None:
    many = [candidate(f"k{number}", task_age_days=number) for number in range(MOST_CANDIDATES + 1)]

    assert len(post(api, "/score", **asked(nobody, candidates=many[:-1]))["ranking"]) == MOST_CANDIDATES
    found = error(api.post("/score", json=asked(nobody, candidates=many)), 422, "invalid_request")
    assert found["message"] == f"`candidates` holds more than {MOST_CANDIDATES}."


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"candidates": []}, "`candidates` holds fewer than 1."),
    ({"candidates": None}, "`candidates` must be a list."),
    ({"candidates": [candidate("k1"), candidate("k1")]}, "The candidate 'k1' is given twice."),
    ({"candidates": [candidate("k 1")]}, "'k 1' is not a valid candidate id."),
    ({"candidates": [candidate("k1", priority=5)]}, "`candidates.0.priority` must be at most 4."),
    ({"candidates": [candidate("k1", priority=1.5)]}, "`candidates.0.priority` must be a whole number."),
    ({"candidates": [candidate("k1", is_overdue=1)]}, "`candidates.0.is_overdue` must be true or false."),
    ({"candidates": [candidate("k1", task_age_days=-1)]}, "`candidates.0.task_age_days` must be at least 0."),
    ({"candidates": [candidate("k1", colour="red")]}, "`candidates.0.colour` is not a field that goes here."),
    ({"candidates": [{"id": "k1"}]}, "`candidates.0.is_overdue` is missing. 2 more like it."),
    ({"context": {"hour": 9}}, "'hour' is not a feature that goes here."),
    ({"context": {"completion_rate_30d": 0.5}}, "'completion_rate_30d' is not a feature that goes here."),
    ({"context": {"is_overdue": True}}, "'is_overdue' is not a feature that goes here."),
    ({"context": {"hour_of_day": "nine"}}, "`hour_of_day` is numeric; its value does not fit."),
    (
        {"context": {"hour_of_day": [9]}},
        "`context.hour_of_day` must be a number, a text, true, false or null.",
    ),
    ({"profile_features": {"done_rate": 0.5}}, "'done_rate' is not a feature that goes here."),
    (
        {"profile_features": {"completion_rate_30d": True}},
        "`completion_rate_30d` is numeric; its value does not",
    ),
    ({"profile_features": [0.5]}, "`profile_features` must be an object."),
    ({"decision_id": "d 1"}, "'d 1' is not a valid decision_id."),
    ({"decision_id": ""}, "'' is not a valid decision_id."),
    ({"user_id": 7}, "`user_id` must be a text."),
    ({"temperature": 1}, "`temperature` is not a field that goes here."),
]


@pytest.mark.parametrize(("bad", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_cannot_be_scored_is_refused_with_the_place_of_what_is_wrong(
    api: Conforming, nobody: str, bad: dict[str, Any], words: str
) -> None:
    for path in ("/score", "/score/linucb/v1"):
        assert words in error(api.post(path, json=asked(nobody) | bad), 422)["message"]


def test_a_refused_decision_leaves_its_id_free(api: Conforming, nobody: str) -> None:
    body = asked(nobody, decision_id=new_id("d"))
    error(api.post("/score", json=body | {"context": {"hour": 9}}), 422)

    assert post(api, "/score", **body)["decision_id"] == body["decision_id"]
