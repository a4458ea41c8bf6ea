"""POST /signals."""

import json
from typing import Any

import pytest

from docs import generate
from oo.api.requests import MOST_SIGNALS
from oo.api.signals import SIGNALS_A_WRITE
from oo.domain.facts import FACTS
from oo.domain.instant import HOUR
from tests.api.calling import (
    CANDIDATES,
    Signal,
    at,
    candidate,
    decide,
    error,
    given,
    mood,
    new_id,
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

KEPT = {"accepted": 1, "duplicates": 0, "waiting": 0, "refused": []}
NONE = KEPT | {"accepted": 0}


def report(api: Conforming, *signals: Any) -> dict[str, Any]:
    found: dict[str, Any] = ok(api.post("/signals", json=list(signals)))
    return found


def test_one_signal_may_come_alone_or_in_a_list(api: Conforming, ada: str) -> None:
    alone = mood(ada)

    assert ok(api.post("/signals", json=alone)) == KEPT
    assert ok(api.post("/signals", json=[alone])) == NONE | {"duplicates": 1}
    assert ok(api.post("/signals", json=[mood(ada), mood(ada)])) == KEPT | {"accepted": 2}
    assert ok(api.post("/signals", json=[])) == NONE


def test_every_type_of_line_of_the_event_log_is_taken(api: Conforming) -> None:
    signals = [json.loads(line) for line in generate.EXAMPLE.read_text("utf-8").splitlines()]

    first, again = report(api, *signals), report(api, *signals)

    assert {signal["type"] for signal in signals} == set(FACTS)
    assert first["refused"] == again["refused"] == []
    assert first["accepted"] + first["duplicates"] == again["duplicates"] == len(signals)


def test_a_task_that_came_as_a_signal_is_recommended(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1", title="Call the plumber", category="house"))

    tip = post(api, "/recommend", user_id=ada)

    assert (tip["candidate_id"], tip["text"], tip["category"]) == ("k1", "Call the plumber", "house")


def test_what_comes_before_its_person_waits_and_then_counts(api: Conforming, nobody: str) -> None:
    early = [task(nobody, "k1"), served(nobody, f"{nobody}.t", at(-HOUR))]
    assert report(api, *early) == NONE | {"waiting": 2}
    assert report(api, *early) == NONE | {"duplicates": 2}
    error(api.get(f"/users/{nobody}/profile"), 404, "unknown_user")

    assert report(api, user(nobody)) == KEPT

    assert values(api, nobody)["tip_volume_30d"] == 1
    assert post(api, "/recommend", user_id=nobody)["candidate_id"] == "k1"
    assert report(api, *early) == NONE | {"duplicates": 2}


def test_a_reaction_that_comes_before_its_tip_waits_and_then_counts(api: Conforming, ada: str) -> None:
    reaction = given(ada, f"{ada}.t", at(-HOUR), "done")
    assert report(api, reaction) == NONE | {"waiting": 1}
    assert values(api, ada)["completion_rate_30d"] == 0

    assert report(api, served(ada, f"{ada}.t", at(-2 * HOUR))) == KEPT

    assert values(api, ada)["completion_rate_30d"] == 1


def test_what_waited_for_another_of_the_same_request_was_accepted(api: Conforming, nobody: str) -> None:
    served_at, reacted_at = at(-2 * HOUR), at(-HOUR)
    backwards = [
        given(nobody, f"{nobody}.t", reacted_at, "done"),
        served(nobody, f"{nobody}.t", served_at),
        user(nobody),
    ]

    assert report(api, *backwards) == KEPT | {"accepted": 3}
    assert report(api, *backwards) == NONE | {"duplicates": 3}
    assert values(api, nobody)["completion_rate_30d"] == 1


def test_what_is_refused_once_its_wait_is_over_is_named_by_its_place(api: Conforming, ada: str) -> None:
    answer = report(
        api,
        mood(ada),
        given(ada, f"{ada}.t", at(-2 * HOUR), "done"),
        served(ada, f"{ada}.t", at(-HOUR)),
    )

    assert (answer["accepted"], answer["waiting"]) == (2, 0)
    assert [refusal["index"] for refusal in answer["refused"]] == [1]
    assert "lies before its tip was served" in answer["refused"][0]["message"]


def test_a_thousand_signals_are_taken_and_one_more_is_not(api: Conforming, ada: str) -> None:
    many = [mood(ada, event_id=f"{ada}.{number}") for number in range(MOST_SIGNALS + 1)]

    found = error(api.post("/signals", json=many), 422, "invalid_request")
    assert str(MOST_SIGNALS) in found["message"]
    assert report(api, *many[:-1]) == NONE | {"accepted": MOST_SIGNALS}, "none of the refused ones was kept"
    assert report(api, *many[:-1]) == NONE | {"duplicates": MOST_SIGNALS}


BAD: list[tuple[Any, str]] = [
    (1, "Not a JSON object."),
    (None, "Not a JSON object."),
    ([], "Not a JSON object."),
    ("user", "Not a JSON object."),
    ({}, "`type` is missing."),
    ({"type": "tip.shown"}, "'tip.shown' is not a type of line."),
    ({"type": ["user"]}, "is not a type of line."),
    ({"type": "user"}, "`user_id` is missing."),
    (user("a b"), "'a b' is not a valid user_id."),
    (user("ada", tz="Mars/Olympus"), "'Mars/Olympus' is not a time zone."),
    (user("ada", note="x"), "A user has no field 'note'."),
    (mood("ada", score=2), "`score` must be at most 1."),
    (mood("ada", score="0.5"), "`score` must be a number."),
    (mood("ada", score=True), "`score` must be a number."),
    (mood("ada", at="2026-09-01"), "has no zone"),
    (mood("ada", at="+9999999-01-01T00:00:00Z"), "is not a time"),
    (mood("ada", at=0), "int is not a time"),
    (task("ada", "k1", title=" "), "`title` is blank."),
]


@pytest.mark.parametrize(("signal", "words"), BAD, ids=[words for _, words in BAD])
def test_a_bad_signal_is_refused_by_its_place_and_the_others_are_kept(
    api: Conforming, ada: str, signal: object, words: str
) -> None:
    answer = report(api, mood(ada), signal, mood(ada))

    assert answer["accepted"] == 2
    assert [refusal["index"] for refusal in answer["refused"]] == [1]
    assert words in answer["refused"][0]["message"]


def test_refusals_stand_in_the_order_of_the_list_across_every_write(api: Conforming, ada: str) -> None:
    known = mood(ada, score=0.0)
    send(api, known)
    signals: list[Signal] = [mood(ada) for _ in range(3 * SIGNALS_A_WRITE)]
    bad = [0, 1, SIGNALS_A_WRITE - 1, SIGNALS_A_WRITE, 2 * SIGNALS_A_WRITE + 7, len(signals) - 1]
    for place in bad:
        # Half are refused when they are read, half when they are recorded.
        signals[place] = mood(ada, score=-1) if place % 2 else {**known, "score": 1.0}

    answer = report(api, *signals)

    assert [refusal["index"] for refusal in answer["refused"]] == bad
    assert answer["accepted"] == len(signals) - len(bad)


def test_the_same_event_with_another_content_is_refused(api: Conforming, ada: str) -> None:
    first = mood(ada, score=0.1)

    answer = report(api, first, {**first, "score": 0.9})

    assert answer["accepted"] == 1
    assert [refusal["index"] for refusal in answer["refused"]] == [1]
    assert "recorded already, with another content" in answer["refused"][0]["message"]


def test_signals_of_several_people_come_together(api: Conforming, ada: str) -> None:
    other = new_id("bob")

    answer = report(api, mood(ada), user(other), task(other, "k1"), task(ada, "k1"))

    assert answer == NONE | {"accepted": 4}
    assert post(api, "/recommend", user_id=other)["candidate_id"] == "k1"


def test_the_order_in_which_signals_come_makes_no_difference(api: Conforming) -> None:
    history = _history()
    known = []
    for order in (1, -1):
        person = new_id("p")
        signals = [user(person), *(_of(person, signal) for signal in history)]
        report(api, *signals[::order])
        rates = values(api, person)
        known.append((rates, stats(api, person)["dimensions"], stats(api, person, "egreedy/v2")["updates"]))

    assert known[0] == known[1]
    assert known[0][0]["completion_rate_30d"] == pytest.approx(2 / 5)
    assert known[0][2] == 4


def _history() -> list[Signal]:
    """Five tips with what was known when they were served; the first got no answer, the last two of them."""
    logged = [{"id": "k1", "is_overdue": True, "task_age_days": 3.5, "priority": 4}]
    tips = [served("p", f"t{n}", at(-n * HOUR), candidates=logged, probabilities=[1.0]) for n in range(1, 6)]
    reactions = zip((2, 3, 4, 5), ("done", "dismiss", "done", "snooze"), strict=True)
    answers = [given("p", f"t{n}", at(-n * HOUR + 60_000), reaction) for n, reaction in reactions]
    return [*tips, *answers, given("p", "t5", at(-HOUR), "dismiss")]


def _of(person: str, signal: Signal) -> Signal:
    return {**signal, "user_id": person, "tip_id": f"{person}.{signal['tip_id']}"}


def test_a_refusal_does_not_repeat_a_long_text(api: Conforming, ada: str) -> None:
    answer = report(api, mood("x" * 100_000), {"type": "y" * 100_000}, mood(ada, **{"z" * 100_000: 1}))

    assert len(answer["refused"]) == 3
    assert all(len(refusal["message"]) < 400 for refusal in answer["refused"])


@pytest.mark.parametrize("logged", [{}, {"candidates": CANDIDATES}], ids=["bare", "with its candidates"])
def test_a_tip_under_the_id_of_a_decision_is_refused_and_the_others_are_kept(
    api: Conforming, ada: str, logged: dict[str, Any]
) -> None:
    bob = new_id("bob")
    decision_id = decide(api, ada)

    answer = report(api, user(bob), served(bob, decision_id, at(-HOUR), **logged), mood(bob))

    assert answer["accepted"] == 2
    assert [refusal["index"] for refusal in answer["refused"]] == [1]
    post(api, "/reward", decision_id=decision_id, reward=1.0)
    assert (stats(api, ada)["updates"], stats(api, bob)["updates"]) == (1, 0), "the decision is still ada's"


@pytest.mark.parametrize("other", [5, None, [1], {"a": 1}, "", "a b"], ids=repr)
def test_a_logged_candidate_without_an_id_that_is_one_is_refused(
    api: Conforming, ada: str, other: Any
) -> None:
    candidates = [candidate("k1"), candidate("k2") | {"id": other}]
    tip = served(ada, f"{ada}.t", at(-60_000), candidates=candidates, policy="egreedy/v1", propensity=0.5)

    answer = report(api, task(ada, "k1"), {**tip, "probabilities": [0.5, 0.5]})

    assert [refusal["index"] for refusal in answer["refused"]] == [1]
    assert post(api, "/recommend", user_id=ada, explain=True)["tip_id"] != tip["tip_id"]
