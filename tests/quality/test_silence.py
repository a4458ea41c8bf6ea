"""A source that goes silent is found, by the rhythm that it had."""

import pytest

from oo.domain.facts import (
    AppSession,
    CalendarEvent,
    Fact,
    MoodCheckin,
    Reaction,
    SourceSynced,
    TaskUpsert,
    TipFeedback,
    TipServed,
)
from oo.domain.instant import DAY, HOUR, MINUTE
from tests.quality.crowd import NOW, Crowd, alerts, moods


def of(kind: str, number: int, at_ms: int) -> list[Fact]:
    """Facts of a source about one person at an instant."""
    who = "u0"
    tip = TipServed(user_id=who, tip_id=f"t{number}", at_ms=at_ms, candidate_id="c")
    every: dict[str, list[Fact]] = {
        "tip.served": [tip],
        "tip.feedback": [
            TipServed(user_id=who, tip_id=f"t{number}", at_ms=at_ms, candidate_id="c"),
            TipFeedback(user_id=who, tip_id=f"t{number}", at_ms=at_ms, reaction=Reaction.DONE),
        ],
        "task.*": [TaskUpsert(user_id=who, task_id=f"k{number}", at_ms=at_ms, title="x")],
        "app.session": [AppSession(user_id=who, event_id=f"e{number}", at_ms=at_ms, duration_ms=1)],
        "mood.checkin": [MoodCheckin(user_id=who, event_id=f"e{number}", at_ms=at_ms, score=0.5)],
        "calendar.event": [
            CalendarEvent(
                user_id=who,
                event_id=f"e{number}",
                at_ms=at_ms,
                start_ms=at_ms,
                end_ms=at_ms + HOUR,
                busy=True,
            )
        ],
        "source.synced/todoist": [SourceSynced(user_id=who, source="todoist", at_ms=at_ms)],
        "source.synced/mine": [SourceSynced(user_id=who, source="mine", at_ms=at_ms)],
    }
    return every[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "tip.served",
        "tip.feedback",
        "task.*",
        "app.session",
        "mood.checkin",
        "calendar.event",
        "source.synced/todoist",
        "source.synced/mine",
    ],
)
def test_a_source_heard_every_hour_is_silent_after_a_day(crowd: Crowd, kind: str) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*(fact for number in range(30) for fact in of(kind, number, NOW - number * HOUR)))

    within = alerts(crowd.check(NOW + DAY))
    after = alerts(crowd.check(NOW + DAY + 1))

    assert within == set()
    assert ("silent", kind) in after


def test_the_alert_ends_when_something_comes(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW))
    silent = crowd.check(NOW + 2 * DAY)
    crowd.tell(*moods(last_ms=NOW + 2 * DAY, count=1, name="again"))

    heard = crowd.check(NOW + 2 * DAY + MINUTE)

    assert alerts(silent) == {("silent", "mood.checkin")}
    assert "Nothing has come of mood.checkin for 48 h; its rhythm allows 24 h." in (
        silent.raised[0].condition.message
    )
    assert (alerts(heard), len(heard.cleared)) == (set(), 1)


def test_a_source_heard_every_other_day_may_be_silent_for_four_times_that(crowd: Crowd) -> None:
    crowd.grow(2, served_at_ms=None)
    for user_id in ("u0", "u1"):
        later = 0 if user_id == "u0" else MINUTE
        crowd.tell(*moods(last_ms=NOW - later, every_ms=2 * DAY, count=14, user_id=user_id))

    assert crowd.source("mood.checkin").usual_gap_ms == 2 * DAY
    assert crowd.found(NOW + 8 * DAY) == []
    assert crowd.found(NOW + 8 * DAY + 1) == ["silent"]


def test_nights_are_usual(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    for day in range(20):
        crowd.tell(*moods(last_ms=NOW - day * DAY, every_ms=2 * HOUR, count=5, name=f"{day}."))

    assert crowd.source("mood.checkin").usual_gap_ms == 16 * HOUR
    assert crowd.found(NOW + 63 * HOUR) == []
    assert crowd.found(NOW + 65 * HOUR) == ["silent"]


def test_with_fewer_than_twenty_arrivals_there_is_no_rhythm(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW, every_ms=2 * HOUR, count=19))
    few = crowd.found(NOW + 9 * DAY)
    crowd.tell(*moods(last_ms=NOW - 38 * HOUR, count=1, name="first"))

    assert (few, crowd.found(NOW + 9 * DAY)) == ([], ["silent"])


def test_what_came_in_one_go_has_no_rhythm(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW, every_ms=MINUTE, count=60))

    assert crowd.source("mood.checkin").arrivals == 60
    assert crowd.found(NOW + 9 * DAY) == []


def test_facts_of_one_instant_are_one_arrival(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    for day in range(5):
        crowd.tell(*moods(last_ms=NOW - day * DAY, every_ms=0, count=20, name=f"{day}."))

    assert crowd.source("mood.checkin").arrivals == 5
    assert crowd.found(NOW + 20 * DAY) == []


def test_a_source_is_heard_by_whomever_it_is_about(crowd: Crowd) -> None:
    crowd.grow(2, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW))
    crowd.tell(*moods(last_ms=NOW + 3 * DAY, count=1, user_id="u1"))

    assert crowd.found(NOW + 3 * DAY) == []


def test_a_source_that_was_not_heard_for_thirty_days_is_given_up_and_shown_still(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW))

    assert alerts(crowd.check(NOW + 30 * DAY)) == {("silent", "mood.checkin")}
    assert alerts(crowd.check(NOW + 30 * DAY + 1)) == set()
    assert crowd.source("mood.checkin", NOW + 90 * DAY).silent_ms == 90 * DAY


def test_a_clock_that_was_set_back_makes_nothing_silent(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW))

    assert crowd.found(NOW - 3 * HOUR) == []
    assert crowd.found(NOW - 90 * DAY) == []


def test_a_fact_from_the_future_does_not_hide_a_silence(crowd: Crowd) -> None:
    crowd.grow(1, served_at_ms=None)
    crowd.tell(*moods(last_ms=NOW), *moods(last_ms=NOW + 300 * DAY, count=1, name="future"))

    assert crowd.found(NOW + 2 * DAY) == ["silent"]
