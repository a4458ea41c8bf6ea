"""How far a distribution has moved from its baseline: the population stability index, and Kolmogorov-Smirnov.

PSI is the symmetrised Kullback-Leibler divergence of the two binned shares, Σ (p - q) ln(p/q). Between two samples of
one distribution, of n and m people over B bins, PSI · nm/(n + m) is about chi-squared with B - 1 degrees of freedom
(Yurdakul 2018, "Statistical Properties of Population Stability Index", section 3). So a fixed bound on PSI alone would
take chance for drift where people are few: with 50 on each side and ten bins, chance alone makes 0.36.
"""

from collections.abc import Mapping

import numpy as np
from scipy.special import chdtrc, rel_entr
from scipy.stats import ks_2samp

from oo.domain.decision import Floats
from oo.domain.quality import Distribution, Drift

MOST_BINS = 10
PEOPLE_A_BIN = 10
"""A bin that is expected to hold fewer says more about chance than about people."""
_HALF = 0.5
"""Added to each bin's count, so that an empty one divides nothing by zero (Jeffreys' prior)."""


def drift(baseline: Distribution, now: Distribution) -> Drift:
    """Return how far `now` lies from `baseline`, both of them numbers or both categories, neither of them empty."""
    if baseline.numbers is not None and now.numbers is not None:
        return _of_numbers(baseline.numbers, now.numbers)
    before, after = _binned_categories(baseline.categories or {}, now.categories or {})
    psi, chance = _psi(before, after)
    return Drift(psi=psi, psi_p=chance, bins=len(before))


def _of_numbers(baseline: Floats, now: Floats) -> Drift:
    edges = np.unique(np.quantile(baseline, np.linspace(0, 1, _bins(len(baseline), len(now)) + 1)[1:-1]))
    before, after = (
        np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1).astype(np.float64)
        for values in (baseline, now)
    )
    psi, chance = _psi(before, after)
    test = ks_2samp(baseline, now, method="asymp")
    return Drift(psi=psi, psi_p=chance, bins=len(before), ks=float(test.statistic), ks_p=float(test.pvalue))


def _bins(*people: int) -> int:
    return max(2, min(MOST_BINS, min(people) // PEOPLE_A_BIN))


def _binned_categories(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[Floats, Floats]:
    """Count each of the commonest categories of both, and all others together."""
    both = {name: before.get(name, 0) + after.get(name, 0) for name in {*before, *after}}
    most = _bins(sum(before.values()), sum(after.values())) - 1
    common = sorted(both, key=lambda name: (-both[name], name))[:most]
    counts = [[side.get(name, 0) for name in common] for side in (before, after)]
    rest = [sum(side.values()) - sum(known) for side, known in zip((before, after), counts, strict=True)]
    columns = np.array([[*known, other] for known, other in zip(counts, rest, strict=True)], dtype=np.float64)
    present = columns[:, columns.sum(axis=0) > 0]
    return present[0], present[1]


def _psi(before: Floats, after: Floats) -> tuple[float, float]:
    """Return PSI between counts float64[bins], and the probability of one as large by chance."""
    n, m = float(before.sum()), float(after.sum())
    p, q = ((side + _HALF) / (side.sum() + _HALF * len(side)) for side in (before, after))
    psi = float(rel_entr(p, q).sum() + rel_entr(q, p).sum())
    freedom = len(before) - 1
    return psi, float(chdtrc(freedom, psi * n * m / (n + m))) if freedom else 1.0
