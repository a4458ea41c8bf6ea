"""POST /reward and POST /reward/{policy}/{version}."""

import functools
from typing import Any

import pytest

from oo.domain.instant import HOUR
from tests.api.calling import (
    at,
    at_once,
    candidate,
    decide,
    error,
    new_id,
    post,
    send,
    stats,
    statuses,
    task,
    user,
)
from tests.api.conforming import Conforming


def reward(api: Conforming, decision_id: str, worth: float, policy: str = "") -> str:
    path = f"/reward/{policy}" if policy else "/reward"
    status: str = post(api, path, decision_id=decision_id, reward=worth)["status"]
    return status


def learned(api: Conforming, user_id: str, policy: str = "egreedy/v1") -> tuple[int, dict[str, float]]:
    found = stats(api, user_id, policy)
    return found["updates"], found["dimensions"]


def test_a_reward_teaches_the_policy_that_decided_and_no_other(api: Conforming, ada: str) -> None:
    decision_id = decide(api, ada, "egreedy/v2")

    assert reward(api, decision_id, 1.0, "egreedy/v2") == "applied"

    updates = {name: learned(api, ada, name)[0] for name in ("egreedy/v1", "egreedy/v2", "linucb/v1")}
    assert updates == {"egreedy/v1": 0, "egreedy/v2": 1, "linucb/v1": 0}
    assert learned(api, ada, "egreedy/v2")[1]["bias"] > 0


def test_the_same_reward_again_is_a_duplicate(api: Conforming, ada: str) -> None:
    decision_id = decide(api, ada)
    reward(api, decision_id, 0.25)
    known = learned(api, ada)

    assert [reward(api, decision_id, 0.25) for _ in range(3)] == ["duplicate"] * 3
    assert learned(api, ada) == known


def test_a_second_different_reward_corrects_the_first(api: Conforming) -> None:
    corrected, straight = new_id("p"), new_id("q")
    send(api, user(corrected), user(straight))
    ids = {person: decide(api, person) for person in (corrected, straight)}

    given = [reward(api, ids[corrected], worth) for worth in (1.0, 0.0, 1.0, 0.3)]
    reward(api, ids[straight], 0.3)

    assert given == ["applied"] * 4
    assert learned(api, corrected) == learned(api, straight)
    assert learned(api, corrected)[0] == 1


def test_the_order_of_rewards_makes_no_difference_to_what_is_learned(api: Conforming) -> None:
    known = []
    for order in (1, -1):
        person = new_id("p")
        send(api, user(person))
        offers = [candidate("k1", task_age_days=n * 1.7, priority=1 + n % 4) for n in range(9)]
        ids = [decide(api, person, candidates=[offer]) for offer in offers]
        for number, decision_id in list(enumerate(ids))[::order]:
            reward(api, decision_id, (number % 3) / 3)
        known.append(learned(api, person))

    assert known[0] == known[1]


def test_a_decision_that_was_not_taken_here_is_not_found(api: Conforming) -> None:
    for path in ("/reward", "/reward/egreedy/v1"):
        body = {"decision_id": new_id("d"), "reward": 1.0}
        error(api.post(path, json=body), 404, "unknown_decision")


def test_another_policys_decision_is_a_conflict_and_teaches_nobody(api: Conforming, ada: str) -> None:
    decision_id = decide(api, ada, "linucb/v1")
    body = {"decision_id": decision_id, "reward": 1.0}

    error(api.post("/reward/egreedy/v1", json=body), 409, "conflicting_fact")

    assert (learned(api, ada)[0], learned(api, ada, "linucb/v1")[0]) == (0, 0)
    assert reward(api, decision_id, 1.0, "linucb/v1") == "applied"


def test_an_unknown_policy_is_not_found(api: Conforming, ada: str) -> None:
    body = {"decision_id": decide(api, ada), "reward": 1.0}

    assert "linucb/v1" in error(api.post("/reward/lincub/v1", json=body), 404, "unknown_policy")["hint"]


@pytest.mark.parametrize("worth", [-0.01, 1.01, 2, None, "1", True, [1], {"reward": 1}], ids=repr)
def test_a_reward_is_a_number_from_nought_to_one(api: Conforming, ada: str, worth: Any) -> None:
    decision_id = decide(api, ada)

    error(api.post("/reward", json={"decision_id": decision_id, "reward": worth}), 422)
    assert learned(api, ada)[0] == 0


@pytest.mark.parametrize("worth", [0, 1, 0.0, 1.0, 5e-324])
def test_the_ends_of_the_range_belong_to_it(api: Conforming, ada: str, worth: float) -> None:
    assert reward(api, decide(api, ada), worth) == "applied"


def test_the_reward_of_somebody_unknown_waits_and_is_learned_once_when_they_come(
    api: Conforming, nobody: str
) -> None:
    decision_id = decide(api, nobody)

    assert reward(api, decision_id, 1.0) == "waiting"
    assert reward(api, decision_id, 1.0) == "duplicate"
    assert learned(api, nobody)[0] == 0
    send(api, user(nobody))

    assert learned(api, nobody)[0] == 1
    assert learned(api, nobody)[1]["bias"] > 0
    assert reward(api, decision_id, 1.0) == "duplicate"
    send(api, user(nobody))
    assert learned(api, nobody)[0] == 1


def test_a_reward_that_waits_can_be_corrected(api: Conforming, nobody: str) -> None:
    decision_id = decide(api, nobody)

    assert [reward(api, decision_id, worth) for worth in (1.0, 0.0)] == ["waiting", "waiting"]
    send(api, user(nobody))

    updates, dimensions = learned(api, nobody)
    assert updates == 1
    assert not any(dimensions.values()), "the one in force is 0"


def test_a_reward_for_a_tip_counts_until_the_person_reacts(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    tip = post(api, "/recommend", user_id=ada)

    assert reward(api, tip["tip_id"], 0.3, "egreedy/v1") == "applied"
    by_program = learned(api, ada)
    post(api, "/feedback", tip_id=tip["tip_id"], reaction="done", at=at(HOUR))
    by_person = learned(api, ada)

    assert by_program[0] == by_person[0] == 1
    assert by_person[1]["bias"] > by_program[1]["bias"] > 0


def test_a_tip_teaches_every_policy_that_follows(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    tip = post(api, "/recommend", user_id=ada)

    reward(api, tip["tip_id"], 1.0)

    assert learned(api, ada, "egreedy/v1")[0] == 1
    assert learned(api, ada, "egreedy/v2")[0] == 1, "a shadow learns from what was served"
    assert learned(api, ada, "linucb/v1")[0] == 0


def test_of_many_different_rewards_at_once_one_is_in_force(api: Conforming, ada: str) -> None:
    whole = new_id("q")
    send(api, user(whole))
    reward(api, decide(api, whole), 1.0)
    decision_id = decide(api, ada)
    bodies = [{"decision_id": decision_id, "reward": n / 16} for n in range(1, 17)]

    answers = at_once([functools.partial(api.post, "/reward", json=body) for body in bodies])

    assert statuses(answers) == ["applied"] * 16
    updates, dimensions = learned(api, ada)
    # Theta is linear in the reward of the one decision, so that it tells which reward that is.
    in_force = 16 * dimensions["bias"] / learned(api, whole)[1]["bias"]
    assert updates == 1
    assert round(in_force) in range(1, 17)
    assert in_force == pytest.approx(round(in_force))


def test_the_same_reward_from_many_at_once_is_applied_once(api: Conforming, ada: str) -> None:
    body = {"decision_id": decide(api, ada), "reward": 1.0}

    answers = at_once([functools.partial(api.post, "/reward", json=body)] * 12)

    assert statuses(answers) == ["applied", *["duplicate"] * 11]
    assert learned(api, ada)[0] == 1
