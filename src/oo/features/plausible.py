"""What follows from a declaration about the values it can have, and how old they may be."""

from dataclasses import dataclass

from oo.domain.instant import LATEST, SECOND
from oo.features.spec import Count, Distinct, FeatureDefinition, Ratio, Sum, Windowed

TTLS = 2
"""Where no `max_age_sec` is declared, a value is late after so many times its TTL: a tip computes it anew after one."""
_GREATEST = 1.7e308
"""No sum of what people do comes near it, and infinity lies past it."""
_RANGES: dict[str, tuple[float, float]] = {
    "local_hour": (0, 23),
    "local_weekday": (0, 6),
    "dwell_ms": (0, LATEST),
    "duration_ms": (0, LATEST),
    "at_ms": (0, LATEST),
    "score": (0, 1),
    "priority": (1, 4),
}
"""The least and the greatest that a column can hold."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values that can be: `low` to `high`, and whole ones alone where `whole`."""

    low: float
    high: float
    whole: bool

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The bounds as they are shown: none where the range is open."""
        return (
            None if self.low <= -_GREATEST else self.low,
            None if self.high >= _GREATEST else self.high,
        )


def possible(definition: FeatureDefinition) -> Range:
    """Return the values that a batched numeric feature can have, its fallback among them.

    >>> from oo.features.catalog import CATALOG
    >>> possible(CATALOG[0])
    Range(low=0.0, high=1.0, whole=False)
    """
    low, high = _of(definition)
    fallback = definition.fallback
    if isinstance(fallback, int | float):
        low, high = min(low, fallback), max(high, fallback)
    whole = definition.is_whole and (not isinstance(fallback, float) or fallback.is_integer())
    return Range(float(low), float(high), whole)


def _of(definition: FeatureDefinition) -> tuple[float, float]:
    expression = definition.compute
    if not isinstance(expression, Windowed):
        return -_GREATEST, _GREATEST
    match expression.aggregate:
        case Ratio():
            return 0, 1
        case Count() | Distinct():
            return 0, _GREATEST
        case Sum(column):
            low, high = _RANGES.get(column, (-_GREATEST, _GREATEST))
            return (0 if low >= 0 else -_GREATEST), (0 if high <= 0 else _GREATEST)
        case aggregate:
            return _RANGES.get(aggregate.column, (-_GREATEST, _GREATEST))


def max_age_sec(definition: FeatureDefinition) -> int:
    """Return how old a stored value may be when a tip is chosen by it."""
    return definition.max_age_sec or TTLS * definition.ttl_sec


def max_age_ms(definition: FeatureDefinition) -> int:
    """Return the same in milliseconds."""
    return max_age_sec(definition) * SECOND


def is_instant(definition: FeatureDefinition) -> bool:
    """Tell whether a value is a point in time, which moves with the clock."""
    return isinstance(definition.compute, Windowed) and definition.compute.column == "at_ms"
