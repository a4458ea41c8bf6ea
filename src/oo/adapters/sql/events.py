"""Where the events of each source lie in the tables, as of an instant: the SQL half of `oo.features.events`.

A frame says which people and instants a statement is about. All three run the same text but for that: one person at one
instant, everyone at one instant, and the points of a spine.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
)

from oo.adapters.sql.tables import signals, task_states, tip_feedback, tip_views
from oo.domain.facts import AppSession, MoodCheckin, SourceSynced
from oo.features.spec import Windowed

Columns: TypeAlias = Mapping[str, ColumnElement[Any]]
_f, _v, _s, _t = tip_feedback.c, tip_views.c, signals.c, task_states.c

spine = Table(
    "spine",
    MetaData(),
    Column("point", Integer, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
"""The points that are asked about, numbered from 0: a temporary table of whoever asks."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Which people and instants a statement is about; the rows of its answer are keyed by `key`, if it has one."""

    name: str
    at: ColumnElement[int]

    def key(self, table: Table) -> ColumnElement[Any] | None:
        """Return what tells one row of the answer from another; None where there is but one."""
        return {"one": None, "everyone": table.c.user_id, "points": spine.c.point}[self.name]

    def over(
        self, table: Table, *conditions: ColumnElement[bool]
    ) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """Return the rows of a table that satisfy `conditions` for the people of this frame."""
        if self.name == "points":
            return spine.join(table, and_(table.c.user_id == spine.c.user_id, *conditions)), []
        who = [table.c.user_id == bindparam("user_id")] if self.name == "one" else []
        return table, [*who, *conditions]


_AT = bindparam("at_ms", type_=BigInteger)
ONE = Frame("one", _AT)
"""One person at one instant: parameters `user_id` and `at_ms`."""
EVERYONE = Frame("everyone", _AT)
"""Everyone at one instant: parameter `at_ms`."""
POINTS = Frame("points", spine.c.at_ms)
"""Each point of the spine."""
FRAMES = (ONE, EVERYONE, POINTS)

SIGNALS = (AppSession.type, MoodCheckin.type, SourceSynced.type)
"""The signals that are events of some source."""
READ: Sequence[tuple[Table, Sequence[Column[Any]]]] = (
    (tip_views, (_v.tip_id, _v.user_id, _v.served_at_ms, _v.category, _v.local_hour, _v.local_weekday)),
    (
        tip_feedback,
        (
            *(_f.tip_id, _f.user_id, _f.at_ms, _f.until_ms, _f.reaction, _f.dwell_ms),
            *(_f.local_hour, _f.local_weekday),
        ),
    ),
    (signals, (_s.user_id, _s.type, _s.subject_id, _s.at_ms, _s.amount, _s.local_hour, _s.local_weekday)),
    (
        task_states,
        (
            *(_t.user_id, _t.from_ms, _t.until_ms, _t.came_ms, _t.state, _t.category, _t.priority),
            *(_t.closed_ms, _t.local_hour, _t.local_weekday),
        ),
    ),
)
"""The event tables, each with the columns that the statements of this file read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The events of an expression's source in its window: `rows` where `conditions` hold."""

    rows: FromClause
    conditions: Sequence[ColumnElement[bool]]
    clock: ColumnElement[int]
    columns: Columns
    key: ColumnElement[Any] | None


def events(expressions: Sequence[Windowed], frame: Frame) -> Events:
    """Return the events that expressions over one source and window read."""
    first = expressions[0]
    read = {column for expression in expressions for column in expression.columns()}
    return _SOURCES[first.source.name](frame, first.window_ms, read)


def _tips(frame: Frame, window_ms: int, read: set[str]) -> Events:
    rows, conditions = frame.over(tip_views, *_window(_v.served_at_ms, window_ms, frame))
    if "reaction" in read:
        in_force = and_(_f.tip_id == _v.tip_id, _f.at_ms <= frame.at, _f.until_ms > frame.at)
        rows = rows.outerjoin(tip_feedback, in_force)
    return Events(
        rows=rows,
        conditions=conditions,
        clock=_v.served_at_ms,
        columns={"reaction": _f.reaction, "category": _v.category, **_local(tip_views)},
        key=frame.key(tip_views),
    )


def _reactions(frame: Frame, window_ms: int, read: set[str]) -> Events:
    given = (*_window(_f.at_ms, window_ms, frame), _f.until_ms > frame.at, _f.reaction != "none")
    rows, conditions = frame.over(tip_feedback, *given)
    if "category" in read:
        rows = rows.join(tip_views, _v.tip_id == _f.tip_id)
    return Events(
        rows=rows,
        conditions=conditions,
        clock=_f.at_ms,
        columns={
            "reaction": _f.reaction,
            "dwell_ms": _f.dwell_ms,
            "category": _v.category,
            **_local(tip_feedback),
        },
        key=frame.key(tip_feedback),
    )


def _signals(kind: str, columns: Columns) -> "_Source":
    def source(frame: Frame, window_ms: int, _: set[str]) -> Events:
        rows, conditions = frame.over(signals, _s.type == kind, *_window(_s.at_ms, window_ms, frame))
        return Events(
            rows=rows,
            conditions=conditions,
            clock=_s.at_ms,
            columns={**columns, **_local(signals)},
            key=frame.key(signals),
        )

    return source


def _tasks(frame: Frame, window_ms: int, _: set[str]) -> Events:
    rows, conditions = frame.over(task_states, *_window(_t.came_ms, window_ms, frame), *_as_of(frame))
    return Events(
        rows=rows,
        conditions=conditions,
        clock=_t.came_ms,
        columns={"state": _t.state, "category": _t.category, "priority": _t.priority},
        key=frame.key(task_states),
    )


def _completions(frame: Frame, window_ms: int, _: set[str]) -> Events:
    completed = (*_window(_t.closed_ms, window_ms, frame), *_as_of(frame), _t.state == "completed")
    rows, conditions = frame.over(task_states, *completed)
    return Events(
        rows=rows,
        conditions=conditions,
        clock=_t.closed_ms,
        columns={"category": _t.category, "priority": _t.priority, **_local(task_states)},
        key=frame.key(task_states),
    )


_Source: TypeAlias = Callable[[Frame, int, set[str]], Events]
_SOURCES: Mapping[str, _Source] = {
    "tips": _tips,
    "reactions": _reactions,
    "sessions": _signals(AppSession.type, {"duration_ms": _s.amount}),
    "moods": _signals(MoodCheckin.type, {"score": _s.amount}),
    "syncs": _signals(SourceSynced.type, {"source": _s.subject_id, "at_ms": _s.at_ms}),
    "tasks": _tasks,
    "completions": _completions,
}


def _window(clock: ColumnElement[int], window_ms: int, frame: Frame) -> list[ColumnElement[bool]]:
    return [clock > frame.at - window_ms, clock <= frame.at]


def _as_of(frame: Frame) -> list[ColumnElement[bool]]:
    return [_t.from_ms <= frame.at, _t.until_ms > frame.at]


def _local(table: Table) -> Columns:
    return {"local_hour": table.c.local_hour, "local_weekday": table.c.local_weekday}
