"""A tip that was served, and what a caller gets back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from oo.domain.facts import Features, Reaction

OPEN_FOR_MS = 30 * 60 * 1_000
"""How long a tip without a reaction is returned again: 30 minutes."""


class Standing(StrEnum):
    """Four different things: handed out, before the person's eyes, answered, and not answered for too long."""

    SERVED = "served"
    SHOWN = "shown"
    REACTED = "reacted"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tip:
    """A served tip as it is stored; `reaction` is the one in force, None while there is none."""

    tip_id: str
    user_id: str
    served_at_ms: int
    candidate_id: str
    category: str | None
    text: str | None
    policy: str | None
    propensity: float | None
    prompt_version: str | None
    shown_at_ms: int | None
    reaction: Reaction | None

    def standing(self, now_ms: int) -> Standing:
        """Say how far the tip has come as of now; only a reaction teaches anything."""
        if self.reaction not in {None, Reaction.NONE}:
            return Standing.REACTED
        if now_ms - self.served_at_ms >= OPEN_FOR_MS:
            return Standing.SILENT
        return Standing.SERVED if self.shown_at_ms is None else Standing.SHOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that could be shown: its raw features by name, as they are logged with the decision."""

    candidate_id: str
    text: str
    category: str | None
    features: Features


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One candidate of a decision: its `score` under the policy and its chance of being shown."""

    candidate_id: str
    text: str | None
    score: float
    propensity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a candidate was shown.

    `contributions` maps each dimension to what it adds to the shown candidate's predicted reward; `explored` is true
    where the shown candidate was not among the best by score.
    """

    contributions: Mapping[str, float]
    ranking: tuple[Ranked, ...]
    explored: bool
    context: Features = field(default_factory=dict)
    profile_features: Features = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """The answer to "what next?"; `tip` is None where there is nothing to show, and `reason` says why either way."""

    tip: Tip | None
    source: str | None
    reason: str
    explanation: Explanation | None = None
