"""A person's profile: each feature's value in an envelope that says how far to trust it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, TypeAlias

Value: TypeAlias = float | int | str | None


class Status(StrEnum):
    """How a value came about.

    `fresh`: computed from facts, within its TTL. `stale`: computed from facts, past its TTL and not recomputed.
    `fallback`: there was nothing to compute from, so it is the declared fallback. `missing`: nothing was ever computed.
    """

    FRESH = "fresh"
    STALE = "stale"
    FALLBACK = "fallback"
    MISSING = "missing"


class FeatureValue(NamedTuple):
    """A value in its envelope; `computed_at_ms` is the instant as of which it holds, `fingerprint` its definition's.

    Like `StoredValue` a named tuple, because a read makes one for each feature, in a third of a frozen dataclass' time.
    """

    value: Value
    status: Status
    computed_at_ms: int | None
    ttl_sec: int
    fingerprint: str


class StoredValue(NamedTuple):
    """A value of the profile store; `support` is the number of events it rests on."""

    name: str
    value: Value
    support: int
    computed_at_ms: int
    fingerprint: str


StoredRow: TypeAlias = tuple[str, Value, int, int, str]
"""The fields of a `StoredValue` as a driver hands them over: what reads a profile looks at each but once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a person, every batched feature by name; current where no value is missing or stale."""

    user_id: str
    features: Mapping[str, FeatureValue]
    is_current: bool

    def values(self) -> dict[str, Value]:
        """Return the bare values by name, as they are logged with a decision."""
        return {name: envelope.value for name, envelope in self.features.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedFeatures:
    """What a decision was made from, as it was served; `number` is its place in the log."""

    number: int
    decision_id: str
    user_id: str
    decided_at_ms: int
    features: Mapping[str, FeatureValue]
