"""The one draw."""

import numpy as np
import numpy.typing as npt
import pytest

from oo.domain.decision import Floats, draw


def drawn(p: Floats, draws: int, seed: str) -> npt.NDArray[np.intp]:
    return np.bincount([draw(p, f"{seed}:{i}") for i in range(draws)], minlength=len(p))


# The 0.999 quantile of chi-square with one degree of freedom less than there are outcomes of any probability.
@pytest.mark.parametrize(
    ("probabilities", "bound"),
    [
        ([0.5, 0.5], 10.83),
        ([0.7, 0.1, 0.1, 0.1], 16.27),
        ([0.005, 0.005, 0.99], 13.82),
        ([0.1] * 10, 27.88),
    ],
)
def test_frequencies_match_the_probabilities_given(probabilities: list[float], bound: float) -> None:
    p, draws = np.array(probabilities), 20_000

    counts = drawn(p, draws, "frequencies")

    assert ((counts - draws * p) ** 2 / (draws * p)).sum() < bound


def test_what_has_no_probability_is_never_drawn() -> None:
    counts = drawn(np.array([0.0, 0.4, 0.0, 0.6, 0.0]), 5_000, "never")

    assert (counts == 0).tolist() == [True, False, True, False, True]


def test_the_same_decision_is_drawn_alike() -> None:
    p = np.full(100, 0.01)

    assert [draw(p, f"again:{i}") for i in range(50)] == [draw(p, f"again:{i}") for i in range(50)]


def test_a_lone_outcome_is_always_drawn() -> None:
    assert drawn(np.array([1.0]), 100, "lone").tolist() == [100]
