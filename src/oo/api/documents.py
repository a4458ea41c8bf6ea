"""What the use cases answer, as the JSON that programs rely on; the shell prints the same with --json."""

from typing import Any

from oo.domain.decision import ScoredDecision
from oo.domain.instant import SECOND, format_instant
from oo.domain.profile import Profile
from oo.domain.quality import Alert, FeatureQuality, Panel, SourceQuality
from oo.domain.tip import Explanation, Recommendation
from oo.evaluation.conditions import is_silent
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition, Windowed
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


def quality(seen: Panel) -> dict[str, Any]:
    """Return the answer of `GET /quality`."""
    return {
        "at": format_instant(seen.at_ms),
        "ok": not seen.alerts,
        "features": {each.name: _feature_quality(each) for each in seen.features},
        "sources": {each.name: _source_quality(each) for each in seen.sources},
        "alerts": [alert(each) for each in seen.alerts],
    }


def alert(raised: Alert) -> dict[str, Any]:
    """Return an alert."""
    of = raised.condition
    return {
        "alert": raised.number,
        "kind": of.kind,
        "subject": of.subject,
        "message": of.message,
        "hint": of.hint,
        "since": format_instant(raised.since_ms),
        "seen": format_instant(raised.seen_ms),
    }


def _feature_quality(of: FeatureQuality) -> dict[str, Any]:
    taken_at_ms = of.baseline_at_ms
    return {
        "values": of.counts.rows,
        "active": of.counts.active,
        "max_age_sec": of.max_age_sec,
        "fresh_share": of.fresh_share,
        "null_share": of.null_share,
        "fallback_share": of.fallback_share,
        "broken_nulls": of.counts.broken_nulls,
        "lowest": of.counts.lowest,
        "highest": of.counts.highest,
        "possible": list(of.possible),
        "outside": of.counts.outside,
        "drift": {
            "verdict": of.verdict,
            "psi": of.drift.psi if of.drift else None,
            "ks": of.drift.ks if of.drift else None,
            "people": of.sampled,
            "baseline_people": of.baseline_people,
            "baseline_at": None if taken_at_ms is None else format_instant(taken_at_ms),
        },
    }


def _source_quality(of: SourceQuality) -> dict[str, Any]:
    return {
        "last_at": format_instant(of.last_at_ms),
        "arrivals": of.arrivals,
        "silent_sec": of.silent_ms / SECOND,
        "usual_gap_sec": None if of.usual_gap_ms is None else of.usual_gap_ms / SECOND,
        "silent_after_sec": None if of.silent_after_ms is None else of.silent_after_ms / SECOND,
        "silent": is_silent(of),
    }


def feature(registry: Registry, definition: FeatureDefinition) -> dict[str, Any]:
    """Return an entry of the catalogue."""
    expression = definition.compute
    return {
        "name": definition.name,
        "version": definition.version,
        "dtype": definition.dtype,
        "freshness": definition.freshness,
        "description": definition.description,
        "source": definition.source,
        "window_ms": expression.window_ms if isinstance(expression, Windowed) else None,
        "ttl_sec": definition.ttl_sec,
        "max_age_sec": definition.max_age_sec,
        "fallback": definition.fallback,
        "neutral": definition.neutral,
        "invalidated_by": list(definition.invalidated_by),
        "fingerprint": registry.fingerprints[definition.name],
    }
