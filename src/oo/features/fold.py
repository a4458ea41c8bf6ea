"""The reference meaning of a batched feature: facts in, value out, in memory and in plain Python.

Slow and obvious on purpose. Every other execution of a declaration is held equal to this one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oo.domain.errors import IncompleteDefinition
from oo.domain.facts import Fact
from oo.domain.profile import Value
from oo.features.events import Event, events_of
from oo.features.spec import (
    Count,
    Distinct,
    FeatureDefinition,
    Last,
    Max,
    Mean,
    Min,
    Mode,
    Ratio,
    Sum,
    Where,
    Windowed,
)

CLOSE = 1e-9
"""So far may means and sums of reals differ, relatively: they depend on the order of adding."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A computed value and its support: how many events it rests on. Without support, `value` is the fallback."""

    value: Value
    support: int


def fold(definition: FeatureDefinition, facts: Iterable[Fact], at_ms: int) -> Folded:
    """Return the value of `definition` as of `at_ms` from one person's `facts`, which may come in any order.

    A fact counts if its own time is at or before `at_ms`, except `user` records: the zone of a person without an
    earlier one is the first they ever have. Raises `IncompleteDefinition` for a feature that is not batched.
    """
    expression = definition.compute
    if not isinstance(expression, Windowed):
        raise IncompleteDefinition(
            f"{definition.name!r} is derived at request time.", "Only batched features fold."
        )
    events = [event for event in events_of(expression, list(facts), at_ms) if _kept(expression.where, event)]
    return aggregated(expression, events, definition.fallback)


def aggregated(expression: Windowed, events: Sequence[Event], fallback: Value) -> Folded:
    """Return the aggregate of events that passed the window and the filter."""
    counted = _known(events, expression.column) if expression.column else events
    if not counted:
        return Folded(fallback, 0)
    if isinstance(expression.aggregate, Mode):
        return _most_frequent(expression.aggregate, counted)
    return Folded(_value(expression, counted), len(counted))


def same(definition: FeatureDefinition, found: Value, expected: Value) -> bool:
    """Tell whether a value is what the fold gives: exactly, but for sums and means of reals."""
    if found == expected:
        return True
    if not isinstance(found, float) or not isinstance(expected, float) or _is_exact(definition):
        return False
    return abs(found - expected) <= CLOSE * max(abs(found), abs(expected))


def _is_exact(definition: FeatureDefinition) -> bool:
    expression = definition.compute
    return not (
        isinstance(expression, Windowed)
        and isinstance(expression.aggregate, Sum | Mean)
        and expression.column in expression.source.reals
    )


def _kept(where: Where | None, event: Event) -> bool:
    return where is None or event[where.column] in where.values


def _known(events: Sequence[Event], column: str) -> list[Event]:
    return [event for event in events if event[column] is not None]


def _value(expression: Windowed, events: Sequence[Event]) -> Value:
    """Return the aggregate of at least one event, each with the column it is taken of."""
    match expression.aggregate:
        case Count():
            return len(events)
        case Ratio(of):
            return sum(_kept(of, event) for event in events) / len(events)
        case Last(column, tie):
            latest = max(event["at_ms"] for event in events)
            last = [event[column] for event in events if event["at_ms"] == latest]
            return _plain(max(last) if tie == "largest" else min(last))
        case other:
            value = _OF_VALUES[type(other)]([event[expression.column or ""] for event in events])
            return _plain(int(value) if expression.is_whole else value)


_OF_VALUES: Mapping[type, Callable[[list[Any]], Any]] = {
    Sum: lambda values: float(sum(values)),
    Mean: lambda values: float(sum(values)) / len(values),
    Min: min,
    Max: max,
    Distinct: lambda values: len(set(values)),
}


def _most_frequent(mode: Mode, events: Sequence[Event]) -> Folded:
    frequencies = Counter(event[mode.column] for event in events)
    most = max(frequencies.values())
    tied = [value for value, frequency in frequencies.items() if frequency == most]
    return Folded(_plain(max(tied) if mode.tie == "largest" else min(tied)), most)


def _plain(value: Any) -> Value:
    """Return a text as a bare `str`: reactions are an enumeration."""
    return str(value) if isinstance(value, str) else value
