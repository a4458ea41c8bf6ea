"""The statements of batched features, made from their declarations: for one person, for everyone, for a spine.

Features over one source and window are computed together by one statement, but for the most frequent and the last
value, which each need an order of their own. A row of an answer is the frame's key, if it has one, and then for each
feature its value and the number of events it rests on.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Double,
    Select,
    and_,
    case,
    cast,
    distinct,
    func,
    or_,
    select,
    true,
)

from oo.adapters.sql.events import Columns, Events, Frame, events
from oo.adapters.sql.prepared import Prepared, prepare
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
    Tie,
    Where,
    Windowed,
)

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Grouped:
    """The features that one statement computes, in the order of its answer's columns."""

    definitions: tuple[FeatureDefinition, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(definition.name for definition in self.definitions)

    @property
    def expressions(self) -> list[Windowed]:
        """What they compute."""
        return [each.compute for each in self.definitions if isinstance(each.compute, Windowed)]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A prepared statement and what its answer holds."""

    group: Grouped
    prepared: Prepared


def grouped(definitions: Iterable[FeatureDefinition]) -> list[Grouped]:
    """Return batched features in groups that one statement each computes."""
    together: dict[Any, list[FeatureDefinition]] = {}
    for definition in definitions:
        expression = definition.compute
        if isinstance(expression, Windowed):
            alone = definition.name if isinstance(expression.aggregate, Mode | Last) else None
            together.setdefault((expression.source.name, expression.window_ms, alone), []).append(definition)
    return [Grouped(tuple(group)) for group in together.values()]


def aggregates(
    definitions: Iterable[FeatureDefinition], frame: Frame, dialect: Dialect
) -> tuple[Aggregate, ...]:
    """Compile the statements of features for a frame."""
    return tuple(
        Aggregate(group, prepare(statement(group, frame), dialect)) for group in grouped(definitions)
    )


def statement(group: Grouped, frame: Frame) -> Select[Any]:
    """Return the statement of a group for a frame."""
    found = events(group.expressions, frame)
    expression = group.expressions[0]
    match expression.aggregate:
        case Mode(column, tie):
            return _most_frequent(found, _condition(expression.where, found.columns), column, tie)
        case Last(column, tie):
            return _last(found, _condition(expression.where, found.columns), column, tie)
        case _:
            return _together(group.expressions, found)


def _together(expressions: Sequence[Windowed], found: Events) -> Select[Any]:
    """Return one row for each key, with every expression's value and support."""
    shared = expressions[0].where if len({each.where for each in expressions}) == 1 else None
    columns = [
        column
        for each in expressions
        for column in _aggregated(each, found.columns, None if each.where == shared else each.where)
    ]
    numbered = [column.label(f"c{number}") for number, column in enumerate(columns)]
    kept = _selected(found, numbered).where(*found.conditions, _condition(shared, found.columns))
    return kept if found.key is None else kept.group_by(found.key)


def _selected(found: Events, columns: Sequence[Column]) -> Select[Any]:
    keys = [] if found.key is None else [found.key.label("key")]
    return select(*keys, *columns).select_from(found.rows)


def _aggregated(expression: Windowed, columns: Columns, where: Where | None) -> Iterator[Column]:
    """Yield the value and the support of an expression over the events that pass `where`."""
    kept = _condition(where, columns)
    if isinstance(expression.aggregate, Count | Ratio):
        counted = _counted(kept, where)
        yield (
            counted
            if isinstance(expression.aggregate, Count)
            else _share(
                func.count(case((and_(kept, _condition(expression.aggregate.of, columns)), 1))), counted
            )
        )
        yield counted
        return
    column = columns[expression.column or ""]
    known = column if where is None else case((kept, column))
    yield _of_column(expression.aggregate, known)
    yield func.count(known)


def _counted(kept: Column, where: Where | None) -> Column:
    return func.count() if where is None else func.count(case((kept, 1)))


def _of_column(aggregate: Any, known: Column) -> Column:
    match aggregate:
        case Sum():
            return cast(func.sum(known), Double)
        case Mean():
            return _share(func.sum(known), func.count(known))
        case Min():
            return func.min(known)
        case Max():
            return func.max(known)
        case Distinct():
            return func.count(distinct(known))
    raise AssertionError(aggregate)


def _share(part: Column, whole: Column) -> Column:
    return cast(part, Double) / func.nullif(whole, 0)


def _most_frequent(found: Events, kept: Column, column: str, tie: Tie) -> Select[Any]:
    value = found.columns[column]
    frequency: Column = func.count()
    ranked = (frequency.desc(), _tied(value, tie))
    conditions = (*found.conditions, kept, value.is_not(None))
    if found.key is None:
        ordered = _selected(found, [value, frequency]).where(*conditions).group_by(value)
        return ordered.order_by(*ranked).limit(1)
    place = func.row_number().over(partition_by=found.key, order_by=ranked)
    placed = (
        _selected(found, [value.label("value"), frequency.label("support"), place.label("place")])
        .where(*conditions)
        .group_by(found.key, value)
    )
    return _first(placed)


def _last(found: Events, kept: Column, column: str, tie: Tie) -> Select[Any]:
    value = found.columns[column]
    ranked = (found.clock.desc(), _tied(value, tie))
    conditions = (*found.conditions, kept, value.is_not(None))
    if found.key is None:
        ordered = _selected(found, [value, func.count().over()]).where(*conditions)
        return ordered.order_by(*ranked).limit(1)
    place = func.row_number().over(partition_by=found.key, order_by=ranked)
    support = func.count().over(partition_by=found.key)
    placed = _selected(found, [value.label("value"), support.label("support"), place.label("place")])
    return _first(placed.where(*conditions))


def _first(placed: Select[Any]) -> Select[Any]:
    """Return the row in the first place for each key."""
    rows = placed.subquery()
    return select(rows.c.key, rows.c.value, rows.c.support).where(rows.c.place == 1)


def _tied(value: Column, tie: Tie) -> Column:
    return value.desc() if tie == "largest" else value.asc()


def _condition(where: Where | None, columns: Columns) -> Column:
    """Return the condition of a filter; everything passes none."""
    if where is None:
        return true()
    return or_(*(columns[where.column] == value for value in where.values))
