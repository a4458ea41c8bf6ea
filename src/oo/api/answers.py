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


class ErasedAnswer(Answer):
    """Nothing about the person is left."""

    status: Literal["erased"]


class Feature(Answer):
    """An entry of the catalogue.

    `window_ms` is how far back its events count, `ttl_sec` after which its value is computed anew, and `max_age_sec`
    after which it is not used any more.
    """

    name: str
    version: int
    dtype: str
    freshness: str
    description: str
    source: str | None
    window_ms: int | None
    ttl_sec: int | None
    max_age_sec: int | None
    fallback: Any
    neutral: float | None
    invalidated_by: list[str]
    fingerprint: str


class FeaturesAnswer(Answer):
    """The catalogue."""

    features: list[Feature]


class DriftAnswer(Answer):
    """How a feature is distributed beside its baseline; `ks` is of numbers alone."""

    verdict: Literal["steady", "drifted", "not enough people", "no baseline", "not compared"]
    psi: float | None
    ks: float | None
    people: int
    baseline_people: int
    baseline_at: str | None


class FeatureQualityAnswer(Answer):
    """How the stored values of a feature stand.

    `active` counts those of people who were served a tip in the last 7 days; `fresh_share` of them were no older than
    `max_age_sec` when the last of these tips was chosen.
    """

    values: int
    active: int
    max_age_sec: int
    fresh_share: Share | None
    null_share: Share | None
    fallback_share: Share | None
    broken_nulls: int
    lowest: float | None
    highest: float | None
    possible: Annotated[list[float | None], Field(min_length=2, max_length=2)]
    outside: int
    drift: DriftAnswer


class SourceQualityAnswer(Answer):
    """When a source was heard last, and how long its rhythm lets it be silent; null where it has none yet."""

    last_at: str
    arrivals: int
    silent_sec: float
    usual_gap_sec: float | None
    silent_after_sec: float | None
    silent: bool


class AlertAnswer(Answer):
    """Something that is wrong, since when, and what to do; it ends by itself."""

    alert: int
    kind: Literal["stale", "nulls", "range", "drift", "silent"]
    subject: str
    message: str
    hint: str
    since: str
    seen: str


class QualityAnswer(Answer):
    """The quality of the data as of now; `ok` where no alert is open."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2026-11-21T13:00:00.000Z",
                    "ok": False,
                    "features": {
                        "completion_rate_30d": {
                            "values": 240,
                            "active": 180,
                            "max_age_sec": 43200,
                            "fresh_share": 0.99,
                            "null_share": 0.0,
                            "fallback_share": 0.04,
                            "broken_nulls": 0,
                            "lowest": 0.0,
                            "highest": 0.92,
                            "possible": [0.0, 1.0],
                            "outside": 0,
                            "drift": {
                                "verdict": "steady",
                                "psi": 0.06,
                                "ks": 0.05,
                                "people": 240,
                                "baseline_people": 212,
                                "baseline_at": "2026-10-01T09:00:00.000Z",
                            },
                        }
                    },
                    "sources": {
                        "app.session": {
                            "last_at": "2026-11-19T11:00:00.000Z",
                            "arrivals": 4120,
                            "silent_sec": 180000.0,
                            "usual_gap_sec": 7200.0,
                            "silent_after_sec": 86400.0,
                            "silent": True,
                        }
                    },
                    "alerts": [
                        {
                            "alert": 3,
                            "kind": "silent",
                            "subject": "app.session",
                            "message": "Nothing has come of app.session for 50 h; its rhythm allows 24 h.",
                            "hint": "Is whatever sends it running, and may it still write here?",
                            "since": "2026-11-20T11:05:00.000Z",
                            "seen": "2026-11-21T12:55:00.000Z",
                        }
                    ],
                }
            ]
        }
    )

    at: str
    ok: bool
    features: dict[str, FeatureQualityAnswer]
    sources: dict[str, SourceQualityAnswer]
    alerts: list[AlertAnswer]


class HealthAnswer(Answer):
    """The process answers."""

    status: Literal["ok"]


class ReadyAnswer(Answer):
    """The store answers. Degraded: something beside it does not, for the reason given, and the service goes on."""

    status: Literal["ready", "degraded"]
    reason: str = ""
