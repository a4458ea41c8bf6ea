"""A decision: what was known and chosen, kept so that it can be replayed and learned from; and the one draw."""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from oo.domain.facts import DecisionScored, Features

Floats: TypeAlias = npt.NDArray[np.float64]

_DRAW_BITS = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a choice was made from: candidates with their raw features, the context, the profile as it was read."""

    decision_id: str
    user_id: str
    at_ms: int
    candidates: tuple[Features, ...]
    context: Features
    profile_features: Features


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyScore:
    """How one policy saw a decision.

    probabilities: float64[n_candidates], the very ones that were drawn from. row: float64[d], the vector of the shown
    candidate, over the named `dimensions`; it is what the policy learns from. `chosen` is an index into the candidates.
    """

    decision_id: str
    policy: str
    role: str
    dimensions: tuple[str, ...]
    probabilities: Floats
    row: Floats
    chosen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredDecision:
    """A decision that was asked for from outside, with its answer: who shows the chosen candidate is not known here.

    `scores` and `probabilities` are in the order of the decision's candidates; `chosen` is an index into them.
    """

    decision: Decision
    policy: str
    scores: tuple[float, ...]
    probabilities: tuple[float, ...]
    chosen: int

    @property
    def fact(self) -> DecisionScored:
        """The same as a line of the event log says it."""
        decision = self.decision
        return DecisionScored(
            user_id=decision.user_id,
            at_ms=decision.at_ms,
            decision_id=decision.decision_id,
            policy=self.policy,
            candidate_id=decision.candidates[self.chosen]["id"],
            scores=self.scores,
            probabilities=self.probabilities,
            candidates=decision.candidates,
            context=decision.context,
            profile_features=decision.profile_features,
        )

    @classmethod
    def of(cls, fact: DecisionScored) -> "ScoredDecision":
        """Return what a line of the event log says; `candidate_id` has to be among the candidates."""
        return cls(
            decision=Decision(
                decision_id=fact.decision_id,
                user_id=fact.user_id,
                at_ms=fact.at_ms,
                candidates=fact.candidates,
                context=fact.context,
                profile_features=fact.profile_features,
            ),
            policy=fact.policy,
            scores=fact.scores,
            probabilities=fact.probabilities,
            chosen=[candidate["id"] for candidate in fact.candidates].index(fact.candidate_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedFrom:
    """What a decision's record says that was known of the person and of the moment when it was taken, by name."""

    decision_id: str
    user_id: str
    context: Features
    profile_features: Features


def draw(probabilities: Floats, decision_id: str) -> int:
    """Draw an index with the given probabilities, float64[n], from the decision's own random number.

    The number is 53 bits of BLAKE2b of the id, so that any decision can be drawn again from its log row.

    >>> draw(np.array([0.5, 0.5]), "d1"), draw(np.array([0.5, 0.5]), "d1")
    (1, 1)
    """
    word = int.from_bytes(hashlib.blake2b(decision_id.encode(), digest_size=8).digest(), "big")
    uniform = (word >> (64 - _DRAW_BITS)) / (1 << _DRAW_BITS)
    edges = np.cumsum(probabilities)
    position = int(np.searchsorted(edges, uniform * edges[-1], side="right"))
    return min(position, len(probabilities) - 1)
