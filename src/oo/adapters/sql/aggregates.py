"""The per-person statement of a batched feature, made from its declaration.

Each statement takes `user_id` and `at_ms` and answers one row: the value and the number of events it rests on.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Dialect,
    Double,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)

from oo.adapters.sql.prepared import Prepared, prepare
from oo.adapters.sql.tables import tip_feedback, tip_views
from oo.features.spec import Count, FeatureDefinition, Mean, Mode, Ratio, Where, Windowed

_AT = bindparam("at_ms", type_=Integer)
_f, _v = tip_feedback.c, tip_views.c
_IN_FORCE = and_(_f.at_ms <= _AT, _f.until_ms > _AT)


def aggregates(definitions: Iterable[FeatureDefinition], dialect: Dialect) -> dict[str, Prepared]:
    """Compile the statement of each batched feature by name."""
    return {
        definition.name: prepare(statement(definition.compute), dialect)
        for definition in definitions
        if isinstance(definition.compute, Windowed)
    }


def statement(expression: Windowed) -> Select[Any, Any]:
    """Return the statement of an expression."""
    columns, events, conditions = _SOURCES[expression.source.name](expression)
    if expression.where:
        conditions = [*conditions, _condition(expression.where, columns)]
    return _aggregated(expression, columns).select_from(events).where(*conditions)


_Events = tuple[Mapping[str, ColumnElement[Any]], FromClause, list[ColumnElement[bool]]]


def _tips(expression: Windowed) -> _Events:
    columns = {
        "reaction": _f.reaction,
        "category": _v.category,
        "local_hour": _v.local_hour,
        "local_weekday": _v.local_weekday,
    }
    in_force = tip_views.outerjoin(tip_feedback, and_(_f.tip_id == _v.tip_id, _IN_FORCE))
    events = in_force if "reaction" in expression.columns() else tip_views
    return columns, events, _window(_v.user_id, _v.served_at_ms, expression)


def _reactions(expression: Windowed) -> _Events:
    columns = {
        "reaction": _f.reaction,
        "dwell_ms": _f.dwell_ms,
        "category": _v.category,
        "local_hour": _f.local_hour,
        "local_weekday": _f.local_weekday,
    }
    with_tip = tip_feedback.join(tip_views, _v.tip_id == _f.tip_id)
    events = with_tip if "category" in expression.columns() else tip_feedback
    return (
        columns,
        events,
        [*_window(_f.user_id, _f.at_ms, expression), _f.until_ms > _AT, _f.reaction != "none"],
    )


_SOURCES = {"tips": _tips, "reactions": _reactions}


def _window(
    user_id: ColumnElement[str], clock: ColumnElement[int], expression: Windowed
) -> list[ColumnElement[bool]]:
    return [user_id == bindparam("user_id"), clock > _AT - expression.window_ms, clock <= _AT]


def _condition(where: Where, columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[bool]:
    return or_(*(columns[where.column] == value for value in where.values))


def _aggregated(expression: Windowed, columns: Mapping[str, ColumnElement[Any]]) -> Select[Any, Any]:
    match expression.aggregate:
        case Count():
            return select(func.count(), func.count().label("support"))
        case Ratio(of):
            matching = func.sum(case((_condition(of, columns), 1), else_=0))
            return select(cast(matching, Double) / func.nullif(func.count(), 0), func.count())
        case Mean(column):
            known = func.count(columns[column])
            return select(cast(func.sum(columns[column]), Double) / func.nullif(known, 0), known)
        case Mode(column):
            value = columns[column]
            frequency = func.count()
            return (
                select(value, frequency)
                .where(value.is_not(None))
                .group_by(value)
                .order_by(frequency.desc(), value)
                .limit(1)
            )
