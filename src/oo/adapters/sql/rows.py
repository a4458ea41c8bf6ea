"""Rows as the statements of `statements.py` select them, made into vocabulary."""

from typing import Any

from oo.adapters.sql.bodies import decode, unpack
from oo.adapters.sql.session import Row
from oo.domain.decision import DecidedFrom, Decision, PolicyScore, ScoredDecision
from oo.domain.facts import Reaction, TaskUpsert, TipFeedback, TipServed
from oo.domain.task import GivenReaction, Task
from oo.domain.tip import Tip
from oo.domain.tombstone import Tombstone


def task_of(row: Row) -> Task:
    """Return a task as it stands."""
    (user_id, task_id, title, due, created, start, priority, category, source, at_ms) = row[:10]
    (created_ms, changed_at_ms, completed_at_ms, deleted_at_ms, reaction, reacted_at_ms, snooze_until_ms) = (
        row[10:17]
    )
    return Task(
        content=TaskUpsert(
            user_id=user_id,
            task_id=task_id,
            title=title,
            due=due,
            created=created,
            start=start,
            priority=priority,
            category=category,
            source=source,
            at_ms=at_ms,
        ),
        created_ms=created_ms,
        changed_at_ms=changed_at_ms,
        completed_at_ms=completed_at_ms,
        deleted_at_ms=deleted_at_ms,
        reaction=given(reaction, reacted_at_ms, snooze_until_ms) if reaction else None,
    )


def given(reaction: str, at_ms: int, snooze_until_ms: int | None) -> GivenReaction:
    """Return the reaction in force on a task."""
    return GivenReaction(reaction=Reaction(reaction), at_ms=at_ms, snooze_until_ms=snooze_until_ms or None)


def tip_of(row: Row) -> Tip:
    """Return a tip with its reaction."""
    (tip_id, user_id, served_at_ms, candidate_id, category, text) = row[:6]
    (policy, propensity, prompt_version, shown_at_ms, reaction) = row[6:]
    return Tip(
        tip_id=tip_id,
        user_id=user_id,
        served_at_ms=served_at_ms,
        candidate_id=candidate_id,
        category=category,
        text=text,
        policy=policy,
        propensity=propensity,
        prompt_version=prompt_version,
        shown_at_ms=shown_at_ms,
        reaction=Reaction(reaction) if reaction else None,
    )


def served(row: Row) -> TipServed:
    """Return the fact that served a tip."""
    (user_id, at_ms, tip_id, candidate_id, category, text, policy, propensity) = row[:8]
    (probabilities, candidates, context, profile_features, prompt_version, shown_at_ms) = row[8:]
    return TipServed(
        user_id=user_id,
        at_ms=at_ms,
        tip_id=tip_id,
        candidate_id=candidate_id,
        category=category,
        text=text,
        policy=policy,
        propensity=propensity,
        probabilities=_tuple(probabilities),
        candidates=_tuple(candidates),
        context=decode(context),
        profile_features=decode(profile_features),
        prompt_version=prompt_version,
        shown_at_ms=shown_at_ms,
    )


def _tuple(text: str | None) -> tuple[Any, ...] | None:
    return None if text is None else tuple(decode(text))


def feedback(row: Row) -> TipFeedback:
    """Return a reaction."""
    user_id, at_ms, tip_id, reaction, snooze_until_ms = row
    return TipFeedback(
        user_id=user_id,
        at_ms=at_ms,
        tip_id=tip_id,
        reaction=Reaction(reaction),
        snooze_until_ms=snooze_until_ms or None,
    )


def decision_of(row: Row) -> Decision:
    """Return what a decision was made from."""
    decision_id, user_id, at_ms, candidates, context, profile_features = row
    return Decision(
        decision_id=decision_id,
        user_id=user_id,
        at_ms=at_ms,
        candidates=tuple(decode(candidates)),
        context=decode(context) or {},
        profile_features=decode(profile_features) or {},
    )


def decided_from(row: Row) -> DecidedFrom:
    """Return what a decision was made from, as it was logged."""
    decision_id, user_id, context, profile_features = row
    return DecidedFrom(
        decision_id=decision_id,
        user_id=user_id,
        context=decode(context) or {},
        profile_features=decode(profile_features),
    )


def scored_of(row: Row) -> ScoredDecision:
    """Return a decision that a program asked for, with its answer."""
    policy, scores, probabilities, chosen = row[6:]
    return ScoredDecision(
        decision=decision_of(row[:6]),
        policy=policy,
        scores=tuple(decode(scores)),
        probabilities=tuple(decode(probabilities)),
        chosen=chosen,
    )


def score_of(row: Row) -> PolicyScore:
    """Return how a policy saw a decision."""
    decision_id, policy, role, dimensions, probabilities, vector, chosen = row[:7]
    return PolicyScore(
        decision_id=decision_id,
        policy=policy,
        role=role,
        dimensions=tuple(decode(dimensions)),
        probabilities=unpack(probabilities),
        row=unpack(vector),
        chosen=chosen,
    )


def tombstone_of(row: Row) -> Tombstone:
    """Return a tombstone."""
    digest, salt, erased_at_ms, lifted_at_ms, purged_at_ms = row
    return Tombstone(
        digest=digest,
        salt=salt,
        erased_at_ms=erased_at_ms,
        lifted_at_ms=lifted_at_ms,
        purged_at_ms=purged_at_ms,
    )
