"""Batched features computed by their statements: rows in, values out."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, TypeAlias

from oo.adapters.sql.aggregates import Grouped
from oo.adapters.sql.events import EVERYONE, ONE, POINTS
from oo.adapters.sql.session import Points, Row, Runner
from oo.features.fold import Folded
from oo.features.spec import FeatureDefinition

Values: TypeAlias = dict[str, Folded]


def for_one(runner: Runner, definitions: Collection[FeatureDefinition], user_id: str, at_ms: int) -> Values:
    """Return the values of features for a person as of an instant."""
    wanted = {definition.name for definition in definitions}
    values = _empty(definitions)
    for group, rows in runner.computed(ONE.name, wanted, user_id=user_id, at_ms=at_ms):
        for row in rows:
            values.update(_values(group, row, wanted))
    return values


def for_everyone(
    runner: Runner, definitions: Collection[FeatureDefinition], people: Iterable[str], at_ms: int
) -> dict[str, Values]:
    """Return the values of features for all people as of an instant."""
    return _keyed(runner.computed(EVERYONE.name, _names(definitions), at_ms=at_ms), definitions, people)


def at_points(runner: Runner, definitions: Collection[FeatureDefinition], points: Points) -> list[Values]:
    """Return the values of features at each of a spine's points, in order."""
    spine = runner.session.lay_out(points)
    found = _keyed(
        runner.computed(POINTS.name, _names(definitions), **spine), definitions, range(len(points))
    )
    return [found[number] for number in range(len(points))]


def _keyed(
    answers: Iterable[tuple[Grouped, list[Row]]],
    definitions: Collection[FeatureDefinition],
    keys: Iterable[Any],
) -> dict[Any, Values]:
    wanted = _names(definitions)
    found = {key: _empty(definitions) for key in keys}
    for group, rows in answers:
        for row in rows:
            found[row[0]].update(_values(group, row[1:], wanted))
    return found


def _names(definitions: Iterable[FeatureDefinition]) -> set[str]:
    return {definition.name for definition in definitions}


def _empty(definitions: Iterable[FeatureDefinition]) -> Values:
    return {definition.name: Folded(definition.fallback, 0) for definition in definitions}


def _values(group: Grouped, row: Row, wanted: Collection[str]) -> Iterator[tuple[str, Folded]]:
    for position, definition in enumerate(group.definitions):
        value, support = row[2 * position], row[2 * position + 1]
        if support and definition.name in wanted:
            yield definition.name, Folded(int(value) if definition.is_whole else value, support)
