"""What a feature declaration is made of.

A batched feature is a small expression over a source of events: filter, window, aggregate. From it follow the in-memory
fold (`fold.py`), which is its meaning, and the statements that the stores run. A `jit` feature is a pure function.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from oo.domain.profile import Value
from oo.domain.task import Task

Dtype: TypeAlias = Literal["numeric", "categorical", "boolean", "json"]
Freshness: TypeAlias = Literal["batched", "jit"]

DTYPES: Mapping[str, tuple[str, ...]] = {
    "batched": ("numeric", "categorical"),
    "jit": ("numeric", "categorical", "boolean", "json"),
}
"""The dtypes that each freshness allows."""


@dataclass(frozen=True, slots=True)
class EventSource:
    """A stream of a person's events: each has an instant, which the window looks at, and the named columns.

    `numbers` are the columns that a mean may be taken of.
    """

    name: str
    columns: tuple[str, ...]
    numbers: tuple[str, ...] = ()


TIPS = EventSource(
    "tips", ("reaction", "category", "local_hour", "local_weekday"), numbers=("local_hour", "local_weekday")
)
"""Tips by the instant they were served; `reaction` is the one in force as of t, null while there is none."""

REACTIONS = EventSource(
    "reactions",
    ("reaction", "dwell_ms", "category", "local_hour", "local_weekday"),
    numbers=("dwell_ms", "local_hour", "local_weekday"),
)
"""Reactions in force as of t, by the instant they were given; `none` is no reaction."""


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
class Mean:
    """The arithmetic mean of an integer `column`: the exact sum as float64, over the count."""

    column: str


@dataclass(frozen=True, slots=True)
class Mode:
    """The most frequent value of `column`; among equally frequent ones, the smallest."""

    column: str


Aggregate: TypeAlias = Count | Ratio | Mean | Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Windowed:
    """An aggregate over the events of `source` in `(t - window_ms, t]` that pass `where`."""

    source: EventSource
    aggregate: Aggregate
    window_ms: int
    where: Where | None = None

    def columns(self) -> tuple[str, ...]:
        """Return every column that the expression reads."""
        conditions = [self.where.column] if self.where else []
        match self.aggregate:
            case Ratio(of):
                conditions.append(of.column)
            case Mean(column) | Mode(column):
                conditions.append(column)
            case Count():
                pass
        return tuple(conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a request-time feature may look at: the instant, the person's zone then, and their live tasks."""

    now_ms: int
    tz: str
    tasks: tuple[Task, ...] = ()


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

    `ttl_sec`: recompute after that many seconds (0 for `jit`). `fallback`: the stored value when there is nothing to
    compute from. `neutral`: what a scorer reads for null. `invalidated_by`: subjects whose events change the value.
    """

    name: str
    dtype: Dtype
    freshness: Freshness
    description: str
    compute: Windowed | OfContext | OfCandidate
    ttl_sec: int = 0
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
        return isinstance(self.compute, Windowed) and isinstance(self.compute.aggregate, Count | Mode)
