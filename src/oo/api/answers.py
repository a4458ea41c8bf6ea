"""What programs get back: the shapes that OpenAPI shows. The documents are made in `documents.py`."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class Answer(BaseModel):
    """What all answers share."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(Answer):
    """What was wrong, and what to do."""

    code: str
    message: str
    hint: str


class ErrorAnswer(Answer):
    """The one shape of every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "error": {
                        "code": "unknown_user",
                        "message": "There is no person 'ada'.",
                        "hint": "Add them with: oo users add ada",
                    }
                }
            ]
        }
    )

    error: ErrorDetail


class Ranked(Answer):
    """A candidate with its score under the policy, and its chance of being chosen."""

    id: str
    score: float
    propensity: Share


class RankedTask(Ranked):
    """A task that could have been shown."""

    text: str | None


class ExplanationAnswer(Answer):
    """Why a tip was chosen: what each dimension adds to the expected reward, and how the others stood."""

    contributions: dict[str, float]
    explored: bool
    ranking: list[RankedTask]
    context: dict[str, Any]
    profile_features: dict[str, Any]


class RecommendAnswer(Answer):
    """A tip; with nothing to show, `tip_id` is null and `reason` says why."""

    tip_id: str | None
    text: str | None
    candidate_id: str | None
    category: str | None
    policy: str | None
    propensity: Share | None
    prompt_version: str | None
    source: str | None
    reason: str
    explanation: ExplanationAnswer | None = None


class FeedbackAnswer(Answer):
    """`duplicate`: that reaction was in force already."""

    status: Literal["applied", "duplicate"]


class RefusedSignal(Answer):
    """Which signal was refused, counted from 0, and why."""

    index: int
    message: str


class SignalsAnswer(Answer):
    """What became of the signals. Those that wait are recorded when what they need comes."""

    accepted: int
    duplicates: int
    waiting: int
    refused: list[RefusedSignal]


class ProfileValue(Answer):
    """A value in its envelope."""

    value: float | str | None
    status: Literal["fresh", "stale", "fallback", "missing"]
    computed_at: str | None
    ttl_sec: int


class ProfileAnswer(Answer):
    """What is known of a person."""

    user_id: str
    features: dict[str, ProfileValue]


class ScoreAnswer(Answer):
    """The candidate that was drawn, and the ranking, best first."""

    decision_id: str
    chosen: str
    policy: str
    ranking: list[Ranked]


class RewardAnswer(Answer):
    """`waiting`: the reward counts from when the person's record comes."""

    status: Literal["applied", "duplicate", "waiting"]


class StatsAnswer(Answer):
    """What a policy has learned about a person; `updates` counts decisions with a reward in force."""

    user_id: str
    policy: str
    updates: int
    dimensions: dict[str, float]
    epsilon: Share
    ridge: float


class ResetAnswer(Answer):
    """The policies that forgot the person."""

    reset: list[str]


class Feature(Answer):
    """An entry of the catalogue."""

    name: str
    dtype: str
    freshness: str
    description: str
    source: str | None
    ttl_sec: int | None
    fallback: Any
    neutral: float | None
    invalidated_by: list[str]
    fingerprint: str


class FeaturesAnswer(Answer):
    """The catalogue."""

    features: list[Feature]


class HealthAnswer(Answer):
    """The process answers."""

    status: Literal["ok"]


class ReadyAnswer(Answer):
    """The store answers."""

    status: Literal["ready"]
