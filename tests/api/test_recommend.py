"""POST /recommend."""

import functools

import pytest

from oo.domain.instant import HOUR, MINUTE
from oo.policies.base import EPSILON
from oo.usecases.app import App
from tests.api.calling import (
    NOTHING,
    at,
    at_once,
    error,
    given,
    ok,
    post,
    send,
    served,
    stats,
    task,
    user,
    values,
)
from tests.api.conforming import Conforming
from tests.api.inside import START_MS, Inside

TASKS = ("k1", "k2", "k3")


@pytest.fixture
def busy(api: Conforming, ada: str) -> str:
    """Somebody with three tasks."""
    send(api, *(task(ada, task_id, category="work", priority=2) for task_id in TASKS))
    return ada


def test_a_tip_is_one_of_the_persons_own_tasks_with_what_it_was_chosen_by(api: Conforming, busy: str) -> None:
    tip = post(api, "/recommend", user_id=busy)

    assert tip.keys() == {*NOTHING, "reason"}
    assert tip["candidate_id"] in TASKS
    assert (tip["text"], tip["category"]) == (f"Do {tip['candidate_id']}", "work")
    assert (tip["policy"], tip["prompt_version"], tip["source"]) == ("egreedy/v1", None, "template")
    assert tip["propensity"] == pytest.approx(1 / 3)
    assert tip["reason"]
    assert values(api, busy)["tip_volume_30d"] == 1


def test_an_open_tip_is_returned_again_unless_a_fresh_one_is_asked_for(api: Conforming, busy: str) -> None:
    tip = post(api, "/recommend", user_id=busy)

    again = post(api, "/recommend", user_id=busy, fresh=False)
    fresh = post(api, "/recommend", user_id=busy, fresh=True)

    assert again == tip | {"reason": again["reason"]}
    assert fresh["tip_id"] != tip["tip_id"]
    assert values(api, busy)["tip_volume_30d"] == 2


def test_a_tip_is_open_for_thirty_minutes(app: App) -> None:
    inside = Inside(app)
    inside.send(user("ada"), task("ada", "k1"))
    tip = ok(inside.post("/recommend", json={"user_id": "ada"}))

    inside.now_ms = START_MS + 30 * MINUTE - 1
    still = ok(inside.post("/recommend", json={"user_id": "ada"}))
    inside.now_ms = START_MS + 30 * MINUTE
    later = ok(inside.post("/recommend", json={"user_id": "ada"}))

    assert still["tip_id"] == tip["tip_id"]
    assert later["tip_id"] != tip["tip_id"]


@pytest.mark.parametrize(("age_ms", "again"), [(29 * MINUTE, True), (31 * MINUTE, False)])
def test_a_tip_that_came_as_a_signal_is_open_as_long(
    api: Conforming, ada: str, age_ms: int, *, again: bool
) -> None:
    send(api, task(ada, "k1"), served(ada, f"{ada}.t", at(-age_ms)))

    assert (post(api, "/recommend", user_id=ada)["tip_id"] == f"{ada}.t") is again


def test_a_tip_with_a_reaction_is_not_open(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"), served(ada, f"{ada}.t", at(-2 * HOUR)))
    send(api, given(ada, f"{ada}.t", at(-2 * HOUR), "snooze", snooze_until=at(-HOUR)))

    following = post(api, "/recommend", user_id=ada)

    assert following["tip_id"] not in {None, f"{ada}.t"}
    assert following["candidate_id"] == "k1"


def test_an_explanation_is_given_only_where_it_is_asked_for(api: Conforming, busy: str) -> None:
    plain = post(api, "/recommend", user_id=busy)
    explained = post(api, "/recommend", user_id=busy, explain=True)

    assert "explanation" not in plain
    assert explained["tip_id"] == plain["tip_id"]
    why = explained["explanation"]
    chosen = next(each for each in why["ranking"] if each["id"] == explained["candidate_id"])
    assert sum(why["contributions"].values()) == pytest.approx(chosen["score"])
    assert why["contributions"].keys() == stats(api, busy)["dimensions"].keys()
    assert chosen["propensity"] == explained["propensity"]
    assert why["profile_features"].keys() == values(api, busy).keys()


def test_the_ranking_of_an_explanation_holds_every_task_with_its_chance(api: Conforming, busy: str) -> None:
    ranking = post(api, "/recommend", user_id=busy, explain=True)["explanation"]["ranking"]

    assert {each["id"]: each["text"] for each in ranking} == {task_id: f"Do {task_id}" for task_id in TASKS}
    assert sum(each["propensity"] for each in ranking) == pytest.approx(1)
    assert min(each["propensity"] for each in ranking) >= EPSILON / len(TASKS)
    assert [each["score"] for each in ranking] == sorted((each["score"] for each in ranking), reverse=True)


def test_the_moment_is_the_one_on_the_persons_own_clock(app: App) -> None:
    inside = Inside(app)
    inside.send(user("ada", "Australia/Lord_Howe"), task("ada", "k1"))

    tip = ok(inside.post("/recommend", json={"user_id": "ada", "explain": True}))

    # START_MS is 2026-09-21T14:13:20Z, a Monday; Lord Howe is half past ten hours ahead.
    context = tip["explanation"]["context"]
    assert (context["hour_of_day"], context["day_of_week"]) == (0, 1)


def test_where_there_is_nothing_to_do_the_answer_says_so(api: Conforming, ada: str) -> None:
    answer = post(api, "/recommend", user_id=ada, explain=True, fresh=True)

    assert answer == NOTHING | {"reason": answer["reason"]}
    assert "no tasks yet" in answer["reason"]
    assert values(api, ada)["tip_volume_30d"] == 0


@pytest.mark.parametrize(
    ("reaction", "words"), [("done", "1 done"), ("dismiss", "1 dismissed"), ("snooze", "1 snoozed")]
)
def test_where_everything_was_answered_the_answer_says_how(
    api: Conforming, ada: str, reaction: str, words: str
) -> None:
    send(api, task(ada, "k1"))
    tip = post(api, "/recommend", user_id=ada)
    post(api, "/feedback", tip_id=tip["tip_id"], reaction=reaction)

    answer = post(api, "/recommend", user_id=ada)

    assert answer == NOTHING | {"reason": f"no open task: {words}"}


def test_an_unknown_person_is_not_found_and_not_made(api: Conforming, nobody: str) -> None:
    found = error(api.post("/recommend", json={"user_id": nobody}), 404, "unknown_user")

    assert found["hint"] == f"Add them with: oo users add {nobody}"
    error(api.get(f"/users/{nobody}/profile"), 404, "unknown_user")


def test_many_who_ask_at_once_for_one_person_get_the_same_tip(api: Conforming, busy: str) -> None:
    ask = functools.partial(api.post, "/recommend", json={"user_id": busy})

    answers = [ok(answer) for answer in at_once([ask] * 8)]

    assert len({answer["tip_id"] for answer in answers}) == 1
    assert values(api, busy)["tip_volume_30d"] == 1
