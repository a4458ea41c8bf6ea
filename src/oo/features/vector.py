"""Profile × context × candidates → float64[n_candidates, d].

A policy names its dimensions; this file says how each is made from raw features. The scaling constants are frozen: a
changed constant would change the meaning of everything learned, so a new scaling is a new dimension.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from oo.domain.decision import Floats
from oo.domain.errors import NotFinite, UnknownDimension
from oo.domain.facts import Features

AGE_SCALE_DAYS = 30
"""An age of 30 days is 1.0 on the logarithmic age dimension."""
DWELL_CLIP_MS = 600_000
"""Dwell is clipped at 10 minutes, which is 1.0."""
VOLUME_SCALE = 1000
"""1,000 tips in the window are 1.0 on the logarithmic volume dimension."""
SATURDAY = 5
LOWEST, HIGHEST = 1, 4
"""The range of a priority; one outside it reads as the nearest end."""
MAX_AGE_DAYS = 36_500
"""Ages are clipped at a century, which keeps the dimension below 2.4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a dimension of the moment may read."""

    profile: Features
    context: Features
    neutrals: Mapping[str, float]

    def of_profile(self, name: str, most: float) -> float:
        """Return a profile feature clipped to 0…`most`, its neutral value where it is null or absent."""
        return min(max(_number(self.profile.get(name), self.neutrals.get(name, 0.0)), 0.0), most)


Dimension: TypeAlias = Callable[[Reading], float]


def alignment(hour: float | None, preferred: float | None, unknown: float = 0.5) -> float:
    """Return how well `hour` fits the `preferred` one: 1 at it, 0 twelve hours off, `unknown` without one.

    >>> alignment(9, 9), alignment(21, 9), alignment(9, None)
    (1.0, 0.0, 0.5)
    """
    if hour is None or preferred is None:
        return unknown
    return (1 + math.cos(2 * math.pi * (hour % 24 - preferred % 24) / 24)) / 2


def _number(value: Any, otherwise: float = 0.0) -> float:
    if isinstance(value, str):
        raise NotFinite("A raw feature is text.", "Log numbers as numbers.")
    number = otherwise if value is None else float(value)
    if not math.isfinite(number):
        raise NotFinite(f"A raw feature is {number}.", "Leave out what is not known.")
    return number


def _angle(reading: Reading) -> float:
    return 2 * math.pi * (_number(reading.context.get("hour_of_day")) % 24) / 24


def _raw(candidates: Sequence[Features], name: str, otherwise: float = 0.0) -> Floats:
    """Return a raw feature of every candidate: float64[n_candidates]."""
    return np.array([_number(candidate.get(name), otherwise) for candidate in candidates], dtype=np.float64)


Column: TypeAlias = Callable[[Sequence[Features]], Floats]
_OF_CANDIDATE: Mapping[str, Column] = {
    "is_overdue": lambda candidates: np.clip(_raw(candidates, "is_overdue"), 0.0, 1.0),
    "task_age_days": lambda candidates: (
        np.log1p(np.clip(_raw(candidates, "task_age_days"), 0.0, MAX_AGE_DAYS)) / math.log1p(AGE_SCALE_DAYS)
    ),
    "priority": lambda candidates: (
        (np.clip(_raw(candidates, "priority", LOWEST), LOWEST, HIGHEST) - LOWEST) / (HIGHEST - LOWEST)
    ),
}
_OF_MOMENT: Mapping[str, Dimension] = {
    "bias": lambda _: 1.0,
    "hour_sin": lambda r: math.sin(_angle(r)),
    "hour_cos": lambda r: math.cos(_angle(r)),
    "is_weekend": lambda r: float(_number(r.context.get("day_of_week")) >= SATURDAY),
    "completion_rate_30d": lambda r: r.of_profile("completion_rate_30d", 1.0),
    "dismiss_rate_30d": lambda r: r.of_profile("dismiss_rate_30d", 1.0),
    "mean_dwell_ms_30d": lambda r: r.of_profile("mean_dwell_ms_30d", DWELL_CLIP_MS) / DWELL_CLIP_MS,
    "preferred_hour_alignment": lambda r: alignment(
        r.context.get("hour_of_day"), r.profile.get("preferred_hour"), r.neutrals.get("preferred_hour", 0.5)
    ),
    "tip_volume_30d": lambda r: math.log1p(r.of_profile("tip_volume_30d", 1e9)) / math.log1p(VOLUME_SCALE),
}
DIMENSIONS = frozenset(_OF_CANDIDATE) | frozenset(_OF_MOMENT)
"""Every dimension that a policy may name; `a*b` is the product of two of them."""


def check_dimensions(names: Sequence[str]) -> None:
    """Raise `UnknownDimension` for a name that is neither a dimension nor a cross of dimensions."""
    for name in names:
        for factor in name.split("*"):
            if factor not in DIMENSIONS:
                raise UnknownDimension.closest(factor, DIMENSIONS, "features/vector.py")


def vectorise(
    dimensions: Sequence[str],
    *,
    profile: Features,
    context: Features,
    candidates: Sequence[Features],
    neutrals: Mapping[str, float],
) -> Floats:
    """Return the candidates as rows over the named dimensions: float64[n_candidates, d].

    Null and absent profile values read as `neutrals` says, else as 0; a candidate without a priority has the lowest.
    Every dimension is clipped to a range within ±4, whatever the raw value. Raises `NotFinite` where a raw
    feature is NaN or infinite.
    """
    moment = Reading(profile=profile, context=context, neutrals=neutrals)
    x = np.empty((len(candidates), len(dimensions)))
    columns: dict[str, Floats | float] = {}
    for position, name in enumerate(dimensions):
        for factor in name.split("*"):
            if factor not in columns:
                columns[factor] = _column(factor, moment, candidates)
        x[:, position] = math.prod(columns[factor] for factor in name.split("*"))
    if not np.isfinite(x).all():
        raise NotFinite("A raw feature of a candidate, the context or the profile is NaN or infinite.")
    return x


def _column(factor: str, moment: Reading, candidates: Sequence[Features]) -> Floats | float:
    """Return a dimension for every candidate; one number where it is the same for all."""
    if factor in _OF_MOMENT:
        return _OF_MOMENT[factor](moment)
    return _OF_CANDIDATE[factor](candidates)
