"""The statements of data quality: counted in the database, so that only sums and a sample come out of it."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Dialect,
    Select,
    and_,
    bindparam,
    case,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
    update,
)

from oo.adapters.sql.prepared import Prepared, prepare
from oo.adapters.sql.quality_tables import quality_alerts, quality_baselines
from oo.adapters.sql.tables import signals, tip_feedback, tip_views, user_profile_features, users
from oo.domain.instant import HOUR
from oo.features.plausible import max_age_ms, possible
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition

Number: TypeAlias = ColumnElement[Any]
p, u, s = user_profile_features.c, users.c, signals.c
a, b = quality_alerts.c, quality_baselines.c

TASKS = ("task.upsert", "task.completed", "task.deleted")
SIGNALS = ("app.session", "mood.checkin", "calendar.event")
SYNCED = "source.synced"
_SPREAD = 2_654_435_761
"""Multiplied by 2³² / φ, successive numbers are spread evenly over 2³², and so is every regular part of them."""
_WHOLE = 2**32
MOST_SYNCED = 50
"""Sources name themselves, so that there could be any number of them: so many, those heard last, are listened to."""
MOST_FAILURES = 288
"""An alert that the webhook did not take for a day, at a run every five minutes, is not told any more."""
_UNTOLD = or_(a.posted == 0, and_(a.posted == 1, a.cleared_at_ms.is_not(None)))
_ALERT = select(
    a.seq, a.kind, a.subject, a.message, a.hint, a.since_ms, a.seen_ms, a.cleared_at_ms, a.posted, a.failures
)


def quality_statements(registry: Registry, dialect: Dialect) -> dict[str, Prepared]:
    """Compile every statement for a dialect."""
    named: dict[str, ClauseElement] = {
        "quality_counts": _counts(registry),
        "quality_late": _late(registry),
        "quality_sample": _sample(registry),
        "people_count": select(func.count()).select_from(users),
        "quality_baselines": select(quality_baselines).order_by(b.name),
        "open_alerts": _ALERT.where(a.cleared_at_ms.is_(None)).order_by(a.seq),
        "untold_alerts": _ALERT.where(_UNTOLD, a.failures < MOST_FAILURES).order_by(a.failures, a.seq),
        "change_alert": update(quality_alerts)
        .where(a.seq == bindparam("of_number"))
        .values(
            message=bindparam("now_message"),
            hint=bindparam("now_hint"),
            seen_ms=bindparam("now_seen_ms"),
            cleared_at_ms=bindparam("now_cleared_at_ms"),
            posted=bindparam("now_posted"),
            failures=bindparam("now_failures"),
        ),
        **_LAST,
        **_HOURS,
    }
    return {name: prepare(statement, dialect) for name, statement in named.items()}


def _by_name(definitions: Iterable[FeatureDefinition], of: Callable[[FeatureDefinition], Any]) -> Number:
    """Return what `of` says of a row's feature; null for one that is not among them."""
    return case({definition.name: of(definition) for definition in definitions}, value=p.name, else_=null())


def _present(registry: Registry) -> Number:
    """A row of the definition that is in the catalogue: any other is not used."""
    return p.fingerprint == _by_name(registry.batched, lambda each: registry.fingerprints[each.name])


def _outside(registry: Registry) -> Number:
    """A value that cannot be; SQLite may hold a text where a number belongs, and orders it after all numbers."""
    numeric = [each for each in registry.batched if each.dtype == "numeric"]
    texts = [each.name for each in registry.batched if each.dtype == "categorical"]
    whole = [each.name for each in numeric if possible(each).whole]
    low = _by_name(numeric, lambda each: possible(each).low)
    high = _by_name(numeric, lambda each: possible(each).high)
    return or_(
        and_(_one_of(p.name, texts), p.value.is_not(None)),
        and_(~_one_of(p.name, texts), p.value_text.is_not(None)),
        and_(p.value.is_not(None), or_(p.value < low, p.value > high)),
        and_(_one_of(p.name, whole), p.value.is_not(None), p.value != func.round(p.value)),
    )


def _one_of(column: Number, values: Iterable[str]) -> Number:
    """Return whether a column is among values; written out, for a list of them is only expanded when it is run."""
    return or_(false(), *(column == value for value in values))


def _total(condition: Number) -> Number:
    return func.sum(case((condition, 1), else_=0))


def _counts(registry: Registry) -> Select[Any]:
    empty = and_(p.value.is_(None), p.value_text.is_(None))
    others = [each.name for each in registry.batched if each.fallback is not None]
    possible_value = case((_outside(registry), null()), else_=p.value)
    return (
        select(
            p.name,
            func.count(),
            _total(empty),
            _total(p.support == 0),
            _total(and_(empty, or_(p.support > 0, _one_of(p.name, others)))),
            _total(_outside(registry)),
            func.min(possible_value),
            func.max(possible_value),
            func.min(p.updated_at),
        )
        .where(_present(registry))
        .group_by(p.name)
    )


def _late(registry: Registry) -> Select[Any]:
    """Count the values of the people served a tip since `since_ms`, and those that were too old for their last one."""
    served_at = tip_views.c.served_at_ms
    # One range of an index for each person, gathered before their values are joined: no value looks for tips again.
    last = (
        select(u.user_id, func.max(served_at).label("served_at_ms"))
        .select_from(users.join(tip_views, tip_views.c.user_id == u.user_id))
        .where(served_at > bindparam("since_ms"), served_at <= bindparam("now_ms"))
        .group_by(u.user_id)
        .subquery()
    )
    limit = _by_name(registry.batched, max_age_ms)
    return (
        select(p.name, func.count(), _total(p.updated_at < last.c.served_at_ms - limit))
        .select_from(last.join(user_profile_features, p.user_id == last.c.user_id))
        .where(_present(registry))
        .group_by(p.name)
    )


def _sample(registry: Registry) -> Select[Any]:
    """Return the values of the people whose number, spread, lies below `below`: the same people every time."""
    numbered = select(u.user_id, func.row_number().over(order_by=u.user_id).label("number")).subquery()
    chosen = (
        select(numbered.c.user_id)
        .where((numbered.c.number * _SPREAD) % _WHOLE < bindparam("below"))
        .subquery()
    )
    return (
        select(p.name, p.value, p.value_text)
        .select_from(chosen.join(user_profile_features, p.user_id == chosen.c.user_id))
        .where(
            _present(registry),
            or_(p.value.is_not(None), p.value_text.is_not(None)),
            ~func.coalesce(_outside(registry), False),
        )
    )


def below(people: int, most: int) -> int:
    """Return the bound under which about `most` of so many people are chosen, or all of them if they are fewer."""
    return _WHOLE if people <= most else _WHOLE * most // people


def _last(name: str, latest: Select[Any]) -> Select[Any, Any]:
    """Return when a source was heard last, by any person: one look into an index for each."""
    each = select(latest.scalar_subquery().label("at_ms")).select_from(users).subquery()
    return select(literal(name), func.max(each.c.at_ms))


def _latest(column: Number, user_id: Number, *conditions: Number) -> Select[Any]:
    return (
        select(func.max(column))
        .where(user_id == u.user_id, column <= bindparam("now_ms"), *conditions)
        .correlate(users)
    )


def _hours(column: Number, *conditions: Number) -> Select[Any]:
    """Return the hours in which a source was heard in `(since_ms, until_ms]`, and at how many instants of each."""
    hour = column // HOUR
    return (
        select(hour, func.count(column.distinct()))
        .where(column > bindparam("since_ms"), column <= bindparam("until_ms"), *conditions)
        .group_by(hour)
        .order_by(hour)
    )


_TIPS = (tip_views.c.served_at_ms, tip_views.c.user_id)
_REACTIONS = (tip_feedback.c.at_ms, tip_feedback.c.user_id)
_FACTS = (s.at_ms, s.user_id)
_LAST: dict[str, ClauseElement] = {
    "last_heard": union_all(
        _last("tip.served", _latest(*_TIPS)),
        _last("tip.feedback", _latest(*_REACTIONS)),
        *(_last("task.*", _latest(*_FACTS, s.type == kind)) for kind in TASKS),
        *(_last(kind, _latest(*_FACTS, s.type == kind)) for kind in SIGNALS),
    ),
    "last_synced": select(s.subject_id, func.max(s.at_ms))
    .select_from(users.join(signals, s.user_id == u.user_id))
    .where(s.type == SYNCED, s.at_ms <= bindparam("now_ms"), s.subject_id.is_not(None))
    .group_by(s.subject_id)
    .order_by(func.max(s.at_ms).desc(), s.subject_id)
    .limit(MOST_SYNCED),
}
_HOURS: dict[str, ClauseElement] = {
    "hours_of_tips": _hours(tip_views.c.served_at_ms),
    "hours_of_reactions": _hours(tip_feedback.c.at_ms),
    "hours_of_tasks": _hours(s.at_ms, _one_of(s.type, TASKS)),
    "hours_of_signals": _hours(s.at_ms, s.type == bindparam("type")),
    "hours_of_syncs": _hours(s.at_ms, s.type == SYNCED, s.subject_id == bindparam("subject_id")),
}
