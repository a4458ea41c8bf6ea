"""What all policies stand on: the state as exact sums, the ridge estimate read from it, and the share of the best.

Why the sums are exact: rows and rewards are rounded to multiples of 2⁻¹² and bounded by 2⁶. A product of two is then
a multiple of 2⁻²⁴ of at most 2¹², and float64 holds every multiple of 2⁻²⁴ up to 2⁵³·2⁻²⁴ = 2²⁹. A sum that stays
below 2²⁹ was therefore added without rounding, and one that would reach it is refused: every step taken is exact, so
order does not matter and subtraction takes back. That is room for 2¹⁷ - 1 rows at the bound, and 2²⁹ - 1 rows of ones.
No sum is ever -0.0: in float64 that takes two negative zeros to be added, and a state begins with positive ones.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from oo.domain.decision import Floats
from oo.domain.errors import Conflict, NoCandidates, NotFinite, Refused

# What a policy's file may need; it imports nothing else of oO.
__all__ = [
    "BOUND",
    "EPSILON",
    "EpsilonGreedy",
    "Floats",
    "Policy",
    "Prior",
    "State",
    "aligned_row",
    "exact",
    "shared",
    "weighted",
]

GRAIN = 2.0**-12
BOUND = 2.0**6
FULL = 2.0**29
EPSILON = 0.1
TIE = 1e-9


def exact(values: Floats) -> Floats:
    """Round to multiples of 2⁻¹², without negative zeros; any shape.

    >>> exact(np.array([0.1, -0.0001, 1.0])).tolist()
    [0.10009765625, 0.0, 1.0]
    """
    return np.rint(values / GRAIN) * GRAIN + 0.0


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What a policy learned of one person: data sums over named dimensions, without any prior.

    sums: float64[d(d+1)/2 + d], the upper triangle of S = Σ x xᵀ row by row, then c = Σ r x. The array is taken over
    and made read-only. `updates` counts the rewards in it.
    """

    dimensions: tuple[str, ...]
    sums: Floats
    updates: int

    def __post_init__(self) -> None:
        self.sums.setflags(write=False)

    @classmethod
    def empty(cls, dimensions: tuple[str, ...]) -> Self:
        """Return the state in which nothing was learned."""
        return cls(dimensions, np.zeros(_layout(len(dimensions)).left.size), 0)

    @classmethod
    def from_bytes(cls, dimensions: tuple[str, ...], updates: int, blob: bytes) -> Self:
        """Read what `to_bytes` wrote; refuse a blob of another length or with NaN or an infinity in it."""
        size = 8 * _layout(len(dimensions)).left.size
        if len(blob) != size:
            raise Refused(
                f"A state over {len(dimensions)} dimensions has {size} bytes; this one has {len(blob)}.",
                "Read it with the dimensions that were stored beside it, then align it.",
            )
        sums = np.frombuffer(blob, dtype="<f8").astype(np.float64) + 0.0
        if not np.isfinite(sums).all():
            raise NotFinite("A stored state holds NaN or an infinity.", "Rebuild it from the reward ledger.")
        return cls(dimensions, sums, updates)

    def to_bytes(self) -> bytes:
        """Return the sums as little-endian float64: 720 bytes at 12 dimensions."""
        return self.sums.astype("<f8").tobytes()

    @property
    def second(self) -> Floats:
        """S = Σ x xᵀ, float64[d, d]."""
        return self.sums[_layout(len(self.dimensions)).square]

    @property
    def first(self) -> Floats:
        """The vector c = Σ r x, float64[d]."""
        return self.sums[self.sums.size - len(self.dimensions) :]

    def aligned(self, dimensions: tuple[str, ...]) -> "State":
        """Return the same learning over other dimensions, matched by name.

        A kept dimension keeps its sums, bit for bit; a new one has zeros, as if it had been 0 in every row so far; a
        dropped one is left out.
        """
        if dimensions == self.dimensions:
            return self
        places = _places(self.dimensions, dimensions)
        layout = _layout(len(dimensions))
        second = np.pad(self.second, (0, 1))[np.ix_(places, places)]
        first = np.pad(self.first, (0, 1))[places]
        pairs = layout.left.size - len(dimensions)
        triangle = second[layout.left[:pairs], layout.right[:pairs]]
        return State(dimensions, np.concatenate((triangle, first)), self.updates)

    def moved(self, row: Floats, reward: float, sign: int) -> "State":
        """Return the state with one reward added (`sign` 1) or taken back (`sign` -1). Row: float64[d], bounded."""
        layout = _layout(len(self.dimensions))
        extended = exact(np.append(row, reward))
        sums = self.sums + sign * (extended[layout.left] * extended[layout.right])
        if np.abs(sums).max(initial=0.0) >= FULL:
            raise Refused(
                f"A sum would reach ±2²⁹ after {self.updates} updates.", "Past it sums are not exact."
            )
        return State(self.dimensions, sums, self.updates + sign)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, State):
            return NotImplemented
        return self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[tuple[str, ...], int, bytes]:
        return self.dimensions, self.updates, self.to_bytes()


class _Layout(NamedTuple):
    """Where things lie among the sums, for rows extended by their reward.

    Sum k is over the products of places `left[k]` and `right[k]`; entry (i, j) of S is sum `square[i, j]`.
    """

    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]
    square: npt.NDArray[np.intp]


@cache
def _layout(d: int) -> _Layout:
    rows, columns = np.triu_indices(d)
    square = np.empty((d, d), dtype=np.intp)
    square[rows, columns] = square[columns, rows] = np.arange(rows.size)
    left = np.concatenate((rows, np.arange(d)))
    return _Layout(left, np.concatenate((columns, np.full(d, d))), square)


def aligned_row(row: Floats, logged: tuple[str, ...], dimensions: tuple[str, ...]) -> Floats:
    """Return a row that was logged over the dimensions `logged` as one over `dimensions`, matched as a state's are."""
    return np.append(row, 0.0)[_places(logged, dimensions)]


def _places(old: tuple[str, ...], new: tuple[str, ...]) -> list[int]:
    """Return where each new dimension stands among the old ones; one past the end where it does not."""
    position = {name: place for place, name in enumerate(old)}
    return [position.get(name, len(old)) for name in new]


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
