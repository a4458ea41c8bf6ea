"""The sums that policies have learned, added up again with NumPy alone from the logged rows and the facts."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from tests.torture.checks import BROKEN, DOUBLED, LOST, Violation, in_force
from tests.torture.expected import Expected
from tests.torture.found import Floats, Found

GRAIN = 2.0**-12


def learned(_: Expected, store: Found) -> Iterator[Violation]:
    """Each policy has learned each person's decisions with a reward in force, once each, and nothing else."""
    taught = _taught(store)
    for who in sorted(taught.keys() | store.states.keys()):
        pairs, state = taught.get(who, []), store.states.get(who)
        count = state.updates if state else 0
        if count != len(pairs):
            verdict = LOST if count < len(pairs) else DOUBLED
            yield Violation("count", verdict, f"{who} learned from {count} decisions of {len(pairs)}")
        elif state is not None and not np.array_equal(state.sums, _added(pairs, len(state.dimensions))):
            yield Violation("sums", BROKEN, f"{who} has other sums than its {count} rows add up to")


def _taught(store: Found) -> dict[tuple[str, str], list[tuple[Floats, float]]]:
    """Return row and reward of all that each person's policies are to have learned from."""
    rewards, resets = in_force(store), store.resets()
    made: dict[tuple[str, str], list[tuple[Floats, float]]] = defaultdict(list)
    for (decision_id, policy), score in store.scores.items():
        reward = rewards.get(decision_id)
        decided_ms = store.decisions.get(decision_id, ("", -1))[1]
        if reward is not None and decided_ms > resets[score.user_id]:
            made[score.user_id, policy].append((score.row, reward))
    return made


def _added(pairs: list[tuple[Floats, float]], d: int) -> Floats:
    """Return the upper triangle of Σ x xᵀ, row by row, then Σ r x: float64[d(d+1)/2 + d]."""
    second, first = np.zeros((d, d)), np.zeros(d)
    for row, reward in pairs:
        x, r = np.rint(row / GRAIN) * GRAIN, np.rint(reward / GRAIN) * GRAIN
        second += np.outer(x, x)
        first += r * x
    return np.concatenate([second[np.triu_indices(d)], first])
