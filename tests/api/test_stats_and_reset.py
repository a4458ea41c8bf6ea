"""GET /stats/{policy}/{version}, and POST /reset."""

import pytest

from oo import policies
from tests.api.calling import (
    at,
    candidate,
    decide,
    error,
    new_id,
    ok,
    post,
    send,
    stats,
    task,
    user,
    values,
)
from tests.api.conforming import Conforming

POLICIES = tuple(policies.names())


@pytest.mark.parametrize("name", POLICIES)
def test_of_somebody_unknown_a_policy_knows_its_prior(api: Conforming, nobody: str, name: str) -> None:
    policy = policies.load(name)

    assert stats(api, nobody, name) == {
        "user_id": nobody,
        "policy": name,
        "updates": 0,
        "dimensions": dict.fromkeys(policy.dimensions, 0.0),
        "epsilon": policy.epsilon,
        "ridge": policy.prior.ridge,
    }


def test_updates_count_decisions_with_a_reward_in_force(api: Conforming, ada: str) -> None:
    first, second = decide(api, ada), decide(api, ada)
    counts = [stats(api, ada)["updates"]]
    for decision_id, worth in ((first, 1.0), (first, 0.5), (first, 0.5), (second, 0.0)):
        post(api, "/reward", decision_id=decision_id, reward=worth)
        counts.append(stats(api, ada)["updates"])

    assert counts == [0, 1, 1, 1, 2]


def test_an_answer_taken_back_is_no_update(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    tip_id = post(api, "/recommend", user_id=ada)["tip_id"]
    counts = []
    for after_ms, reaction in ((0, "done"), (1000, "snooze"), (2000, "none"), (3000, "dismiss")):
        post(api, "/feedback", tip_id=tip_id, reaction=reaction, at=at(after_ms + 1000))
        counts.append(stats(api, ada)["updates"])

    assert counts == [1, 1, 0, 1]


def test_one_good_outcome_of_a_single_dimension_is_the_ridge_estimate(api: Conforming, ada: str) -> None:
    """With x = (1, 0, 0, …), r = 1 and a ridge of 1: theta = r·x / (x² + 1) = ½."""
    plain = candidate("k1", task_age_days=0, priority=1)
    midnight_on_monday = {"hour_of_day": 0, "day_of_week": 0}
    decision_id = decide(api, ada, "egreedy/v1", candidates=[plain], context=midnight_on_monday)
    post(api, "/reward", decision_id=decision_id, reward=1.0)

    found = stats(api, ada)["dimensions"]

    # The hour's cosine is 1 at midnight: two dimensions share the outcome.
    assert found == pytest.approx(
        {**dict.fromkeys(found, 0.0), "bias": 1 / 3, "hour_cos": 1 / 3}, rel=1e-12, abs=1e-12
    )


def test_the_policy_has_to_exist(api: Conforming, ada: str) -> None:
    error(api.get("/stats/egreedy/v3", params={"user_id": ada}), 404, "unknown_policy")


@pytest.mark.parametrize(
    "query", ["", "user_id=", "user_id=a%20b", "user_id=%00", f"user_id={'a' * 129}", "user=a"]
)
def test_the_person_has_to_be_named(api: Conforming, query: str) -> None:
    error(api.get(f"/stats/egreedy/v1?{query}"), 422)


def test_a_reset_is_answered_with_every_policy_and_version(api: Conforming, ada: str) -> None:
    assert post(api, "/reset", user_id=ada) == {"reset": sorted(POLICIES)}
    assert post(api, "/reset", user_id=ada) == {"reset": sorted(POLICIES)}


def test_a_reset_forgets_one_person_in_every_policy(api: Conforming, ada: str) -> None:
    other = new_id("bob")
    send(api, user(other))
    for person in (ada, other):
        for name in POLICIES:
            post(api, "/reward", decision_id=decide(api, person, name), reward=1.0)

    post(api, "/reset", user_id=ada)

    for name in POLICIES:
        assert stats(api, ada, name)["updates"] == 0
        assert not any(stats(api, ada, name)["dimensions"].values())
        assert stats(api, other, name)["updates"] == 1


def test_a_late_reward_for_a_decision_from_before_the_reset_teaches_nothing(
    api: Conforming, ada: str
) -> None:
    rewarded, silent = decide(api, ada), decide(api, ada)
    post(api, "/reward", decision_id=rewarded, reward=1.0)
    post(api, "/reset", user_id=ada)

    for decision_id, worth in ((silent, 1.0), (rewarded, 0.5), (rewarded, 1.0)):
        assert post(api, "/reward", decision_id=decision_id, reward=worth)["status"] == "applied"

    assert stats(api, ada)["updates"] == 0


def test_the_first_decision_after_a_reset_teaches_however_soon_it_comes(api: Conforming, ada: str) -> None:
    for round_ in range(1, 21):
        post(api, "/reset", user_id=ada)
        for count in (1, 2):
            post(api, "/reward", decision_id=decide(api, ada), reward=1.0)
            assert stats(api, ada)["updates"] == count, f"after reset {round_}"


def test_a_late_reaction_to_a_tip_from_before_the_reset_teaches_nothing(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"), task(ada, "k2"))
    tip_id = post(api, "/recommend", user_id=ada)["tip_id"]
    post(api, "/reset", user_id=ada)

    post(api, "/feedback", tip_id=tip_id, reaction="done")
    late = stats(api, ada)["updates"]
    following = post(api, "/recommend", user_id=ada)
    post(api, "/feedback", tip_id=following["tip_id"], reaction="done")

    assert (late, stats(api, ada)["updates"]) == (0, 1)


def test_facts_and_profile_outlive_a_reset(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    tip_id = post(api, "/recommend", user_id=ada)["tip_id"]
    post(api, "/feedback", tip_id=tip_id, reaction="done")
    before = values(api, ada)

    post(api, "/reset", user_id=ada)

    assert values(api, ada) == before
    assert before["completion_rate_30d"] == 1
    assert post(api, "/recommend", user_id=ada)["reason"] == "no open task: 1 done"


def test_there_is_nothing_to_forget_of_an_unknown_person(api: Conforming, nobody: str) -> None:
    error(api.post("/reset", json={"user_id": nobody}), 404, "unknown_user")


def test_a_decision_is_answered_alike_after_a_reset(api: Conforming, ada: str) -> None:
    post(api, "/reward", decision_id=decide(api, ada), reward=1.0)
    body = {
        "user_id": ada,
        "candidates": [candidate("k1"), candidate("k2", priority=4)],
        "decision_id": new_id("d"),
    }
    first = ok(api.post("/score", json=body))

    post(api, "/reset", user_id=ada)

    assert ok(api.post("/score", json=body)) == first
