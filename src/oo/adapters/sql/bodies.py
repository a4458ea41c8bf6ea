"""Facts and arrays as they are written into columns."""

import dataclasses
import json
from functools import lru_cache
from typing import Any

import numpy as np

from oo.domain.decision import Floats
from oo.domain.facts import (
    FACTS,
    AppSession,
    CalendarEvent,
    Fact,
    MoodCheckin,
    Reaction,
    RewardFact,
    SourceSynced,
    TaskFact,
)
from oo.domain.profile import FeatureValue, Profile, Status
from oo.domain.task_history import TaskSpan


def encode(value: Any) -> str:
    """Return compact JSON; the same value always gives the same text."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True, allow_nan=False)


def decode(text: str | None) -> Any:
    """Return the value of JSON text, None for null."""
    return None if text is None else json.loads(text)


def encode_fact(fact: Fact) -> str:
    """Return a fact's fields as JSON; the type is kept in a column of its own."""
    return encode({name: getattr(fact, name) for name in _fields(type(fact))})


def decode_fact(kind: str, text: str) -> Fact:
    """Return the fact of type `kind` that `encode_fact` wrote."""
    fields = json.loads(text)
    for name in ("scores", "probabilities", "candidates"):
        if fields.get(name) is not None:
            fields[name] = tuple(fields[name])
    if "reaction" in fields:
        fields["reaction"] = Reaction(fields["reaction"])
    return FACTS[kind](**fields)


def subject_of(fact: Fact) -> str | None:
    """Return what a signal is about, None where it is about the person alone."""
    match fact:
        case TaskFact():
            return fact.task_id
        case RewardFact():
            return fact.decision_id
        case CalendarEvent():
            return fact.event_id
        case SourceSynced():
            return fact.source
        case _:
            return None


def amount_of(fact: Fact) -> float | None:
    """Return the number of a signal that features add up, None where it has none."""
    match fact:
        case AppSession():
            return fact.duration_ms
        case MoodCheckin():
            return fact.score
        case _:
            return None


def task_state_row(user_id: str, task_id: str, span: TaskSpan) -> dict[str, Any]:
    """Return a row of `task_states`."""
    return {"user_id": user_id, "task_id": task_id, **dataclasses.asdict(span)}


def encode_profile(profile: Profile) -> str:
    """Return the envelopes of a profile by name, as JSON."""
    return encode(
        {
            name: [each.value, each.status, each.computed_at_ms, each.ttl_sec, each.fingerprint]
            for name, each in profile.features.items()
        }
    )


def decode_profile(text: str) -> dict[str, FeatureValue]:
    """Return the envelopes that `encode_profile` wrote."""
    return {
        name: FeatureValue(
            value=value,
            status=Status(status),
            computed_at_ms=computed_at_ms,
            ttl_sec=ttl_sec,
            fingerprint=fingerprint,
        )
        for name, (value, status, computed_at_ms, ttl_sec, fingerprint) in decode(text).items()
    }


def pack(array: Floats) -> bytes:
    """Return float64[n] as little-endian bytes."""
    return array.astype("<f8").tobytes()


def unpack(blob: bytes) -> Floats:
    """Return the float64[n] that `pack` wrote."""
    return np.frombuffer(blob, dtype="<f8").astype(np.float64)


@lru_cache(maxsize=32)
def _fields(kind: type[Fact]) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(kind))
