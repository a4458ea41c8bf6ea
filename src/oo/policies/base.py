"""What all policies stand on: the ridge estimate read from a state, the share of the best, and what each promises."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from oo.domain.decision import Floats
from oo.domain.errors import Conflict, NoCandidates, NotFinite, Refused
from oo.domain.state import BOUND, State

# What a policy's file may need; it imports nothing else of oO.
__all__ = [
    "BOUND",
    "EPSILON",
    "TIE",
    "EpsilonGreedy",
    "Floats",
    "Policy",
    "Prior",
    "State",
    "shared",
    "weighted",
]

EPSILON = 0.1
TIE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is believed before any data, added when a state is read: weights near `mean`, held there by `ridge` > 0.

    `mean` is by dimension name, 0 where a name is missing.
    """

    ridge: float = 1.0
    mean: Mapping[str, float] = field(default_factory=dict)

    def precision(self, state: State) -> Floats:
        """A = S + ridge·I, float64[d, d], symmetric and positive definite."""
        matrix = state.second
        matrix.flat[:: len(matrix) + 1] += self.ridge
        return matrix

    def weights(self, state: State) -> Floats:
        """Ridge estimate theta = A⁻¹ (c + ridge·mean), float64[d]."""
        return np.asarray(np.linalg.solve(self.precision(state), self._pull(state)), dtype=np.float64)

    def _pull(self, state: State) -> Floats:
        if not self.mean:
            return state.first
        return state.first + self.ridge * np.array([self.mean.get(name, 0.0) for name in state.dimensions])


def weighted(rows: Floats, weights: Floats) -> Floats:
    """Sum over the last axis, weighted: float64[..., d] and weights that broadcast to it, to float64[...].

    Unlike a product by BLAS, a row's sum does not depend, in any bit, on which rows stand around it.
    """
    sums: Floats = np.add.reduce(rows * weights, axis=-1)
    return sums


def shared(scores: Floats, epsilon: float) -> Floats:
    """Give the best an even share of 1 - ε, and everyone an even share of ε: float64[n] to float64[n].

    p(a) = ε/K + (1-ε)·[a ∈ best]/|best|, where scores within 1e-9 of the greatest are best.

    >>> shared(np.array([0.3, 0.7, 0.7]), 0.3).round(6).tolist()
    [0.1, 0.45, 0.45]
    """
    best = scores >= scores.max() - TIE
    probabilities: Floats = epsilon / scores.size + best * ((1.0 - epsilon) / np.count_nonzero(best))
    return probabilities


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Policy(ABC):
    """A pure rule from what was learned of a person, and the candidates, to the probability of showing each.

    Candidates are rows x, float64[n_candidates, d], over the named `dimensions`, each number within ±2⁶. Every method
    refuses a state over other dimensions (`State.aligned` first), rows of another length, numbers past the bound
    (`Refused`), NaN and infinities (`NotFinite`), and no rows at all (`NoCandidates`). No argument is ever changed.
    """

    name: str
    dimensions: tuple[str, ...]
    epsilon: float = EPSILON
    prior: Prior = field(default_factory=Prior)

    @abstractmethod
    def scores(self, state: State, x: Floats) -> Floats:
        """How good each candidate looks: x float64[n_candidates, d] to float64[n_candidates]."""

    @abstractmethod
    def contributions(self, state: State, row: Floats) -> dict[str, float]:
        """What each dimension adds to the score of one candidate, float64[d]; the values sum to its score."""

    def propensities(self, state: State, x: Floats) -> Floats:
        """Probability of showing each candidate.

        x: float64[n_candidates, d]. Returns float64[n_candidates], each at least ε/n_candidates, summing to 1.
        Ties within 1e-9 of the best share its mass evenly.
        """
        return shared(self.scores(state, x), self.epsilon)

    def learn(self, state: State, row: Floats, reward: float) -> State:
        """Return the state with the reward of one shown candidate, float64[d], added."""
        return state.moved(self._checked_row(state, row), _checked_reward(reward), 1)

    def unlearn(self, state: State, row: Floats, reward: float) -> State:
        """Return the state as if `learn` had never been given this row and reward, byte for byte."""
        if state.updates < 1:
            raise Conflict(
                f"{self.name} was to take a reward back, and none is in force.", "Take back what was learned."
            )
        return state.moved(self._checked_row(state, row), _checked_reward(reward), -1)

    def weights(self, state: State) -> dict[str, float]:
        """Theta by dimension: the reward that one more of it is expected to bring."""
        self._check_state(state)
        return dict(zip(self.dimensions, self.prior.weights(state).tolist(), strict=True))

    def _checked(self, state: State, x: Floats) -> Floats:
        """Return x as C-ordered float64[n_candidates, d], in which rows sum alike wherever they stand."""
        self._check_state(state)
        rows = np.ascontiguousarray(x, dtype=np.float64)
        if not len(rows):
            raise NoCandidates(
                f"{self.name} was given no candidates.", "Ask it only where there is something to show."
            )
        if rows.ndim != 2 or rows.shape[1] != len(self.dimensions):  # noqa: PLR2004  # candidates by dimensions
            raise Refused(
                f"{self.name} was given an array of shape {rows.shape}.",
                f"It reads (candidates, {len(self.dimensions)}), over: {', '.join(self.dimensions) or 'nothing'}.",
            )
        if not (np.abs(rows) <= BOUND).all():
            raise self._not_bounded(rows)
        return rows

    def _checked_row(self, state: State, row: Floats) -> Floats:
        return self._checked(state, np.asarray(row)[np.newaxis]).reshape(-1)

    def _check_state(self, state: State) -> None:
        if state.dimensions != self.dimensions:
            raise Refused(
                f"{self.name} was given a state over other dimensions: {', '.join(state.dimensions) or 'none'}.",
                "Call state.aligned(policy.dimensions) first.",
            )

    def _not_bounded(self, rows: Floats) -> NotFinite | Refused:
        candidate, place = np.argwhere(~(np.abs(rows) <= BOUND))[0].tolist()
        found = f"{self.dimensions[place]} of candidate {candidate} is {rows[candidate, place]}"
        if np.isfinite(rows[candidate, place]):
            return Refused(f"{found}, past ±{BOUND:g}.", "Scale it, so that sums stay exact.")
        return NotFinite(f"{found}.", "A feature that is missing needs its neutral value.")


def _checked_reward(reward: float) -> float:
    if not 0.0 <= reward <= 1.0:
        problem = f"A reward of {reward} is not between 0 and 1."
        raise Refused(problem) if np.isfinite(reward) else NotFinite(problem)
    return reward


class EpsilonGreedy(Policy):
    """The candidate of the greatest predicted reward x·theta, and an ε share over all."""

    __slots__ = ()

    def scores(self, state: State, x: Floats) -> Floats:
        return weighted(self._checked(state, x), self.prior.weights(state))

    def contributions(self, state: State, row: Floats) -> dict[str, float]:
        parts = self._checked_row(state, row) * self.prior.weights(state)
        return dict(zip(self.dimensions, parts.tolist(), strict=True))
