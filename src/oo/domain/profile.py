"""A person's profile: each feature's value in an envelope that says how far to trust it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureValue:
    """A value in its envelope; `computed_at_ms` is the instant as of which it holds, `fingerprint` its definition's."""

    value: Value
    status: Status
    computed_at_ms: int | None
    ttl_sec: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """A row of the profile store; `support` is the number of events the value rests on."""

    name: str
    value: Value
    support: int
    computed_at_ms: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of a person, every batched feature by name."""

    user_id: str
    features: Mapping[str, FeatureValue]

    def values(self) -> dict[str, Value]:
        """Return the bare values by name, as they are logged with a decision."""
        return {name: envelope.value for name, envelope in self.features.items()}
