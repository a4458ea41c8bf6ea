"""Every dimension at points where its value is known."""

import math
from typing import Any

import pytest

from oo.domain.errors import NotFinite, UnknownDimension
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.vector import DIMENSIONS, check_dimensions, vectorise

NEUTRALS = Registry(CATALOG).neutrals
KNOWN: list[tuple[str, dict[str, Any], float]] = [
    ("bias", {}, 1.0),
    ("is_overdue", {"is_overdue": True}, 1.0),
    ("is_overdue", {"is_overdue": False}, 0.0),
    ("is_overdue", {}, 0.0),
    ("task_age_days", {"task_age_days": 0.0}, 0.0),
    ("task_age_days", {"task_age_days": 30}, 1.0),
    ("task_age_days", {"task_age_days": -5}, 0.0),
    ("task_age_days", {"task_age_days": 1e300}, math.log1p(36_500) / math.log1p(30)),
    ("priority", {"priority": 1}, 0.0),
    ("priority", {"priority": 3}, 2 / 3),
    ("priority", {"priority": 4}, 1.0),
    ("priority", {"priority": 99}, 1.0),
    ("priority", {"priority": -1}, 0.0),
    ("priority", {}, 0.0),
    ("hour_sin", {"hour_of_day": 6}, 1.0),
    ("hour_cos", {"hour_of_day": 12}, -1.0),
    ("hour_cos", {}, 1.0),
    ("is_weekend", {"day_of_week": 4}, 0.0),
    ("is_weekend", {"day_of_week": 5}, 1.0),
    ("is_weekend", {"day_of_week": 6}, 1.0),
    ("completion_rate_30d", {"completion_rate_30d": 0.25}, 0.25),
    ("completion_rate_30d", {"completion_rate_30d": 7}, 1.0),
    ("completion_rate_30d", {}, 0.0),
    ("dismiss_rate_30d", {"dismiss_rate_30d": 0.75}, 0.75),
    ("dismiss_rate_30d", {"dismiss_rate_30d": -1}, 0.0),
    ("mean_dwell_ms_30d", {"mean_dwell_ms_30d": 300_000}, 0.5),
    ("mean_dwell_ms_30d", {"mean_dwell_ms_30d": 600_001}, 1.0),
    ("mean_dwell_ms_30d", {"mean_dwell_ms_30d": None}, 0.0),
    ("preferred_hour_alignment", {"hour_of_day": 9, "preferred_hour": 9}, 1.0),
    ("preferred_hour_alignment", {"hour_of_day": 21, "preferred_hour": 9}, 0.0),
    ("preferred_hour_alignment", {"hour_of_day": 1, "preferred_hour": 19}, 0.5),
    ("preferred_hour_alignment", {"hour_of_day": 1, "preferred_hour": None}, 0.5),
    ("preferred_hour_alignment", {"preferred_hour": 9}, 0.5),
    ("tip_volume_30d", {"tip_volume_30d": 0}, 0.0),
    ("tip_volume_30d", {"tip_volume_30d": 1000}, 1.0),
    ("tip_volume_30d", {"tip_volume_30d": 10**12}, math.log1p(1e9) / math.log1p(1000)),
]
_OF_CANDIDATE = ("is_overdue", "task_age_days", "priority")
_OF_CONTEXT = ("hour_of_day", "day_of_week")


def value(dimension: str, raw: dict[str, Any], neutrals: dict[str, float] | None = None) -> float:
    x = vectorise(
        (dimension,),
        profile={key: raw[key] for key in raw if key not in (*_OF_CANDIDATE, *_OF_CONTEXT)},
        context={key: raw[key] for key in raw if key in _OF_CONTEXT},
        candidates=[{key: raw[key] for key in raw if key in _OF_CANDIDATE}],
        neutrals=NEUTRALS if neutrals is None else neutrals,
    )
    assert x.shape == (1, 1)
    return float(x[0, 0])


@pytest.mark.parametrize(("dimension", "raw", "expected"), KNOWN)
def test_a_dimension_has_its_known_value(dimension: str, raw: dict[str, Any], expected: float) -> None:
    assert value(dimension, raw) == pytest.approx(expected, abs=1e-15)


def test_every_dimension_has_a_known_point() -> None:
    assert {dimension for dimension, _, _ in KNOWN} == DIMENSIONS


def test_null_reads_as_the_neutral_value_that_the_catalogue_declares() -> None:
    changed = {"mean_dwell_ms_30d": 60_000.0, "preferred_hour": 0.25}

    assert value("mean_dwell_ms_30d", {"mean_dwell_ms_30d": None}, changed) == 0.1
    assert value("preferred_hour_alignment", {"hour_of_day": 3}, changed) == 0.25


def test_a_cross_is_the_product_of_its_factors_in_its_own_column() -> None:
    x = vectorise(
        ("priority*completion_rate_30d", "bias", "is_overdue*priority*completion_rate_30d"),
        profile={"completion_rate_30d": 0.5},
        context={},
        candidates=[{"priority": 4, "is_overdue": True}, {"priority": 1}, {"priority": 4}],
        neutrals=NEUTRALS,
    )

    assert x.tolist() == [[0.5, 1.0, 0.5], [0.0, 1.0, 0.0], [0.5, 1.0, 0.0]]


@pytest.mark.parametrize("name", ["prioritty", "priority*", "bias*prioritty", ""])
def test_an_unknown_dimension_is_named_with_the_closest(name: str) -> None:
    with pytest.raises(UnknownDimension, match=r"vector\.py"):
        check_dimensions(("bias", name))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["task_age_days", "priority", "is_overdue"])
def test_a_raw_feature_that_is_no_number_never_reaches_a_policy(name: str, odd: float) -> None:
    try:
        found = value(name, {name: odd})
    except NotFinite:
        return
    assert math.isfinite(found)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dimension", ["hour_sin", "hour_cos", "preferred_hour_alignment"])
def test_an_hour_that_is_no_number_is_refused(dimension: str, odd: float) -> None:
    with pytest.raises(NotFinite):
        value(dimension, {"hour_of_day": odd, "preferred_hour": 9})


def test_no_raw_value_leaves_the_bound_that_keeps_sums_exact() -> None:
    for dimension in DIMENSIONS:
        for extreme in (-1e308, 1e308):
            names = (dimension.replace("_alignment", ""), "hour_of_day", "day_of_week")
            assert abs(value(dimension, dict.fromkeys(names, extreme))) <= 4
