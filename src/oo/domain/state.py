"""The state of a policy: data sums over named dimensions, exact in float64.

Why the sums are exact: rows and rewards are rounded to multiples of 2⁻¹² and bounded by 2⁶. A product of two is then
a multiple of 2⁻²⁴ of at most 2¹², and float64 holds every multiple of 2⁻²⁴ up to 2⁵³·2⁻²⁴ = 2²⁹. A sum that stays
below 2²⁹ was therefore added without rounding, and one that would reach it is refused: every step taken is exact, so
order does not matter and subtraction takes back. That is room for 2¹⁷ - 1 rows at the bound, and 2²⁹ - 1 rows of ones.
No sum is ever -0.0: in float64 that takes two negative zeros to be added, and a state begins with positive ones.
"""

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from oo.domain.decision import Floats
from oo.domain.errors import NotFinite, Refused

GRAIN = 2.0**-12
BOUND = 2.0**6
FULL = 2.0**29


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
