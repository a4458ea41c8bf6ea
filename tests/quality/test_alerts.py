"""An alert is raised once, stays while its condition does, and ends by itself."""

from dataclasses import replace

import pytest

from oo.domain.instant import DAY, HOUR, MINUTE
from oo.domain.quality import Counts, Drift, FeatureQuality
from oo.evaluation.conditions import conditions
from oo.evaluation.thresholds import KEEP, RAISE, Thresholds
from tests.quality.crowd import HOUR_OF_DAY, NOW, RATE, TOO_OLD, Crowd, alerts

FEATURE = FeatureQuality(name=RATE, counts=Counts(), max_age_sec=3600, possible=(0.0, 1.0))


def stale(crowd: Crowd, *, late: int, of: int = 100) -> None:
    crowd.store(RATE, [0.5] * of)
    crowd.store(RATE, [0.5] * late, at_ms=TOO_OLD)


def test_an_alert_is_raised_once_and_not_again_while_it_lasts(crowd: Crowd) -> None:
    crowd.grow(100)
    stale(crowd, late=50)

    first, second, third = (crowd.check(NOW + number * MINUTE) for number in range(3))

    assert [len(each.raised) for each in (first, second, third)] == [1, 0, 0]
    assert alerts(third) == {("stale", RATE)}
    assert [(each.since_ms, each.seen_ms) for each in third.panel.alerts] == [(NOW, NOW + 2 * MINUTE)]
    assert len(crowd.rows("SELECT * FROM quality_alerts")) == 1


def test_it_ends_by_itself_and_may_come_again_as_another(crowd: Crowd) -> None:
    crowd.grow(100)
    stale(crowd, late=50)
    crowd.check(NOW)
    stale(crowd, late=0)
    ended = crowd.check(NOW + MINUTE)
    stale(crowd, late=50)
    again = crowd.check(NOW + 2 * MINUTE)

    assert [(each.since_ms, each.cleared_at_ms) for each in ended.cleared] == [(NOW, NOW + MINUTE)]
    assert alerts(ended) == set()
    assert [each.since_ms for each in again.raised] == [NOW + 2 * MINUTE]
    assert crowd.rows("SELECT cleared_at_ms FROM quality_alerts ORDER BY seq") == [(NOW + MINUTE,), (None,)]


def test_between_the_two_bounds_nothing_changes(crowd: Crowd) -> None:
    crowd.grow(100)
    seen = []
    for late in (4, 5, 6, 4, 6, 4, 3, 4):
        stale(crowd, late=late)
        checked = crowd.check()
        seen.append((len(checked.raised), len(checked.cleared), len(checked.panel.alerts)))

    assert seen == [(0, 0, 0), (0, 0, 0), (1, 0, 1), (0, 0, 1), (0, 0, 1), (0, 0, 1), (0, 1, 0), (0, 0, 0)]


def test_an_alert_that_is_kept_is_a_finding_still(crowd: Crowd) -> None:
    crowd.grow(100)
    stale(crowd, late=4)
    before = crowd.found()
    stale(crowd, late=6)
    crowd.check()
    stale(crowd, late=4)

    assert (before, crowd.found()) == ([], ["stale"])


def test_its_words_are_those_of_now(crowd: Crowd) -> None:
    crowd.grow(100)
    stale(crowd, late=50)
    crowd.check()
    stale(crowd, late=80)

    message = crowd.check().panel.alerts[0].condition.message

    assert message.startswith("80 of 100")
    assert crowd.rows("SELECT message FROM quality_alerts") == [(message,)]


def test_several_at_once_are_told_apart(crowd: Crowd) -> None:
    crowd.grow(100)
    stale(crowd, late=50)
    crowd.store(HOUR_OF_DAY, [24.0] * 100, at_ms=NOW - 9 * DAY)

    checked = crowd.check()
    crowd.store(HOUR_OF_DAY, [23.0] * 100, at_ms=NOW - 9 * DAY)
    later = crowd.check()

    assert alerts(checked) == {("stale", RATE), ("stale", HOUR_OF_DAY), ("range", HOUR_OF_DAY)}
    assert alerts(later) == {("stale", RATE), ("stale", HOUR_OF_DAY)}
    assert [each.condition.kind for each in later.cleared] == ["range"]


def test_an_alert_of_people_who_are_gone_ends(crowd: Crowd) -> None:
    crowd.grow(100)
    stale(crowd, late=100)
    crowd.check()
    crowd.execute("DELETE FROM user_profile_features")

    assert alerts(crowd.check()) == set()


def test_a_clock_that_jumps_raises_no_second_alert_and_lets_it_end(crowd: Crowd) -> None:
    crowd.grow(100, served_at_ms=NOW - 2 * HOUR)
    stale(crowd, late=100)
    crowd.check(NOW)
    ahead = crowd.check(NOW + 2 * DAY)
    back = crowd.check(NOW - HOUR)
    stale(crowd, late=0)
    crowd.store(RATE, [0.5] * 100, at_ms=NOW - 2 * HOUR)

    ended = crowd.check(NOW - HOUR)

    assert (len(ahead.raised), len(back.raised)) == (0, 0)
    assert back.panel.alerts[0].seen_ms >= back.panel.alerts[0].since_ms == NOW
    assert alerts(ended) == set()
    assert ended.cleared[0].cleared_at_ms == NOW, "not before it began"


def test_values_from_after_now_are_not_late(crowd: Crowd) -> None:
    crowd.grow(60, served_at_ms=NOW - 3 * DAY)
    crowd.store(RATE, [0.5] * 60, at_ms=NOW)

    assert crowd.feature(RATE, NOW - 2 * DAY).fresh_share == 1.0
    assert crowd.found(NOW - 2 * DAY) == []


def test_a_check_where_nothing_is_wrong_writes_nothing(crowd: Crowd) -> None:
    crowd.grow(30)
    crowd.store(RATE, [0.5] * 30)
    before = crowd.world.dump()

    crowd.check()

    assert crowd.world.dump() == before


def of(bounds: Thresholds, feature: FeatureQuality) -> bool:
    return bool(conditions([feature], [], bounds))


def counted(**counts: int) -> FeatureQuality:
    return replace(FEATURE, counts=Counts(**counts))


def drifted(psi: float = 0.0, psi_p: float = 1.0, ks: float = 0.0, ks_p: float = 1.0) -> FeatureQuality:
    drift = Drift(psi=psi, psi_p=psi_p, bins=10, ks=ks, ks_p=ks_p)
    return replace(FEATURE, drift=drift, sampled=500, baseline_people=500)


@pytest.mark.parametrize(
    ("past", "between", "short"),
    [
        (
            counted(active=1000, late=51),
            counted(active=1000, late=40),
            counted(active=1000, late=30),
        ),
        (
            drifted(psi=0.25, psi_p=1e-5),
            drifted(psi=0.21, psi_p=1e-5),
            drifted(psi=0.19, psi_p=1e-5),
        ),
        (
            drifted(ks=0.15, ks_p=1e-5),
            drifted(ks=0.15, ks_p=5e-4),
            drifted(ks=0.15, ks_p=0.01),
        ),
        (
            replace(counted(rows=1000, nulls=310), baseline_null_share=0.1, baseline_rows=1000),
            replace(counted(rows=1000, nulls=260), baseline_null_share=0.1, baseline_rows=1000),
            replace(counted(rows=1000, nulls=240), baseline_null_share=0.1, baseline_rows=1000),
        ),
    ],
    ids=["stale", "psi", "ks", "nulls"],
)
def test_what_raises_an_alert_lies_past_what_keeps_it(
    past: FeatureQuality, between: FeatureQuality, short: FeatureQuality
) -> None:
    assert (of(RAISE, past), of(KEEP, past)) == (True, True)
    assert (of(RAISE, between), of(KEEP, between)) == (False, True)
    assert (of(RAISE, short), of(KEEP, short)) == (False, False)
