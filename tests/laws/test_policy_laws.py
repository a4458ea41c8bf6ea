"""Laws that every policy keeps. A new file in `policies/` is under them without an edit here."""

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from oo import plugins, policies
from oo.domain.decision import Floats, draw
from oo.domain.errors import Conflict, NoCandidates, NotFinite, Refused
from oo.domain.state import BOUND, State, aligned_row
from oo.policies.base import Policy

Lesson: TypeAlias = tuple[Floats, float]

POLICIES = plugins.collect(policies, Policy)  # type: ignore[type-abstract]  # it is only compared with
every_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
policy_with_dimensions = pytest.mark.parametrize(
    "policy", [policy for policy in POLICIES if policy.dimensions], ids=lambda policy: policy.name
)
examples = settings(max_examples=50, deadline=None)

NUMBERS = st.one_of(
    st.integers(-(2**18), 2**18).map(lambda grains: grains / 2**12),
    st.floats(-BOUND, BOUND),
    st.floats(-1, 1),
    st.sampled_from([0.0, -0.0, 1.0, -BOUND, 1e-9]),
)
REWARDS = st.one_of(st.sampled_from([0.0, 0.25, 1.0]), st.floats(0, 1))


def candidates(policy: Policy, least: int = 1, most: int = 25) -> st.SearchStrategy[Floats]:
    d = len(policy.dimensions)
    return st.integers(least, most).flatmap(lambda n: arrays(np.float64, (n, d), elements=NUMBERS))


def lessons(policy: Policy, least: int = 0) -> st.SearchStrategy[list[Lesson]]:
    row = arrays(np.float64, len(policy.dimensions), elements=NUMBERS)
    return st.lists(st.tuples(row, REWARDS), min_size=least, max_size=12)


def taught(policy: Policy, taken: Sequence[Lesson]) -> State:
    state = State.empty(policy.dimensions)
    for row, reward in taken:
        state = policy.learn(state, row, reward)
    return state


def states(policy: Policy, least: int = 0) -> st.SearchStrategy[State]:
    return lessons(policy, least).map(lambda taken: taught(policy, taken))


@every_policy
@examples
@given(data=st.data())
def test_probabilities_sum_to_one(policy: Policy, data: st.DataObject) -> None:
    p = policy.propensities(data.draw(states(policy)), data.draw(candidates(policy)))

    assert abs(p.sum() - 1.0) < 1e-12


@every_policy
@examples
@given(data=st.data())
def test_each_candidate_has_at_least_its_share_of_exploration(policy: Policy, data: st.DataObject) -> None:
    x = data.draw(candidates(policy))

    assert policy.propensities(data.draw(states(policy)), x).min() >= policy.epsilon / len(x)


@every_policy
@examples
@given(data=st.data())
def test_the_best_by_score_share_the_rest_evenly(policy: Policy, data: st.DataObject) -> None:
    state, x = data.draw(states(policy)), data.draw(candidates(policy))

    scores, p = policy.scores(state, x), policy.propensities(state, x)

    best = scores >= scores.max() - 1e-9
    floor = policy.epsilon / len(x)
    np.testing.assert_allclose(p[best], floor + (1 - policy.epsilon) / best.sum(), rtol=1e-12)
    np.testing.assert_allclose(p[~best], floor, rtol=1e-12)


@every_policy
@examples
@given(data=st.data())
def test_the_order_of_candidates_does_not_matter(policy: Policy, data: st.DataObject) -> None:
    state, x = data.draw(states(policy)), data.draw(candidates(policy))
    order = data.draw(st.permutations(range(len(x))))

    np.testing.assert_array_equal(policy.scores(state, x[order]), policy.scores(state, x)[order])
    np.testing.assert_array_equal(policy.propensities(state, x[order]), policy.propensities(state, x)[order])


@every_policy
@examples
@given(data=st.data())
def test_a_score_does_not_depend_on_the_other_candidates(policy: Policy, data: st.DataObject) -> None:
    state, x = data.draw(states(policy)), data.draw(candidates(policy))

    together = policy.scores(state, np.asfortranarray(x))

    alone = [policy.scores(state, x[i : i + 1])[0] for i in range(len(x))]
    np.testing.assert_array_equal(together, alone)


@every_policy
@examples
@given(data=st.data())
def test_duplicates_share_equally(policy: Policy, data: st.DataObject) -> None:
    state, x = data.draw(states(policy)), data.draw(candidates(policy, most=12))
    copies = data.draw(st.integers(2, 5))

    p = policy.propensities(state, np.tile(x, (copies, 1))).reshape(copies, len(x))

    assert (p == p[0]).all()


@every_policy
@examples
@given(data=st.data())
def test_a_lone_candidate_is_certain(policy: Policy, data: st.DataObject) -> None:
    x = data.draw(candidates(policy, most=1))

    assert policy.propensities(data.draw(states(policy)), x).tolist() == [1.0]


@every_policy
@examples
@given(data=st.data())
def test_contributions_add_up_to_the_score(policy: Policy, data: st.DataObject) -> None:
    state, x = data.draw(states(policy)), data.draw(candidates(policy))

    parts = policy.contributions(state, x[0])

    largest = max((abs(part) for part in parts.values()), default=0.0)
    assert sum(parts.values()) == pytest.approx(policy.scores(state, x)[0], abs=1e-9 + 1e-9 * largest)
    assert set(policy.dimensions) <= set(parts)


@every_policy
def test_what_is_drawn_follows_what_is_logged(policy: Policy) -> None:
    rng, n, draws = np.random.default_rng(7), 6, 20_000
    state = taught(policy, [(rng.uniform(-1, 1, len(policy.dimensions)), rng.random()) for _ in range(20)])
    p = policy.propensities(state, rng.uniform(-1, 1, (n, len(policy.dimensions))))

    counts = np.bincount([draw(p, f"{policy.name}:{i}") for i in range(draws)], minlength=n)

    # Pearson's statistic has n - 1 = 5 degrees of freedom; one in a thousand fair draws is past 20.5.
    assert (((counts - draws * p) ** 2) / (draws * p)).sum() < 20.5


@every_policy
def test_no_candidates_are_refused(policy: Policy) -> None:
    with pytest.raises(NoCandidates, match=policy.name):
        policy.propensities(State.empty(policy.dimensions), np.empty((0, len(policy.dimensions))))


@policy_with_dimensions
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused_by_name(policy: Policy, number: float) -> None:
    state, x = State.empty(policy.dimensions), np.zeros((3, len(policy.dimensions)))
    x[1, -1] = number

    for use in (policy.scores, policy.propensities):
        with pytest.raises(NotFinite, match=f"{re.escape(policy.dimensions[-1])} of candidate 1"):
            use(state, x)
    with pytest.raises(NotFinite, match=policy.dimensions[-1]):
        policy.contributions(state, x[1])
    with pytest.raises(NotFinite, match=policy.dimensions[-1]):
        policy.learn(state, x[1], 1.0)


@policy_with_dimensions
def test_a_number_past_the_bound_is_refused_by_name(policy: Policy) -> None:
    state, x = State.empty(policy.dimensions), np.full((1, len(policy.dimensions)), BOUND)
    policy.propensities(state, x)
    x[0, 0] = np.nextafter(BOUND, np.inf)

    with pytest.raises(Refused, match=f"{policy.dimensions[0]} of candidate 0 .* past ±64"):
        policy.propensities(state, x)
    with pytest.raises(Refused, match=policy.dimensions[0]):
        policy.learn(state, x[0], 1.0)


@every_policy
@pytest.mark.parametrize(
    ("reward", "error"), [(np.nan, NotFinite), (np.inf, NotFinite), (-0.1, Refused), (1.1, Refused)]
)
def test_a_reward_outside_nought_to_one_is_refused(
    policy: Policy, reward: float, error: type[Exception]
) -> None:
    state, row = State.empty(policy.dimensions), np.zeros(len(policy.dimensions))

    with pytest.raises(error, match="reward"):
        policy.learn(state, row, reward)


@every_policy
def test_rows_of_another_length_are_refused(policy: Policy) -> None:
    state, wide = State.empty(policy.dimensions), np.zeros((2, len(policy.dimensions) + 1))

    with pytest.raises(Refused, match=r"shape \(2, "):
        policy.scores(state, wide)
    with pytest.raises(Refused, match="shape"):
        policy.scores(state, wide[0])
    with pytest.raises(Refused, match="shape"):
        policy.learn(state, wide[0], 1.0)


@every_policy
def test_a_state_over_other_dimensions_is_refused(policy: Policy) -> None:
    other = State.empty((*policy.dimensions, "new"))
    x = np.zeros((1, len(policy.dimensions)))

    uses: list[Callable[[], object]] = [
        lambda: policy.scores(other, x),
        lambda: policy.learn(other, x[0], 1.0),
        lambda: policy.weights(other),
    ]
    for use in uses:
        with pytest.raises(Refused, match="aligned"):
            use()


@every_policy
@examples
@given(data=st.data())
def test_a_state_survives_storage_byte_for_byte(policy: Policy, data: st.DataObject) -> None:
    state = data.draw(states(policy))

    again = State.from_bytes(policy.dimensions, state.updates, state.to_bytes())

    assert again == state
    assert again.to_bytes() == state.to_bytes()
    assert again.sums.tobytes() == state.sums.tobytes()
    d = len(policy.dimensions)
    assert len(state.to_bytes()) == 8 * (d * (d + 1) // 2 + d)


@every_policy
@examples
@given(data=st.data())
def test_learning_leaves_its_input_alone(policy: Policy, data: st.DataObject) -> None:
    state, (row, reward) = data.draw(states(policy)), data.draw(lessons(policy, least=1))[0]
    before, row_before = state.to_bytes(), row.copy()

    learned = policy.learn(state, row, reward)
    assert state.to_bytes() == before
    assert learned.updates == state.updates + 1

    after = learned.to_bytes()
    policy.unlearn(learned, row, reward)
    assert learned.to_bytes() == after
    np.testing.assert_array_equal(row, row_before)


@every_policy
@examples
@given(data=st.data())
def test_any_order_of_the_same_rewards_gives_the_same_bytes(policy: Policy, data: st.DataObject) -> None:
    taken = data.draw(lessons(policy, least=2))
    shuffled = data.draw(st.permutations(taken))

    assert taught(policy, shuffled) == taught(policy, taken)


@every_policy
@examples
@given(data=st.data())
def test_a_reward_can_be_taken_back_byte_for_byte(policy: Policy, data: st.DataObject) -> None:
    taken = data.draw(lessons(policy, least=1))
    removed = data.draw(st.integers(0, len(taken) - 1))

    state = policy.unlearn(taught(policy, taken), *taken[removed])

    assert state == taught(policy, taken[:removed] + taken[removed + 1 :])


@every_policy
def test_a_reward_that_was_never_learned_cannot_be_taken_back(policy: Policy) -> None:
    with pytest.raises(Conflict, match="take a reward back"):
        policy.unlearn(State.empty(policy.dimensions), np.zeros(len(policy.dimensions)), 1.0)


@every_policy
@examples
@given(data=st.data())
def test_a_state_holds_no_negative_zero(policy: Policy, data: st.DataObject) -> None:
    taken = data.draw(lessons(policy))
    state = taught(policy, taken)
    assert not np.signbit(state.sums[state.sums == 0.0]).any()

    for lesson in taken:
        state = policy.unlearn(state, *lesson)

    assert state == State.empty(policy.dimensions)


@every_policy
@examples
@given(data=st.data())
def test_a_new_dimension_keeps_what_was_learned(policy: Policy, data: st.DataObject) -> None:
    taken = data.draw(lessons(policy))
    state = taught(policy, taken)
    wider = tuple(data.draw(st.permutations([*policy.dimensions, "new", "newer"])))

    widened = state.aligned(wider)

    assert widened.updates == state.updates
    assert widened.aligned(policy.dimensions) == state
    assert widened == _taught_over(wider, policy.dimensions, taken)
    assert _by_name(widened) == _by_name(state)


@policy_with_dimensions
@examples
@given(data=st.data())
def test_a_dropped_dimension_leaves_the_others_as_they_were(policy: Policy, data: st.DataObject) -> None:
    taken = data.draw(lessons(policy))
    kept = tuple(data.draw(st.lists(st.sampled_from(policy.dimensions), unique=True)))

    narrowed = taught(policy, taken).aligned(kept)

    assert narrowed == _taught_over(kept, policy.dimensions, taken)
    sums = _by_name(taught(policy, taken))
    assert _by_name(narrowed) == {names: value for names, value in sums.items() if names <= {*kept, "reward"}}


def _by_name(state: State) -> dict[frozenset[str], float]:
    """Return every sum that is not 0, by the names of the two numbers whose products it adds up."""
    named = [*state.dimensions, "reward"]
    square = np.column_stack((state.second, state.first))
    return {frozenset((named[i], named[j])): float(v) for (i, j), v in np.ndenumerate(square) if v}


def _taught_over(dimensions: tuple[str, ...], logged: tuple[str, ...], taken: list[Lesson]) -> State:
    state = State.empty(dimensions)
    for row, reward in taken:
        state = state.moved(aligned_row(row, logged, dimensions), reward, 1)
    return state


@every_policy
def test_a_policy_lives_in_the_file_of_its_name(policy: Policy) -> None:
    module = policy.name.replace("/", "_")

    assert vars(__import__(f"oo.policies.{module}", fromlist=["POLICY"]))["POLICY"] is policy
    assert policies.load(policy.name) is policy


@policy_with_dimensions
@pytest.mark.parametrize("seed", range(1, 6))
def test_it_beats_uniform_on_a_seeded_problem(policy: Policy, seed: int) -> None:
    yardstick = policies.load("uniform/v1")

    assert _reward_rate(policy, seed) > _reward_rate(yardstick, seed) + 0.05


def _reward_rate(
    policy: Policy, seed: int, decisions: int = 400, choices: int = 6, traits: int = 12
) -> float:
    """Live through yes-or-no rewards whose chance is a logistic curve of hidden tastes; the first trait is constant."""
    rng = np.random.default_rng(seed)
    tastes = rng.normal(size=traits)
    state, total = State.empty(policy.dimensions), 0.0
    for decision in range(decisions):
        x = rng.uniform(-1, 1, (choices, traits))
        x[:, 0] = 1.0
        luck = rng.random()
        seen = x[:, : len(policy.dimensions)]
        chosen = draw(policy.propensities(state, seen), f"{seed}:{decision}")
        reward = float(luck < 1 / (1 + np.exp(-x[chosen] @ tastes)))
        state = policy.learn(state, seen[chosen], reward)
        total += reward
    return total / decisions
