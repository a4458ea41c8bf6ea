"""A distribution that has moved is found and named; one that chance alone has moved is not."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from oo.domain.decision import Floats
from oo.domain.instant import DAY
from oo.domain.quality import Distribution
from oo.evaluation.conditions import has_drifted
from oo.evaluation.drift import drift
from oo.evaluation.thresholds import RAISE
from tests.quality.crowd import CATEGORY, NOW, RATE, Crowd, alerts

RESAMPLES = 200
SIZES = (50, 200, 2_000)


def numbers(values: Floats) -> Distribution:
    return Distribution(numbers=np.sort(values))


def categories(chance: np.random.Generator, shares: list[float], people: int) -> Distribution:
    drawn = chance.choice(len(shares), size=people, p=shares)
    return Distribution(categories={f"c{name}": count for name, count in Counter(drawn.tolist()).items()})


def rates(chance: np.random.Generator, people: int, a: float = 2.0, b: float = 5.0) -> Floats:
    """Rates as they come: shares of some tens of tips, many of them none."""
    return np.round(chance.beta(a, b, people) * 20) / 20 * (chance.random(people) < 0.8)


@pytest.mark.parametrize("people", SIZES)
def test_chance_alone_is_not_taken_for_drift(people: int) -> None:
    chance = np.random.default_rng(7)
    shares = [0.3, 0.25, 0.2, 0.15, 0.06, 0.04]
    kinds: tuple[Callable[[int], Floats], ...] = (
        lambda count: rates(chance, count),
        lambda count: chance.lognormal(8, 1, count),
        lambda count: chance.integers(0, 24, count).astype(np.float64),
    )

    compared = [
        drift(numbers(draw(people)), numbers(draw(people))) for draw in kinds for _ in range(RESAMPLES)
    ]
    compared += [
        drift(categories(chance, shares, people), categories(chance, shares, people))
        for _ in range(RESAMPLES)
    ]

    assert sum(has_drifted(each, RAISE) for each in compared) <= 1, "of 800"


def test_by_a_bound_on_psi_alone_chance_would_be_taken_for_drift() -> None:
    chance = np.random.default_rng(7)

    psi = [drift(numbers(rates(chance, 50)), numbers(rates(chance, 50))).psi for _ in range(RESAMPLES)]

    assert np.mean(np.array(psi) >= RAISE.psi) > 0.05


@pytest.mark.parametrize("people", SIZES)
def test_a_planted_shift_is_found_whatever_the_number_of_people(people: int) -> None:
    chance = np.random.default_rng(11)

    found = [
        has_drifted(drift(numbers(rates(chance, people)), numbers(rates(chance, people, 6, 2))), RAISE)
        for _ in range(50)
    ]

    assert sum(found) >= 49


def test_a_planted_change_of_favourite_category_is_found() -> None:
    chance = np.random.default_rng(11)

    compared = drift(categories(chance, [0.6, 0.3, 0.1], 200), categories(chance, [0.2, 0.3, 0.1, 0.4], 200))

    assert has_drifted(compared, RAISE)
    assert compared.ks is None


def test_a_shift_too_small_to_matter_is_not_alerted_on_however_sure_it_is() -> None:
    chance = np.random.default_rng(3)

    compared = drift(numbers(chance.normal(0, 1, 5_000)), numbers(chance.normal(0.2, 1, 5_000)))

    assert compared.ks_p is not None
    assert compared.ks_p < RAISE.p_value
    assert not has_drifted(compared, RAISE)


def test_the_index_is_the_sum_that_it_is_named_for() -> None:
    compared = drift(
        Distribution(categories={"a": 500, "b": 500}), Distribution(categories={"a": 800, "b": 200})
    )

    p, q = (np.array(counts) / sum(counts) for counts in ([500 + 0.5, 500 + 0.5], [800 + 0.5, 200 + 0.5]))
    assert compared.psi == pytest.approx(float(((p - q) * np.log(p / q)).sum()))


def test_equal_values_do_not_drift_apart() -> None:
    compared = drift(numbers(np.zeros(100)), numbers(np.zeros(100)))

    assert (compared.psi, compared.ks) == (0.0, 0.0)


def test_a_shift_in_the_store_is_found_and_named(crowd: Crowd) -> None:
    chance = np.random.default_rng(1)
    crowd.grow(300)
    crowd.store(RATE, rates(chance, 300).tolist())
    crowd.store(CATEGORY, [f"c{each}" for each in chance.integers(0, 4, 300)])
    crowd.check()
    crowd.store(RATE, rates(chance, 300).tolist())
    again = crowd.check()
    crowd.store(RATE, rates(chance, 300, 6, 2).tolist())

    checked = crowd.check()

    assert alerts(again) == set()
    assert alerts(checked) == {("drift", RATE)}
    assert "300 people now and 300 then" in checked.raised[0].condition.message
    assert f"oo quality baseline {RATE}" in checked.raised[0].condition.hint


def test_the_baseline_is_taken_once_enough_people_have_values(crowd: Crowd) -> None:
    crowd.grow(49)
    crowd.store(RATE, [0.5] * 49)
    crowd.check()
    few = crowd.feature(RATE)
    crowd.grow(50)
    crowd.store(RATE, [0.5] * 50)
    crowd.check(NOW + 1)
    enough = crowd.feature(RATE)

    assert (few.verdict, few.baseline_at_ms) == ("no baseline", None)
    assert (enough.verdict, enough.baseline_at_ms) == ("steady", NOW + 1)


def test_of_fewer_people_there_is_no_alert(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.1] * 60)
    crowd.check()
    crowd.execute("DELETE FROM user_profile_features")
    crowd.store(RATE, [0.9] * 49)

    assert crowd.feature(RATE).verdict == "not enough people"
    assert crowd.found() == []


def test_the_baseline_stays_while_the_values_move(crowd: Crowd) -> None:
    crowd.grow(60)
    for number in range(5):
        crowd.store(RATE, [0.1 + number / 10] * 60)
        crowd.check(NOW + number)

    assert crowd.feature(RATE).baseline_at_ms == NOW
    assert crowd.found() == ["drift"]


def test_a_renewed_baseline_ends_the_drift(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.1] * 60)
    crowd.store(CATEGORY, ["a"] * 60)
    crowd.check()
    crowd.store(RATE, [0.9] * 60)
    crowd.store(CATEGORY, ["b"] * 60)
    before = alerts(crowd.check(NOW + 1))

    renewed = crowd.app.quality.renew([RATE], now_ms=NOW + 2)

    assert before == {("drift", RATE), ("drift", CATEGORY)}
    assert renewed == (RATE,)
    assert alerts(crowd.check(NOW + 3)) == {("drift", CATEGORY)}
    assert crowd.app.quality.renew(now_ms=NOW + 4) == (RATE, CATEGORY)
    assert alerts(crowd.check(NOW + 5)) == set()


def test_another_definition_starts_another_baseline(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store(RATE, [0.1] * 60)
    crowd.check()
    crowd.execute("UPDATE quality_baselines SET fingerprint = 'former'")
    crowd.store(RATE, [0.9] * 60)
    unlike = crowd.feature(RATE).verdict

    checked = crowd.check(NOW + 1)

    assert unlike == "no baseline"
    assert alerts(checked) == set()
    assert (crowd.feature(RATE).verdict, crowd.feature(RATE).baseline_at_ms) == ("steady", NOW + 1)


def test_a_point_in_time_moves_with_the_clock_and_is_not_compared(crowd: Crowd) -> None:
    crowd.grow(60)
    crowd.store("last_todoist_sync_ms", [float(NOW - 9 * DAY)] * 60)
    crowd.check()
    crowd.store("last_todoist_sync_ms", [float(NOW)] * 60)

    assert alerts(crowd.check()) == set()
    assert crowd.feature("last_todoist_sync_ms").verdict == "not compared"


def test_without_scipy_everything_else_is_measured() -> None:
    program = (
        "import sys; sys.modules['scipy'] = None\n"
        "import numpy\n"
        "from oo.domain.quality import Distribution\n"
        "from oo.usecases.measure import _compared\n"
        "print(_compared(*[Distribution(numbers=numpy.zeros(50))] * 2))"
    )

    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert outcome.stdout == "None\n"


def test_scipy_is_left_alone_until_there_is_something_to_compare() -> None:
    program = (
        "import sys, oo.cli.quality, oo.cli.serve; print([name for name in sys.modules if 'scipy' in name])"
    )

    outcome = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert outcome.stdout == "[]\n"


def test_only_so_many_people_are_compared_and_always_the_same(crowd: Crowd) -> None:
    crowd.grow(400, served_at_ms=None)
    crowd.store(RATE, [number % 2 for number in range(400)])

    samples = [crowd.app.store.read(lambda reader: reader.sample_values(100))[RATE] for _ in range(2)]

    assert samples[0].numbers is not None
    assert samples[1].numbers is not None
    assert samples[0].numbers.tolist() == samples[1].numbers.tolist()
    assert 90 <= samples[0].people <= 110
    assert 0.4 <= samples[0].numbers.mean() <= 0.6, "every second person is every second of the sample"
