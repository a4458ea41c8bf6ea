"""What is measured of stored values: freshness, nulls, fallbacks, and what cannot be."""

import pytest

from oo.domain.facts import AppSession, MoodCheckin, TaskUpsert
from oo.domain.instant import DAY, HOUR
from oo.domain.profile import Value
from oo.features.catalog import CATALOG
from oo.features.plausible import possible
from tests.quality.crowd import CATEGORY, HOUR_OF_DAY, NOW, RATE, SERVED, TOO_OLD, Crowd

BATCHED = {each.name: each for each in CATALOG if each.freshness == "batched"}


def recommend(crowd: Crowd, *, at_ms: int) -> None:
    """Serve everybody a tip, as oO does it."""
    for number in range(crowd.people):
        answer = crowd.app.recommend(f"u{number}", now_ms=at_ms, tip_id=f"t{number}.{at_ms}", fresh=True)
        assert answer.tip is not None


def test_a_store_without_people_has_nothing_wrong(crowd: Crowd) -> None:
    assert crowd.found() == []
    assert crowd.feature(RATE).fresh_share is None


def test_values_that_were_young_enough_when_the_last_tip_was_chosen_are_no_finding(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.5] * 60, at_ms=SERVED - 12 * HOUR)

    assert (crowd.feature(RATE).counts.active, crowd.feature(RATE).fresh_share) == (60, 1.0)
    assert crowd.found() == []


def test_values_older_than_twice_their_ttl_when_the_last_tip_was_chosen_are_found(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.5] * 60, at_ms=SERVED - 12 * HOUR - 1)

    finding = crowd.app.quality.findings(now_ms=NOW)[0]

    assert (finding.kind, crowd.feature(RATE).fresh_share) == ("stale", 0.0)
    assert finding.what.startswith(
        "60 of 60 values of completion_rate_30d, of people who were served a tip in the last 7 days, were older "
        "than 12 h when their last tip was chosen; at most 5% should be."
    )
    assert "oo profile" in finding.hint


def test_a_declared_greatest_age_is_the_objective(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store("latest_mood_24h", [0.5] * 60, at_ms=SERVED - 24 * HOUR)
    within = crowd.found()
    crowd.store("latest_mood_24h", [0.5] * 60, at_ms=SERVED - 24 * HOUR - 1)

    assert BATCHED["latest_mood_24h"].max_age_sec == 24 * 3600
    assert (within, crowd.found()) == ([], ["stale"])


def test_one_value_in_twenty_may_be_late(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.5] * 60)
    crowd.store(RATE, [0.5] * 3, at_ms=TOO_OLD)
    within = crowd.found()
    crowd.store(RATE, [0.5] * 4, at_ms=TOO_OLD)

    assert (within, crowd.found()) == ([], ["stale"])


def test_only_the_last_tip_is_asked_after(crowd: Crowd) -> None:
    crowd.grow(60, served_at_ms=NOW - 3 * DAY)
    crowd.store(RATE, [0.5] * 60, at_ms=NOW - 3 * DAY)
    before = crowd.found()
    crowd.serve(*range(60), at_ms=SERVED)
    crowd.store(RATE, [0.5] * 60, at_ms=NOW - 3 * DAY)
    after = crowd.found()
    crowd.store(RATE, [0.5] * 60, at_ms=SERVED + 1)

    assert (before, after, crowd.found()) == ([], ["stale"], []), "computed since is never late"


def test_a_tip_of_the_future_is_none_yet(crowd: Crowd) -> None:
    crowd.grow(60, served_at_ms=NOW)
    crowd.serve(*range(60), at_ms=NOW + 2 * DAY)
    crowd.store(RATE, [0.5] * 60, at_ms=NOW)

    assert crowd.feature(RATE).fresh_share == 1.0
    assert crowd.found(NOW + 2 * DAY - 1) == []
    assert crowd.found(NOW + 2 * DAY) == ["stale"]


def test_values_of_people_who_were_served_nothing_for_a_week_do_not_count(crowd: Crowd) -> None:
    crowd.grow(60, served_at_ms=NOW - 8 * DAY)
    crowd.store(RATE, [0.5] * 60, at_ms=NOW - 9 * DAY)

    assert crowd.found(NOW - DAY - 1) == ["stale"]
    assert crowd.found(NOW - DAY) == []
    assert crowd.feature(RATE).counts.active == 0


def test_values_of_people_who_use_the_app_and_are_served_nothing_do_not_count(crowd: Crowd) -> None:
    crowd.grow(60, served_at_ms=None)
    for number in range(60):
        who = f"u{number}"
        crowd.tell(
            AppSession(user_id=who, event_id="e", at_ms=NOW - HOUR, duration_ms=1),
            MoodCheckin(user_id=who, event_id="e", at_ms=NOW - HOUR, score=0.5),
        )
    crowd.store(RATE, [0.5] * 60, at_ms=NOW - 9 * DAY)

    assert (crowd.feature(RATE).counts.active, crowd.feature(RATE).fresh_share) == (0, None)
    assert crowd.found() == []


def test_nothing_that_oo_serves_is_late_overnight_or_in_the_days_after(crowd: Crowd) -> None:
    crowd.grow(25, served_at_ms=None)
    crowd.tell(*(TaskUpsert(user_id=f"u{number}", task_id="k", at_ms=NOW, title="x") for number in range(25)))
    recommend(crowd, at_ms=NOW)
    after = [crowd.found(NOW + later) for later in (0, 12 * HOUR, 2 * DAY, 7 * DAY - 1)]
    seen = crowd.feature(HOUR_OF_DAY, NOW + 7 * DAY - 1)
    recommend(crowd, at_ms=NOW + 7 * DAY)
    again = crowd.feature(HOUR_OF_DAY, NOW + 7 * DAY)

    assert (after, crowd.found(NOW + 7 * DAY)) == ([[], [], [], []], [])
    assert (seen.counts.active, seen.fresh_share) == (25, 1.0)
    assert (again.counts.active, again.fresh_share) == (25, 1.0)


def test_of_few_people_served_nothing_is_called_stale(crowd: Crowd) -> None:
    crowd.grow(19)
    crowd.store(RATE, [0.5] * 19, at_ms=TOO_OLD)
    few = crowd.found()
    crowd.grow(20)
    crowd.store(RATE, [0.5] * 20, at_ms=TOO_OLD)

    assert (few, crowd.found()) == ([], ["stale"])


def test_a_null_that_rests_on_events_is_found_where_it_is_one_of_many(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store("mean_dwell_ms_30d", [1000.0] * 60)
    crowd.execute("UPDATE user_profile_features SET value = NULL WHERE user_id = 'u7'")

    findings = crowd.app.quality.findings(now_ms=NOW)

    assert [finding.kind for finding in findings] == ["nulls"]
    assert "1 of 60 values of mean_dwell_ms_30d" in findings[0].what


def test_a_null_in_place_of_a_fallback_is_found(crowd: Crowd) -> None:
    crowd.grow(5)
    crowd.store(RATE, [None] * 5, support=0)

    assert crowd.found() == ["nulls"]


def test_a_null_that_is_the_fallback_is_none(crowd: Crowd) -> None:
    crowd.grow(5)
    crowd.store(HOUR_OF_DAY, [None] * 5, support=0)

    assert crowd.found() == []
    assert crowd.feature(HOUR_OF_DAY).null_share == 1.0


def test_many_more_nulls_than_in_the_baseline_are_found(crowd: Crowd) -> None:
    crowd.grow(100)
    crowd.store(HOUR_OF_DAY, [9.0] * 100)
    crowd.check()
    crowd.store(HOUR_OF_DAY, [None] * 15, support=0)
    some = crowd.found()
    crowd.store(HOUR_OF_DAY, [None] * 40, support=0)

    findings = crowd.app.quality.findings(now_ms=NOW)

    assert (some, [finding.kind for finding in findings]) == ([], ["nulls"])
    assert "40% of the values of preferred_hour are null; in the baseline 0% were." in findings[0].what


def test_many_more_values_without_an_event_than_in_the_baseline_are_found(crowd: Crowd) -> None:
    crowd.grow(100)
    crowd.store(RATE, [0.0] * 100)
    crowd.check()
    crowd.store(RATE, [0.0] * 60, support=0)

    assert crowd.found() == ["nulls"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (RATE, 1.1),
        (RATE, -0.1),
        (RATE, float("inf")),
        (RATE, float("-inf")),
        (RATE, "many"),
        (HOUR_OF_DAY, 24.0),
        (HOUR_OF_DAY, 7.5),
        ("most_productive_weekday", 7.0),
        ("tip_volume_30d", -1.0),
        ("tip_volume_30d", 2.5),
        ("mean_dwell_ms_30d", -1.0),
        ("mean_session_ms_30d", float("inf")),
        ("latest_mood_24h", 7.0),
        ("last_todoist_sync_ms", -5.0),
        (CATEGORY, 3.0),
    ],
)
def test_one_value_that_cannot_be_is_found_and_named(crowd: Crowd, name: str, value: float | str) -> None:
    crowd.grow(5)
    good = "work" if BATCHED[name].dtype == "categorical" else 1.0
    crowd.store(name, [good] * 5)
    clean = crowd.found()
    crowd.execute("UPDATE user_profile_features SET value = ? WHERE user_id = 'u3'", value)

    findings = crowd.app.quality.findings(now_ms=NOW)

    assert (clean, [finding.kind for finding in findings]) == ([], ["range"])
    assert f"1 of 5 values of {name} cannot be" in findings[0].what


def test_a_text_where_a_number_belongs_is_found(crowd: Crowd) -> None:
    crowd.grow(5)
    crowd.store(RATE, [0.5] * 5)
    crowd.execute("UPDATE user_profile_features SET value = NULL, value_text = 'x' WHERE user_id = 'u3'")

    assert crowd.found() == ["range"]


def test_values_at_the_edges_can_be(crowd: Crowd) -> None:
    crowd.grow(2)
    edges: dict[str, tuple[Value, Value]] = {
        RATE: (0.0, 1.0),
        HOUR_OF_DAY: (0.0, 23.0),
        "tip_volume_30d": (0.0, 1e9),
        CATEGORY: ("", "é"),
    }
    for name, values in edges.items():
        crowd.store(name, values)

    assert crowd.found() == []
    assert (crowd.feature(HOUR_OF_DAY).counts.lowest, crowd.feature(HOUR_OF_DAY).counts.highest) == (
        0.0,
        23.0,
    )


def test_every_fallback_of_the_catalogue_can_be() -> None:
    for definition in BATCHED.values():
        if isinstance(definition.fallback, int | float):
            assert possible(definition).low <= definition.fallback <= possible(definition).high


def test_what_another_definition_left_behind_is_not_measured(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [7.0] * 60, at_ms=NOW - 9 * DAY, fingerprint="former")

    assert crowd.feature(RATE).counts.rows == 0
    assert crowd.found() == []


def test_what_oo_computes_itself_has_nothing_wrong(crowd: Crowd) -> None:
    crowd.grow(25)
    for number in range(25):
        crowd.app.profiles.rebuild(f"u{number}", now_ms=NOW)

    assert crowd.feature("app_sessions_30d").counts.active == 25
    assert crowd.found() == []


def test_a_measurement_changes_nothing(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.5] * 60, at_ms=TOO_OLD)
    before = crowd.world.dump()

    crowd.app.quality.panel(now_ms=NOW)

    assert crowd.found() == ["stale"]
    assert crowd.world.dump() == before
