"""The estimates that policies read from sums, against the textbook; and the sums at their limits."""

import numpy as np
import pytest

from oo import policies
from oo.domain.decision import Floats
from oo.domain.errors import DuplicateName, NotFinite, Refused, UnknownPolicy
from oo.domain.state import State, exact
from oo.policies.base import EpsilonGreedy, Prior, shared
from oo.policies.linucb_v1 import LinUcb

ABCD = ("a", "b", "c", "d")


@pytest.fixture
def lessons() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(3)
    return exact(rng.normal(size=(50, 4))), exact(rng.random(50))


def taught(policy: EpsilonGreedy | LinUcb, rows: Floats, rewards: Floats) -> State:
    state = State.empty(policy.dimensions)
    for row, reward in zip(rows, rewards.tolist(), strict=True):
        state = policy.learn(state, row, reward)
    return state


def test_the_state_holds_the_sums_it_names(lessons: tuple[Floats, Floats]) -> None:
    rows, rewards = lessons
    state = taught(EpsilonGreedy(name="test", dimensions=ABCD), rows, rewards)

    np.testing.assert_array_equal(state.second, sum(np.outer(row, row) for row in rows))
    np.testing.assert_array_equal(state.first, sum(r * row for row, r in zip(rows, rewards, strict=True)))
    packed = np.concatenate((state.second[np.triu_indices(4)], state.first))
    assert state.to_bytes() == packed.astype("<f8").tobytes()


def test_twelve_dimensions_take_720_bytes() -> None:
    assert len(State.empty(policies.load("egreedy/v2").dimensions).to_bytes()) == 720


def test_weights_are_the_ridge_regression_of_the_textbook(lessons: tuple[Floats, Floats]) -> None:
    rows, rewards = lessons
    policy = EpsilonGreedy(name="test", dimensions=ABCD, prior=Prior(ridge=2.5))

    weights = policy.weights(taught(policy, rows, rewards))

    # Least squares over the rows, and one row more for each dimension that pulls its weight to 0.
    padded = np.vstack((rows, np.sqrt(2.5) * np.eye(4)))
    theta = np.linalg.lstsq(padded, np.append(rewards, np.zeros(4)))[0]
    assert list(weights) == list(ABCD)
    np.testing.assert_allclose(list(weights.values()), theta, rtol=1e-10)


def test_without_data_the_weights_are_the_prior_mean() -> None:
    policy = EpsilonGreedy(
        name="test", dimensions=ABCD, prior=Prior(ridge=4.0, mean={"c": 0.5, "elsewhere": 9.0})
    )

    assert policy.weights(State.empty(ABCD)) == {"a": 0.0, "b": 0.0, "c": 0.5, "d": 0.0}


def test_a_prior_mean_pulls_with_the_weight_of_the_ridge() -> None:
    policy = EpsilonGreedy(name="test", dimensions=("a",), prior=Prior(ridge=3.0, mean={"a": 1.0}))

    state = policy.learn(State.empty(("a",)), np.array([1.0]), 0.0)

    assert policy.weights(state)["a"] == pytest.approx(3 / 4)


def test_linucb_scores_are_those_of_algorithm_1(lessons: tuple[Floats, Floats]) -> None:
    rows, rewards = lessons
    policy = LinUcb(name="test", dimensions=ABCD, alpha=0.7)
    x = np.random.default_rng(4).normal(size=(9, 4))

    scores = policy.scores(taught(policy, rows, rewards), x)

    # Li et al. 2010, Algorithm 1, lines 5-13, as printed.
    a, b = np.eye(4), np.zeros(4)
    for row, reward in zip(rows, rewards, strict=True):
        a += np.outer(row, row)
        b += reward * row
    inverse = np.linalg.inv(a)
    expected = [inverse @ b @ one + 0.7 * np.sqrt(one @ inverse @ one) for one in x]
    np.testing.assert_allclose(scores, expected, rtol=1e-10)


def test_linucb_shows_its_uncertainty_among_the_contributions() -> None:
    policy = LinUcb(name="test", dimensions=("a",), alpha=0.5)

    parts = policy.contributions(State.empty(("a",)), np.array([2.0]))

    assert parts == {"a": 0.0, "uncertainty": 1.0}


def test_scores_within_a_billionth_of_the_best_are_ties() -> None:
    p = shared(np.array([1.0, 1.0 - 0.9e-9, 1.0 - 1.1e-9]), 0.3)

    np.testing.assert_allclose(p, [0.45, 0.45, 0.1], rtol=1e-12)


def test_rounding_keeps_multiples_and_drops_the_sign_of_zero() -> None:
    assert exact(np.array([5 * 2.0**-12, 64.0])).tolist() == [5 * 2.0**-12, 64.0]
    assert not np.signbit(exact(np.array([-0.0, -1e-9]))).any()


def test_sums_stay_exact_until_a_reward_is_refused() -> None:
    policy, tiny = EpsilonGreedy(name="test", dimensions=("a",)), np.array([2.0**-12])
    nearly = State(("a",), np.array([2.0**29 - 2.0**-23, 0.0]), 2**17)

    full = policy.learn(nearly, tiny, 0.0)

    assert full.second.tolist() == [[2.0**29 - 2.0**-24]]
    assert policy.unlearn(full, tiny, 0.0) == nearly
    with pytest.raises(Refused, match="not exact"):
        policy.learn(full, tiny, 0.0)


def test_the_sums_of_a_state_cannot_be_written_to() -> None:
    state = State.empty(ABCD)

    with pytest.raises(ValueError, match="read-only"):
        state.sums[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        state.first[0] = 1.0
    state.second[0] = 1.0  # a copy

    assert state == State.empty(ABCD)


def test_a_stored_state_of_another_size_is_refused() -> None:
    with pytest.raises(Refused, match="has 112 bytes; this one has 8"):
        State.from_bytes(ABCD, 1, bytes(8))


def test_a_stored_state_with_nan_is_refused() -> None:
    with pytest.raises(NotFinite, match="ledger"):
        State.from_bytes(("a",), 1, np.array([np.nan, 0.0]).tobytes())


def test_states_differ_in_sums_dimensions_or_updates() -> None:
    state = State(("a",), np.array([1.0, 0.5]), 1)

    assert state == State(("a",), np.array([1.0, 0.5]), 1)
    assert hash(state) == hash(State(("a",), np.array([1.0, 0.5]), 1))
    assert state != State(("a",), np.array([1.0, 0.25]), 1)
    assert state != State(("b",), np.array([1.0, 0.5]), 1)
    assert state != State(("a",), np.array([1.0, 0.5]), 2)
    assert state != "a state"


def test_dimensions_are_those_of_the_specification() -> None:
    seven = ["bias", "is_overdue", "task_age_days", "priority", "hour_sin", "hour_cos", "is_weekend"]
    profile = [
        "completion_rate_30d",
        "dismiss_rate_30d",
        "mean_dwell_ms_30d",
        "preferred_hour_alignment",
        "tip_volume_30d",
    ]

    assert list(policies.load("egreedy/v1").dimensions) == seven
    assert list(policies.load("egreedy/v2").dimensions) == seven + profile
    assert list(policies.load("linucb/v1").dimensions) == seven
    assert policies.load("uniform/v1").dimensions == ()


def test_an_unknown_policy_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownPolicy, match=r"'egreedy/v3' is not in policies/.* Closest: 'egreedy/v"):
        policies.load("egreedy/v3")


def test_two_policies_of_one_name_are_refused() -> None:
    with pytest.raises(DuplicateName, match="called test"):
        policies.table_of(
            [EpsilonGreedy(name="test", dimensions=()), EpsilonGreedy(name="test", dimensions=("a",))]
        )


def test_a_policy_that_repeats_a_dimension_is_refused() -> None:
    with pytest.raises(DuplicateName, match="test repeats the dimension a"):
        policies.table_of([EpsilonGreedy(name="test", dimensions=("a", "b", "a"))])
