"""POST /feedback."""

import functools

import pytest

from oo.domain.instant import DAY, HOUR, MINUTE
from tests.api.calling import at, at_once, decide, error, post, send, served, stats, statuses, task, values
from tests.api.conforming import Conforming


@pytest.fixture
def tip_id(api: Conforming, ada: str) -> str:
    """The tip of somebody who has one task, served three hours ago."""
    send(api, task(ada, "k1"), served(ada, f"{ada}.t", at(-3 * HOUR)))
    return f"{ada}.t"


@pytest.mark.parametrize("reaction", ["done", "dismiss", "snooze"])
def test_a_reaction_is_applied_once(api: Conforming, tip_id: str, reaction: str) -> None:
    assert post(api, "/feedback", tip_id=tip_id, reaction=reaction) == {"status": "applied"}
    assert post(api, "/feedback", tip_id=tip_id, reaction=reaction) == {"status": "duplicate"}


def test_taking_back_what_was_never_given_changes_nothing(api: Conforming, tip_id: str) -> None:
    assert post(api, "/feedback", tip_id=tip_id, reaction="none") == {"status": "duplicate"}


def test_a_reaction_changes_the_profile_at_once(api: Conforming, ada: str, tip_id: str) -> None:
    before = values(api, ada)
    post(api, "/feedback", tip_id=tip_id, reaction="dismiss", at=at(-2 * HOUR))
    dismissed = values(api, ada)
    post(api, "/feedback", tip_id=tip_id, reaction="done", at=at(-HOUR))
    done = values(api, ada)

    assert (before["dismiss_rate_30d"], before["completion_rate_30d"]) == (0, 0)
    assert (dismissed["dismiss_rate_30d"], dismissed["completion_rate_30d"]) == (1, 0)
    assert (done["dismiss_rate_30d"], done["completion_rate_30d"]) == (0, 1)
    assert dismissed["mean_dwell_ms_30d"] == pytest.approx(HOUR, abs=MINUTE)
    # Both reactions were given in the window, whichever is in force now.
    assert done["mean_dwell_ms_30d"] > dismissed["mean_dwell_ms_30d"]


def test_an_answer_that_is_taken_back_leaves_no_trace(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"), task(ada, "k2"))
    tip = post(api, "/recommend", user_id=ada)
    post(api, "/feedback", tip_id=tip["tip_id"], reaction="done")
    learned = stats(api, ada)
    post(api, "/feedback", tip_id=tip["tip_id"], reaction="none", at=at(MINUTE))

    assert learned["updates"] == 1
    assert stats(api, ada)["updates"] == 0
    assert not any(stats(api, ada)["dimensions"].values())


def test_a_snooze_lasts_an_hour_where_no_time_is_given(api: Conforming, ada: str, tip_id: str) -> None:
    post(api, "/feedback", tip_id=tip_id, reaction="snooze", at=at(-HOUR + MINUTE))
    hidden = post(api, "/recommend", user_id=ada)
    post(api, "/feedback", tip_id=tip_id, reaction="snooze", at=at(-HOUR - MINUTE))

    assert hidden["reason"] == "no open task: 1 snoozed"
    assert post(api, "/recommend", user_id=ada) == hidden, "the later snooze is in force"


def test_a_snooze_that_is_over_lets_the_task_come_back(api: Conforming, ada: str, tip_id: str) -> None:
    post(api, "/feedback", tip_id=tip_id, reaction="snooze", at=at(-HOUR - MINUTE))

    assert post(api, "/recommend", user_id=ada)["candidate_id"] == "k1"


@pytest.mark.parametrize(("until_ms", "comes_back"), [(-MINUTE, True), (MINUTE, False)])
def test_a_snooze_with_a_time_of_its_own_ends_then(
    api: Conforming, ada: str, tip_id: str, until_ms: int, *, comes_back: bool
) -> None:
    post(api, "/feedback", tip_id=tip_id, reaction="snooze", at=at(-2 * HOUR), snooze_until=at(until_ms))

    assert (post(api, "/recommend", user_id=ada)["candidate_id"] == "k1") is comes_back


def test_a_snooze_to_another_time_is_another_reaction(api: Conforming, tip_id: str) -> None:
    until = at(DAY)
    assert post(api, "/feedback", tip_id=tip_id, reaction="snooze", snooze_until=until) == {
        "status": "applied"
    }
    again = post(api, "/feedback", tip_id=tip_id, reaction="snooze", snooze_until=until)
    other = post(api, "/feedback", tip_id=tip_id, reaction="snooze", snooze_until=at(2 * DAY))

    assert (again["status"], other["status"]) == ("duplicate", "applied")


def test_a_time_may_be_written_with_any_offset_and_null_is_now(api: Conforming, tip_id: str) -> None:
    given = at(-HOUR).removesuffix("Z") + "+00:00"

    assert post(api, "/feedback", tip_id=tip_id, reaction="dismiss", at=given)["status"] == "applied"
    answer = post(api, "/feedback", tip_id=tip_id, reaction="done", at=None, snooze_until=None)
    assert answer["status"] == "applied"


def test_a_tip_that_was_never_served_is_not_found(api: Conforming) -> None:
    error(api.post("/feedback", json={"tip_id": "never", "reaction": "done"}), 404, "unknown_tip")


def test_a_decision_that_a_program_asked_for_takes_no_reaction(api: Conforming, ada: str) -> None:
    decision_id = decide(api, ada)

    error(api.post("/feedback", json={"tip_id": decision_id, "reaction": "done"}), 404, "unknown_tip")


def test_a_reaction_before_its_tip_is_a_conflict(api: Conforming, ada: str, tip_id: str) -> None:
    body = {"tip_id": tip_id, "reaction": "done", "at": at(-4 * HOUR)}

    error(api.post("/feedback", json=body), 409, "reaction_before_tip")
    assert values(api, ada)["completion_rate_30d"] == 0


@pytest.mark.parametrize(
    "given",
    [
        {"reaction": "done", "at": 2 * DAY},
        {"reaction": "done", "snooze_until": DAY},
        {"reaction": "none", "snooze_until": DAY},
        {"reaction": "snooze", "snooze_until": -DAY},
        {"reaction": "Done"},
        {"reaction": "shrug"},
        {"reaction": None},
        {},
    ],
    ids=str,
)
def test_a_reaction_that_cannot_be_meant_is_refused(
    api: Conforming, ada: str, tip_id: str, given: dict[str, object]
) -> None:
    times = {name: at(value) for name, value in given.items() if isinstance(value, int)}

    error(api.post("/feedback", json={"tip_id": tip_id, **given, **times}), 422)

    assert values(api, ada)["mean_dwell_ms_30d"] is None


def test_the_same_answer_from_many_at_once_is_applied_once(api: Conforming, ada: str, tip_id: str) -> None:
    give = functools.partial(api.post, "/feedback", json={"tip_id": tip_id, "reaction": "done"})

    assert statuses(at_once([give] * 8)) == ["applied", *["duplicate"] * 7]
    assert values(api, ada)["completion_rate_30d"] == 1
