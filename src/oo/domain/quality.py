"""Data quality: what is measured of the profile store and of the sources, what it is held against, and alerts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from oo.domain.decision import Floats

Verdict: TypeAlias = Literal["steady", "drifted", "not enough people", "no baseline", "not compared"]
"""What came of comparing a distribution with its baseline; instants are not compared, they move with the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the stored values of a feature add up to, those of its present definition; one row a person.

    `active` and `late` are of people who were served a tip lately: how many values, and how many of them were too old
    when the last of these tips was chosen. A value computed since is never late.
    `fallbacks` rest on no event; `broken_nulls` are null although they rest on events or have another fallback.
    `outside` values cannot be, by the feature's declaration; `lowest` and `highest` are of the others.
    """

    rows: int = 0
    active: int = 0
    late: int = 0
    nulls: int = 0
    fallbacks: int = 0
    broken_nulls: int = 0
    outside: int = 0
    lowest: float | None = None
    highest: float | None = None
    oldest_ms: int | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Distribution:
    """The values of a feature in a sample of people: `numbers`, float64[n] in order, or how many have each category."""

    numbers: Floats | None = None
    categories: Mapping[str, int] | None = None

    @property
    def people(self) -> int:
        """How many values there are."""
        if self.numbers is not None:
            return len(self.numbers)
        return sum((self.categories or {}).values())


@dataclass(frozen=True, eq=False, kw_only=True)
class Baseline:
    """How the values of a feature were distributed when it was taken, and how many of `rows` values were empty."""

    name: str
    fingerprint: str
    taken_at_ms: int
    rows: int
    null_share: float
    fallback_share: float
    distribution: Distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far two distributions lie apart, and how likely chance alone would part them so.

    `psi`: population stability index over `bins`; `ks`: the greatest distance of the two distribution functions, None
    for categories. Each has the probability of one as large between two samples of one distribution.
    """

    psi: float
    psi_p: float
    bins: int
    ks: float | None = None
    ks_p: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureQuality:
    """How the stored values of a feature stand; shares are 0 to 1, None where there is nothing to take one of."""

    name: str
    counts: Counts
    max_age_sec: int
    possible: tuple[float | None, float | None]
    sampled: int = 0
    drift: Drift | None = None
    verdict: Verdict = "not compared"
    baseline_at_ms: int | None = None
    baseline_rows: int = 0
    baseline_people: int = 0
    baseline_null_share: float | None = None
    baseline_fallback_share: float | None = None

    @property
    def fresh_share(self) -> float | None:
        """The share of the values of people served lately that were young enough for their last tip."""
        return _share(self.counts.active - self.counts.late, self.counts.active)

    @property
    def null_share(self) -> float | None:
        """The share of values that are null."""
        return _share(self.counts.nulls, self.counts.rows)

    @property
    def fallback_share(self) -> float | None:
        """The share of values that rest on no event."""
        return _share(self.counts.fallbacks, self.counts.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceQuality:
    """When a source was heard last, and how long it may be silent; None where too little is known to say.

    `arrivals` and `usual_gap_ms` are of the 30 days up to the last arrival.
    """

    name: str
    arrivals: int
    last_at_ms: int
    usual_gap_ms: int | None
    silent_after_ms: int | None
    silent_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Something that is wrong as of now: `kind` and `subject` are what an alert about it is known by."""

    kind: str
    subject: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A condition from when it was first seen; it ends by itself when the condition does.

    `posted` counts what the webhook took of it: that it began, that it ended.
    """

    number: int
    condition: Condition
    since_ms: int
    seen_ms: int
    cleared_at_ms: int | None = None
    posted: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Everything that is measured as of an instant, and the alerts that are open."""

    at_ms: int
    features: tuple[FeatureQuality, ...]
    sources: tuple[SourceQuality, ...]
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check has found and changed; `undelivered` says why the webhook did not take all of it."""

    panel: Panel
    raised: tuple[Alert, ...]
    cleared: tuple[Alert, ...]
    undelivered: str | None = None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
