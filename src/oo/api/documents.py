"""What the use cases answer, as the JSON that programs rely on; the shell prints the same with --json."""

from typing import Any

from oo.domain.decision import ScoredDecision
from oo.domain.instant import format_instant
from oo.domain.profile import Profile
from oo.domain.tip import Explanation, Recommendation
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.usecases.knowledge import Learned


def recommendation(answer: Recommendation) -> dict[str, Any]:
    """Return the answer of `POST /recommend`."""
    tip = answer.tip
    document: dict[str, Any] = {
        "tip_id": tip.tip_id if tip else None,
        "text": tip.text if tip else None,
        "candidate_id": tip.candidate_id if tip else None,
        "category": tip.category if tip else None,
        "policy": tip.policy if tip else None,
        "propensity": tip.propensity if tip else None,
        "prompt_version": tip.prompt_version if tip else None,
        "source": answer.source,
        "reason": answer.reason,
    }
    if answer.explanation is not None:
        document["explanation"] = _explanation(answer.explanation)
    return document


def _explanation(explanation: Explanation) -> dict[str, Any]:
    return {
        "contributions": dict(explanation.contributions),
        "explored": explanation.explored,
        "ranking": [
            {"id": each.candidate_id, "text": each.text, "score": each.score, "propensity": each.propensity}
            for each in explanation.ranking
        ],
        "context": dict(explanation.context),
        "profile_features": dict(explanation.profile_features),
    }


def profile(known: Profile) -> dict[str, Any]:
    """Return the answer of `GET /users/{id}/profile`."""
    return {
        "user_id": known.user_id,
        "features": {
            name: {
                "value": each.value,
                "status": each.status.value,
                "computed_at": None if each.computed_at_ms is None else format_instant(each.computed_at_ms),
                "ttl_sec": each.ttl_sec,
            }
            for name, each in known.features.items()
        },
    }


def decision(scored: ScoredDecision) -> dict[str, Any]:
    """Return the answer of `POST /score`: the best first."""
    ids = [candidate["id"] for candidate in scored.decision.candidates]
    ranking = [
        {"id": candidate_id, "score": score, "propensity": probability}
        for candidate_id, score, probability in zip(ids, scored.scores, scored.probabilities, strict=True)
    ]
    return {
        "decision_id": scored.decision.decision_id,
        "chosen": ids[scored.chosen],
        "policy": scored.policy,
        "ranking": sorted(ranking, key=lambda each: (-each["score"], each["id"])),
    }


def learned(known: Learned) -> dict[str, Any]:
    """Return the answer of `GET /stats/{policy}/{version}`."""
    return {
        "user_id": known.user_id,
        "policy": known.policy,
        "updates": known.updates,
        "dimensions": dict(known.weights),
        "epsilon": known.epsilon,
        "ridge": known.ridge,
    }


def feature(registry: Registry, definition: FeatureDefinition) -> dict[str, Any]:
    """Return an entry of the catalogue."""
    return {
        "name": definition.name,
        "dtype": definition.dtype,
        "freshness": definition.freshness,
        "description": definition.description,
        "source": definition.source,
        "ttl_sec": definition.ttl_sec,
        "fallback": definition.fallback,
        "neutral": definition.neutral,
        "invalidated_by": list(definition.invalidated_by),
        "fingerprint": registry.fingerprints[definition.name],
    }
