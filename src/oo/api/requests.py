"""What programs may send: strict models, bounded in every direction, with an example each."""

import functools
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
)
from pydantic_core import PydanticCustomError

from oo.domain.ids import LONGEST_ID, checked
from oo.domain.instant import LATEST, format_instant, parse_instant

MOST_CANDIDATES = 1_000
MOST_FEATURES = 200
MOST_SIGNALS = 1_000
LONGEST_TEXT = 1_000
MOST_AGE_DAYS = 1e6

ID_SCHEMA = {"type": "string", "pattern": rf"^[A-Za-z0-9_.:@-]{{1,{LONGEST_ID}}}$"}
_INSTANT_SCHEMA = {
    "anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}],
    "description": f"ISO 8601 with an offset or Z, from 1970 to {format_instant(LATEST)}.",
}


def _id(field: str, example: str) -> tuple[object, ...]:
    schema = {**ID_SCHEMA, "examples": [example]}
    return AfterValidator(functools.partial(checked, what=field)), WithJsonSchema(schema)


def _instant(value: object) -> object:
    return None if value is None else parse_instant(value)  # type: ignore[arg-type]  # it refuses what is no text


def _as_one(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Say once what a feature's value may be, instead of once for each of its types."""
    try:
        return validate(value)
    except ValidationError:
        raise PydanticCustomError("feature_value", "not the value of a feature") from None


UserId: TypeAlias = Annotated[str, *_id("user_id", "ada")]
TipId: TypeAlias = Annotated[str, *_id("tip_id", "5f1c0a94e1d7b2aa")]
DecisionId: TypeAlias = Annotated[str, *_id("decision_id", "d1")]
CandidateId: TypeAlias = Annotated[str, *_id("candidate id", "k1")]
Instant: TypeAlias = Annotated[int | None, BeforeValidator(_instant), WithJsonSchema(_INSTANT_SCHEMA)]
Text: TypeAlias = Annotated[str, Field(max_length=LONGEST_TEXT)]
Number: TypeAlias = Annotated[float, Field(ge=-1e15, le=1e15)]
Value: TypeAlias = Annotated[bool | Number | Text | None, WrapValidator(_as_one)]
Values: TypeAlias = Annotated[
    dict[Annotated[str, Field(min_length=1, max_length=LONGEST_ID)], Value], Field(max_length=MOST_FEATURES)
]


class Request(BaseModel):
    """What all bodies share: no type is bent into another, and nothing unknown is passed over."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


def _example(**fields: JsonValue) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [fields]})


class RecommendRequest(Request):
    """Who asks for a tip."""

    model_config = _example(user_id="ada", explain=True)

    user_id: UserId
    explain: bool = Field(
        default=False, description="Say what each dimension adds, and how the others stood."
    )
    fresh: bool = Field(default=False, description="A new tip, even if one is open.")


class FeedbackRequest(Request):
    """A reaction to a tip."""

    model_config = _example(tip_id="5f1c0a94e1d7b2aa", reaction="done")

    tip_id: TipId
    reaction: Literal["done", "dismiss", "snooze", "none"] = Field(description="`none` takes one back.")
    at: Instant = Field(default=None, description="When it was given; now if left out.")
    snooze_until: Instant = Field(default=None, description="Only with snooze; an hour if left out.")


class Candidate(Request):
    """One thing that could be shown, with its raw features."""

    id: CandidateId
    is_overdue: bool
    task_age_days: Annotated[float, Field(ge=0, le=MOST_AGE_DAYS)]
    priority: Annotated[int, Field(ge=1, le=4)]
    category: Text | None = None


class ScoreRequest(Request):
    """What to choose among, for whom, and when."""

    model_config = _example(
        user_id="ada",
        candidates=[
            {"id": "k1", "is_overdue": True, "task_age_days": 12.5, "priority": 4, "category": "work"},
            {"id": "k2", "is_overdue": False, "task_age_days": 1, "priority": 1},
        ],
        context={"hour_of_day": 9, "day_of_week": 0},
        profile_features={"completion_rate_30d": 0.4, "preferred_hour": 9},
    )

    user_id: UserId
    candidates: Annotated[list[Candidate], Field(min_length=1, max_length=MOST_CANDIDATES, fail_fast=True)]
    context: Values | None = Field(default=None, description="Context features by name.")
    profile_features: Values | None = Field(
        default=None, description="Profile features by name; what is left out reads as its fallback."
    )
    decision_id: DecisionId | None = Field(
        default=None, description="Yours, so that a repeated request is one decision."
    )


class RewardRequest(Request):
    """How a decision turned out."""

    model_config = _example(decision_id="d1", reward=1.0)

    decision_id: DecisionId
    reward: Annotated[float, Field(ge=0, le=1)]


class ResetRequest(Request):
    """Whom to forget."""

    model_config = _example(user_id="ada")

    user_id: UserId


def _listed(sent: object) -> object:
    if not isinstance(sent, dict | list):
        raise PydanticCustomError("object_or_list", "neither an object nor a list")
    return [sent] if isinstance(sent, dict) else sent


_SIGNAL = {
    "type": "mood.checkin",
    "event_id": "e6",
    "user_id": "ada",
    "at": "2026-09-01T08:00:00Z",
    "score": 0.7,
}
_SIGNALS_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "object", "additionalProperties": True},
        {"type": "array", "items": {}, "maxItems": MOST_SIGNALS},
    ],
    "title": "Signals",
    "description": "One object of the event log, or a list of them.",
    "examples": [_SIGNAL, [_SIGNAL]],
}
Signals: TypeAlias = Annotated[
    list[Any], Field(max_length=MOST_SIGNALS), BeforeValidator(_listed), WithJsonSchema(_SIGNALS_SCHEMA)
]
"""Objects of the event log, each of which is read by the event log's own rules, and refused by its place."""
