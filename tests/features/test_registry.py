"""The registry finds an engineer's slip at start-up, and a fingerprint changes when a meaning does."""

from dataclasses import replace
from typing import Any

import pytest

from oo.domain.errors import (
    DuplicateName,
    FallbackDoesNotFit,
    IncompleteDefinition,
    InvalidDefinition,
    UnknownDtype,
    UnknownFeature,
    UnknownFreshness,
    UnknownSubject,
)
from oo.domain.instant import DAY
from oo.features.catalog import CATALOG
from oo.features.context import hour_of_day
from oo.features.registry import Registry, fingerprint
from oo.features.spec import (
    REACTIONS,
    TIPS,
    Count,
    FeatureDefinition,
    Mean,
    Mode,
    OfContext,
    Ratio,
    Sum,
    Where,
    Windowed,
)

VOLUME = FeatureDefinition(
    name="volume_1d",
    dtype="numeric",
    freshness="batched",
    description="Tips served today.",
    compute=Windowed(source=TIPS, aggregate=Count(), window_ms=DAY),
    ttl_sec=60,
    fallback=0,
    invalidated_by=("signals.tip.served",),
)
HOUR = FeatureDefinition(
    name="hour",
    dtype="numeric",
    freshness="jit",
    description="Hour.",
    compute=OfContext(hour_of_day),
)


def windowed(**changes: Any) -> Windowed:
    assert isinstance(VOLUME.compute, Windowed)
    return replace(VOLUME.compute, **changes)


SLIPS: dict[str, tuple[FeatureDefinition, dict[str, Any], type[InvalidDefinition], str]] = {
    "an unknown freshness": (VOLUME, {"freshness": "hourly"}, UnknownFreshness, "'hourly'"),
    "an unknown dtype": (VOLUME, {"dtype": "decimal"}, UnknownDtype, "'decimal'"),
    "a dtype that only jit features have": (
        VOLUME,
        {"dtype": "boolean"},
        UnknownDtype,
        "numeric, categorical",
    ),
    "a batched feature of the moment": (VOLUME, {"compute": HOUR.compute}, IncompleteDefinition, "Windowed"),
    "a jit feature with a window": (HOUR, {"compute": VOLUME.compute}, IncompleteDefinition, "OfContext"),
    "no window": (VOLUME, {"compute": windowed(window_ms=0)}, IncompleteDefinition, "empty window"),
    "a negative window": (VOLUME, {"compute": windowed(window_ms=-1)}, IncompleteDefinition, "window_ms"),
    "no TTL": (VOLUME, {"ttl_sec": 0}, IncompleteDefinition, "TTL"),
    "a TTL on what is never cached": (HOUR, {"ttl_sec": 60}, IncompleteDefinition, "never cached"),
    "a column that the source lacks": (
        VOLUME,
        {"compute": windowed(aggregate=Mean("dwell_ms"))},
        IncompleteDefinition,
        "local_weekday",
    ),
    "a filter on a column that the source lacks": (
        VOLUME,
        {"compute": windowed(where=Where("mood", ("good",)))},
        IncompleteDefinition,
        "'mood'",
    ),
    "a text as the fallback of a number": (VOLUME, {"fallback": "none"}, FallbackDoesNotFit, "'none'"),
    "a boolean as the fallback of a number": (VOLUME, {"fallback": True}, FallbackDoesNotFit, "True"),
    "NaN as a fallback": (VOLUME, {"fallback": float("nan")}, FallbackDoesNotFit, "nan"),
    "an infinite fallback": (VOLUME, {"fallback": float("inf")}, FallbackDoesNotFit, "finite"),
    "a category that is a number": (VOLUME, {"dtype": "categorical"}, UnknownDtype, "Declare it numeric"),
    "a number that is a category": (
        VOLUME,
        {"compute": windowed(aggregate=Mode("category"))},
        UnknownDtype,
        "Declare it categorical",
    ),
    "a sum of texts": (
        VOLUME,
        {"compute": windowed(aggregate=Sum("category"))},
        IncompleteDefinition,
        "no amount",
    ),
    "no version": (VOLUME, {"version": 0}, IncompleteDefinition, "count from 1"),
    "a value that may not be used while it need not be recomputed": (
        VOLUME,
        {"max_age_sec": 59},
        IncompleteDefinition,
        "max_age_sec",
    ),
    "an age on what is never stored": (HOUR, {"max_age_sec": 60}, IncompleteDefinition, "max_age_sec"),
    "a number as the fallback of a category": (
        VOLUME,
        {"dtype": "categorical", "fallback": 0, "compute": windowed(aggregate=Mode("category"))},
        FallbackDoesNotFit,
        "categorical",
    ),
    "a neutral value that is no number": (VOLUME, {"neutral": "half"}, FallbackDoesNotFit, "'half'"),
    "a subject under which nothing is published": (
        VOLUME,
        {"invalidated_by": ("signals.tip.sereved",)},
        UnknownSubject,
        "signals.tip.served",
    ),
    "no subject": (VOLUME, {"invalidated_by": ()}, IncompleteDefinition, "invalidated_by"),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_definition_is_named_at_start_up(slip: str) -> None:
    definition, change, error, said = SLIPS[slip]

    with pytest.raises(error) as raised:
        Registry([replace(definition, **change)])

    assert type(raised.value) is error
    assert repr(definition.name) in str(raised.value)
    assert said in str(raised.value)
    assert raised.value.hint


def test_two_features_of_one_name_are_refused() -> None:
    with pytest.raises(DuplicateName, match="volume_1d"):
        Registry([VOLUME, HOUR, replace(VOLUME, ttl_sec=1)])


def test_an_unknown_feature_is_answered_with_the_closest_name() -> None:
    with pytest.raises(UnknownFeature, match=r"Closest: 'completion_rate_30d'\. .*catalog\.py"):
        Registry(CATALOG)["completion_rate"]


def test_a_definition_without_a_slip_is_accepted_with_null_for_a_fallback() -> None:
    registry = Registry([replace(VOLUME, fallback=None), HOUR])

    assert registry.names() == ("volume_1d", "hour")
    assert [each.name for each in registry.batched] == ["volume_1d"]
    assert [each.name for each in registry.touched_by("signals.tip.served")] == ["volume_1d"]
    assert registry.touched_by("signals.tip.feedback") == ()


@pytest.mark.parametrize(
    "change",
    [
        {"name": "volume"},
        {"fallback": -1},
        {"fallback": None},
        {"compute": windowed(window_ms=DAY + 1)},
        {"compute": windowed(source=REACTIONS)},
        {"compute": windowed(where=Where("category", ("work",)))},
        {"compute": windowed(aggregate=Ratio(Where("reaction", ("done",))))},
        {"compute": windowed(aggregate=Mean("local_hour"))},
    ],
    ids=str,
)
def test_a_change_of_meaning_changes_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(replace(VOLUME, **change)) != fingerprint(VOLUME)


@pytest.mark.parametrize(
    "change",
    [
        {"description": "How many tips were served in a day."},
        {"ttl_sec": 3600},
        {"neutral": 1.0},
        {"invalidated_by": ("signals.tip.served", "signals.tip.feedback")},
        {"max_age_sec": 60},
        {"version": 2},
    ],
    ids=str,
)
def test_a_change_of_anything_else_leaves_the_fingerprint(change: dict[str, Any]) -> None:
    assert fingerprint(replace(VOLUME, **change)) == fingerprint(VOLUME)


def test_the_catalogue_declares_the_profile_as_the_mission_does() -> None:
    table = {
        each.name: (each.ttl_sec, each.fallback, each.neutral, [name[12:] for name in each.invalidated_by])
        for each in Registry(CATALOG).batched[:5]
    }

    assert table == {
        "completion_rate_30d": (6 * 3600, 0.0, None, ["served", "feedback"]),
        "dismiss_rate_30d": (6 * 3600, 0.0, None, ["served", "feedback"]),
        "mean_dwell_ms_30d": (6 * 3600, None, 0.0, ["feedback"]),
        "preferred_hour": (24 * 3600, None, 0.5, ["feedback"]),
        "tip_volume_30d": (3600, 0, None, ["served"]),
    }
