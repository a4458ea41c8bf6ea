"""What a feature declaration is made of.

A batched feature is a small expression over a source of events: filter, window, aggregate. From it follow the in-memory
fold (`fold.py`), which is its meaning, and the statements that the stores run: for a person, for everyone, and for
points in time. A `jit` feature is a pure function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from oo.domain.profile import Value
from oo.domain.task import Task

Dtype: TypeAlias = Literal["numeric", "categorical", "boolean", "json"]
Freshness: TypeAlias = Literal["batched", "jit"]
Tie: TypeAlias = Literal["smallest", "largest"]

DTYPES: Mapping[str, tuple[str, ...]] = {
    "batched": ("numeric", "categorical"),
    "jit": ("numeric", "categorical", "boolean", "json"),
}
"""The dtypes that each freshness allows."""


@dataclass(frozen=True, slots=True)
class EventSource:
    """A stream of a person's events: each has an instant, which the window looks at, and the named columns.

    A column holds texts, integers or reals; any of them may be null for an event.
    """

    name: str
    texts: tuple[str, ...] = ()
    integers: tuple[str, ...] = ()
    reals: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column."""
        return self.texts + self.numbers

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns that can be added up."""
        return self.integers + self.reals


TIPS = EventSource("tips", texts=("reaction", "category"), integers=("local_hour", "local_weekday"))
"""Tips by the instant they were served; `reaction` is the one in force as of t, null while there is none."""

REACTIONS = EventSource(
    "reactions", texts=("reaction", "category"), integers=("dwell_ms", "local_hour", "local_weekday")
)
"""Reactions in force as of t, by the instant they were given; `none` is no reaction."""

SESSIONS = EventSource("sessions", integers=("duration_ms", "local_hour", "local_weekday"))
"""Uses of the app by the instant they began."""

MOODS = EventSource("moods", integers=("local_hour", "local_weekday"), reals=("score",))
"""Mood check-ins: `score` is 0 (worst) to 1 (best)."""

SYNCS = EventSource("syncs", texts=("source",), integers=("at_ms",))
"""Deliveries of a source; `at_ms` is the instant itself."""

TASKS = EventSource("tasks", texts=("state", "category"), integers=("priority",))
"""Tasks by the instant they first came; `state` is `open`, `completed`, `dismissed` or `deleted` as of t."""

COMPLETIONS = EventSource(
    "completions", texts=("category",), integers=("priority", "local_hour", "local_weekday")
)
"""Tasks that are completed as of t, by the instant of their completion.

One that is known by its day alone has no `local_hour`.
"""

SOURCES = (TIPS, REACTIONS, SESSIONS, MOODS, SYNCS, TASKS, COMPLETIONS)
"""Every source that a batched feature may read."""


@dataclass(frozen=True, slots=True)
class Where:
    """Keeps the events whose `column` has one of `values`; null is none of them."""

    column: str
    values: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many events there are."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """The share, 0 to 1, of the events that satisfy `of`."""

    of: Where


@dataclass(frozen=True, slots=True)
class Sum:
    """The sum of `column` over the events that have it, as float64: exact for integers up to 2⁵³."""

    column: str


@dataclass(frozen=True, slots=True)
class Mean:
    """The arithmetic mean of `column` over the events that have it: the sum as float64, over the count."""

    column: str


@dataclass(frozen=True, slots=True)
class Min:
    """The smallest value of `column`; texts compare by code point."""

    column: str


@dataclass(frozen=True, slots=True)
class Max:
    """The largest value of `column`; texts compare by code point."""

    column: str


@dataclass(frozen=True, slots=True)
class Mode:
    """The most frequent value of `column`; `tie` picks among equally frequent ones."""

    column: str
    tie: Tie = "smallest"


@dataclass(frozen=True, slots=True)
class Last:
    """The value of `column` at the latest event that has one; `tie` picks among events of one instant."""

    column: str
    tie: Tie = "largest"


@dataclass(frozen=True, slots=True)
class Distinct:
    """How many different values `column` has."""

    column: str


Aggregate: TypeAlias = Count | Ratio | Sum | Mean | Min | Max | Mode | Last | Distinct


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """An aggregate over the events of `source` in `(t - window_ms, t]` that pass `where`.

    The value over no event, or over none that has the column, is the definition's `fallback`.
    """

    source: EventSource
    aggregate: Aggregate
    window_ms: int
    where: Where | None = None

    @property
    def column(self) -> str | None:
        """The column that the aggregate is taken of; none for counts and ratios of events."""
        return None if isinstance(self.aggregate, Count | Ratio) else self.aggregate.column

    def columns(self) -> tuple[str, ...]:
        """Return every column that the expression reads."""
        conditions = [self.where.column] if self.where else []
        if isinstance(self.aggregate, Ratio):
            conditions.append(self.aggregate.of.column)
        return (*conditions, *([self.column] if self.column else []))

    @property
    def is_text(self) -> bool:
        """Whether the value is a text."""
        return isinstance(self.aggregate, Mode | Last | Min | Max) and self.column in self.source.texts

    @property
    def is_whole(self) -> bool:
        """Whether the value is always a whole number, so that a stored 9.0 reads as 9."""
        match self.aggregate:
            case Count() | Distinct():
                return True
            case Ratio() | Mean():
                return False
            case _:
                return self.column in self.source.integers


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """A stretch `[start_ms, end_ms)` of a person's calendar in which they are busy."""

    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a request-time feature may look at.

    The instant, the person's zone then, their live tasks, the busy stretches of their calendar that end after now, in
    any order, and the values of their profile by name.
    """

    now_ms: int
    tz: str
    tasks: tuple[Task, ...] = ()
    busy: tuple[Busy, ...] = ()
    profile: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OfContext:
    """A function of the moment alone: equal for all candidates."""

    derive: Callable[[Moment], Any]
    source: str = "request"


@dataclass(frozen=True, slots=True)
class OfCandidate:
    """A function of one candidate task at a moment."""

    derive: Callable[[Task, Moment], Any]
    source: str = "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDefinition:
    """One feature, declared once.

    `ttl_sec`: recompute after that many seconds (0 for `jit`). `max_age_sec`: do not use after that many; None for no
    such limit. `fallback`: the stored value when there is nothing to compute from. `neutral`: what a scorer reads for
    null. `invalidated_by`: subjects whose events change the value. `version` is raised whenever its meaning changes.
    """

    name: str
    dtype: Dtype
    freshness: Freshness
    description: str
    compute: Windowed | OfContext | OfCandidate
    version: int = 1
    ttl_sec: int = 0
    max_age_sec: int | None = None
    fallback: Value = None
    neutral: float | None = None
    invalidated_by: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The name of what the feature is computed from."""
        match self.compute:
            case Windowed(source=source):
                return source.name
            case OfContext(source=name) | OfCandidate(source=name):
                return name

    @property
    def is_whole(self) -> bool:
        """Whether a numeric value is always whole, so that a stored 9.0 reads as 9."""
        return isinstance(self.compute, Windowed) and self.compute.is_whole
