"""The lines of the log, and what is said of one that is none of them."""

import functools
from collections.abc import Callable
from dataclasses import fields
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from oo.domain.errors import InvalidFact, Refused
from oo.domain.facts import FACTS, Fact, Reaction
from oo.domain.ids import checked, shortened
from oo.domain.instant import LATEST, parse_day_or_instant, parse_instant, zone
from oo.sources.base import closest, in_plain_words

INSTANTS = {
    "at_ms": "at",
    "shown_at_ms": "shown_at",
    "snooze_until_ms": "snooze_until",
    "start_ms": "start",
    "end_ms": "end",
}
"""Fields that are epoch milliseconds in a fact and ISO 8601 in a line, with their name there."""


def _named(field: str, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Make `read` say in its refusal which field it is about."""

    def read_field(value: object) -> object:
        try:
            return read(value)
        except Refused as refusal:
            raise type(refusal)(f"`{field}`: {refusal.message}", refusal.hint) from refusal

    return read_field


def _instant(field: str) -> BeforeValidator:
    return BeforeValidator(_named(field, parse_instant))


def _day_or_instant(field: str) -> AfterValidator:
    return AfterValidator(_named(field, parse_day_or_instant))


def _id(field: str) -> AfterValidator:
    return AfterValidator(functools.partial(checked, what=field))


def _is_zone(tz: str) -> str:
    zone(tz)
    return tz


def _not_blank(text: str) -> str:
    if not text.strip():
        raise InvalidFact("`title` is blank.", "Give the task a title.")
    return text


_At: TypeAlias = Annotated[int, _instant("at"), Field(alias="at")]
_TipId: TypeAlias = Annotated[str, _id("tip_id")]
_EventId: TypeAlias = Annotated[str, _id("event_id")]
_TaskId: TypeAlias = Annotated[str, _id("task_id")]
_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=128)]
_Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
_Object: TypeAlias = dict[str, Any]
_ONE_LIST_AS_TUPLE = Field(default=None, strict=False)


class _Line(BaseModel):
    """What all lines share. The fields of each kind are those of its fact, `alias` where the line has another name."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    user_id: Annotated[str, _id("user_id")]


class _User(_Line):
    type: Literal["user"]
    tz: Annotated[str, AfterValidator(_named("tz", _is_zone))]
    at_ms: Annotated[int, _instant("at")] = Field(default=0, alias="at")


class _Served(_Line):
    type: Literal["tip.served"]
    at_ms: _At
    tip_id: _TipId
    candidate_id: Annotated[str, _id("candidate_id")]
    category: str | None = None
    text: str | None = None
    policy: _Name | None = None
    propensity: Annotated[float, Field(gt=0, le=1)] | None = None
    probabilities: tuple[_Share, ...] | None = _ONE_LIST_AS_TUPLE
    candidates: tuple[_Object, ...] | None = _ONE_LIST_AS_TUPLE
    context: _Object | None = None
    profile_features: _Object | None = None
    prompt_version: _Name | None = None
    shown_at_ms: Annotated[int, _instant("shown_at")] | None = Field(default=None, alias="shown_at")

    @model_validator(mode="after")
    def _one_probability_each(self) -> "_Served":
        if self.probabilities is not None and self.candidates is not None:
            given, wanted = len(self.probabilities), len(self.candidates)
            if given != wanted:
                raise InvalidFact(
                    f"There are {given} probabilities for {wanted} candidates.", "Give one for each."
                )
        return self


class _Feedback(_Line):
    type: Literal["tip.feedback"]
    at_ms: _At
    tip_id: _TipId
    reaction: Annotated[Reaction, Field(strict=False)]
    snooze_until_ms: Annotated[int, _instant("snooze_until")] | None = Field(
        default=None, alias="snooze_until"
    )

    @model_validator(mode="after")
    def _until_only_with_snooze(self) -> "_Feedback":
        if self.snooze_until_ms is not None and self.reaction is not Reaction.SNOOZE:
            raise InvalidFact(
                f"`snooze_until` does not go with {self.reaction!s}.", "Leave it out, or snooze."
            )
        return self


class _Reward(_Line):
    type: Literal["reward"]
    at_ms: _At
    decision_id: Annotated[str, _id("decision_id")]
    policy: _Name
    reward: _Share


class _Decision(_Line):
    type: Literal["decision.scored"]
    at_ms: _At
    decision_id: Annotated[str, _id("decision_id")]
    policy: _Name
    candidate_id: Annotated[str, _id("candidate_id")]
    scores: tuple[float, ...] = Field(strict=False)
    probabilities: tuple[_Share, ...] = Field(strict=False)
    candidates: tuple[_Object, ...] = Field(strict=False)
    context: _Object
    profile_features: _Object

    @model_validator(mode="after")
    def _one_of_each(self) -> "_Decision":
        if not len(self.scores) == len(self.probabilities) == len(self.candidates):
            raise InvalidFact(
                f"There are {len(self.scores)} scores and {len(self.probabilities)} probabilities for "
                f"{len(self.candidates)} candidates.",
                "Give one of each for each.",
            )
        return self


class _Session(_Line):
    type: Literal["app.session"]
    at_ms: _At
    event_id: _EventId
    duration_ms: Annotated[int, Field(ge=0, le=LATEST)]


class _Upsert(_Line):
    type: Literal["task.upsert"]
    at_ms: _At
    task_id: _TaskId
    title: Annotated[str, AfterValidator(_not_blank)]
    due: Annotated[str, _day_or_instant("due")] | None = None
    created: Annotated[str, _day_or_instant("created")] | None = None
    start: Annotated[str, _day_or_instant("start")] | None = None
    priority: Annotated[int, Field(ge=1, le=4)] = 1
    category: str | None = None
    source: _Name | None = None


class _Closed(_Line):
    type: Literal["task.completed", "task.deleted"]
    at_ms: _At
    task_id: _TaskId
    source: _Name | None = None


class _Event(_Line):
    type: Literal["calendar.event"]
    at_ms: _At
    event_id: _EventId
    start_ms: Annotated[int, _instant("start")] = Field(alias="start")
    end_ms: Annotated[int, _instant("end")] = Field(alias="end")
    busy: bool

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "_Event":
        if self.end_ms < self.start_ms:
            raise InvalidFact("`end` lies before `start`.")
        return self


class _Mood(_Line):
    type: Literal["mood.checkin"]
    at_ms: _At
    event_id: _EventId
    score: _Share


class _Synced(_Line):
    type: Literal["source.synced"]
    at_ms: _At
    source: _Name


class _Reset(_Line):
    type: Literal["policy.reset"]
    at_ms: _At


_AnyLine: TypeAlias = Annotated[
    _User
    | _Served
    | _Feedback
    | _Reward
    | _Decision
    | _Session
    | _Upsert
    | _Closed
    | _Event
    | _Mood
    | _Synced
    | _Reset,
    Field(discriminator="type"),
]


@functools.cache
def _adapter() -> TypeAdapter[_AnyLine]:
    return TypeAdapter(_AnyLine)


def fact_of(value: object) -> Fact:
    """Return the fact that a JSON value states; raises as `parse` of the log does."""
    if not isinstance(value, dict):
        raise InvalidFact("Not a JSON object.", 'A line is one object, such as {"type": "user", …}.')
    try:
        line = _adapter().validate_python(value)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False, include_input=False)[0], value) from error
    found = dict(line.__dict__)
    return FACTS[found.pop("type")](**found)


def _refusal(error: ErrorDetails, value: dict[str, Any]) -> Refused:
    """Put one thing that pydantic found wrong into a plain sentence."""
    kind, place, context = error["type"], error["loc"], error.get("ctx", {})
    if kind == "union_tag_not_found":
        return InvalidFact("`type` is missing.", f"It is one of {', '.join(FACTS)}.")
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        return InvalidFact(f"{shortened(tag)} is not a type of line.", closest(tag, FACTS))
    field = str(place[1])
    if kind == "extra_forbidden":
        known = {INSTANTS.get(name.name, name.name) for name in fields(FACTS[value["type"]])}
        return InvalidFact(f"A {value['type']} has no field {shortened(field)}.", closest(field, known))
    return InvalidFact(f"`{field}` {in_plain_words(kind, context)}.")
