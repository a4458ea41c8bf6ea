"""linucb/v1: the candidate whose reward could be greatest, an upper bound on a linear model; ε 0.1, ridge 1.

Li, Chu, Langford and Schapire, "A contextual-bandit approach to personalized news article recommendation", WWW 2010,
arXiv 1003.0146, Algorithm 1, with one model for all candidates instead of one for each (a person's tasks do not come
back), and an ε share over all, so that what is logged can be evaluated offline.
"""

from dataclasses import dataclass

import numpy as np

from oo.policies.base import Floats, Policy, State, weighted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinUcb(Policy):
    """Scores x·theta + alpha·sqrt(xᵀA⁻¹x).

    `alpha` ≥ 0 turns the square root, which counts in units of a reward's noise, into a reward. The paper's 1 +
    sqrt(ln(2/δ)/2) is a bound for the worst case and explores long past what a person's few reactions can pay back.
    """

    alpha: float

    def scores(self, state: State, x: Floats) -> Floats:
        rows = self._checked(state, x)
        return weighted(rows, self.prior.weights(state)) + self.alpha * self._widths(state, rows)

    def contributions(self, state: State, row: Floats) -> dict[str, float]:
        checked = self._checked_row(state, row)
        parts = checked * self.prior.weights(state)
        uncertainty = self.alpha * float(self._widths(state, checked[np.newaxis])[0])
        return {**dict(zip(self.dimensions, parts.tolist(), strict=True)), "uncertainty": uncertainty}

    def _widths(self, state: State, rows: Floats) -> Floats:
        """sqrt(xᵀA⁻¹x) = |L⁻¹x| for A = L Lᵀ: a length, which rounding cannot make negative."""
        whitening = np.linalg.inv(np.linalg.cholesky(self.prior.precision(state)))
        whitened = weighted(rows[:, np.newaxis, :], whitening)
        return np.sqrt(weighted(whitened, whitened))


POLICY = LinUcb(
    name="linucb/v1",
    dimensions=(
        "bias",
        "is_overdue",
        "task_age_days",
        "priority",
        "hour_sin",
        "hour_cos",
        "is_weekend",
    ),
    # The greatest standard deviation that a reward between 0 and 1 can have.
    alpha=0.5,
)
