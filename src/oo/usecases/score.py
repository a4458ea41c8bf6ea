"""Score candidates for a program that shows them itself: rank, draw, log the decision, give the same answer again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oo.domain.decision import Decision, ScoredDecision, draw
from oo.domain.errors import ConflictingFact, InvalidFact, UnknownPolicy
from oo.domain.facts import Features
from oo.domain.ids import checked
from oo.domain.wording import closest
from oo.features.registry import Registry
from oo.features.vector import vectorise
from oo.policies.base import Policy
from oo.ports import Store, Transaction
from oo.usecases import find
from oo.usecases.learn import SCORED, Learner, seen
from oo.usecases.record import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Scores candidates by the active `policy`, or by the one that is asked for."""

    store: Store
    registry: Registry
    learner: Learner
    policy: Policy

    def __call__(
        self,
        user_id: str,
        candidates: tuple[Features, ...],
        *,
        decision_id: str,
        now_ms: int,
        policy: str | None = None,
        context: Features | None = None,
        profile_features: Features | None = None,
    ) -> ScoredDecision:
        """Choose among candidates, each with its `id` and raw features, as of now; the decision can be rewarded later.

        Profiles are not looked up: what `profile_features` leaves out reads as the feature's fallback. Someone of whom
        no record has come is scored by the prior, and is not made. The same decision again is answered the same.

        Raises `InvalidId`, `InvalidFact` for no candidates, one id twice, or a feature that the catalogue does not
        have or whose value does not fit, `UnknownPolicy`, `ErasedUser`, `ConflictingFact` where the decision was asked
        for before with another content.
        """
        chooses = self._policy(policy)
        decision = Decision(
            decision_id=checked(decision_id, "decision id"),
            user_id=checked(user_id, "user id"),
            at_ms=now_ms,
            candidates=_distinct(candidates),
            context=self._fitting(context or {}, set(self.registry.context)),
            profile_features=self._profile(profile_features or {}),
        )

        def change(transaction: Transaction) -> ScoredDecision:
            if transaction.person(user_id) is None:
                find.check_not_erased(transaction, user_id)
            known = transaction.scored(decision_id)
            if known is not None:
                return _repeated(known, decision, policy)
            if transaction.tip(decision_id) is not None:
                raise ConflictingFact(
                    f"{decision_id!r} is the id of a tip.", "Give a new decision its own id."
                )
            return self._decide(transaction, decision, chooses)

        return self.store.write(change)

    def _policy(self, name: str | None) -> Policy:
        if name is None:
            return self.policy
        if name not in self.learner.policies:
            raise UnknownPolicy.closest(name, self.learner.policies, "policies/")
        return self.learner.policies[name]

    def _profile(self, given: Features) -> dict[str, Any]:
        fallbacks = {definition.name: definition.fallback for definition in self.registry.batched}
        return {**fallbacks, **self._fitting(given, set(fallbacks))}

    def _fitting(self, given: Features, known: set[str]) -> Features:
        for name, value in given.items():
            if name not in known:
                raise InvalidFact(f"{name!r} is not a feature that goes here.", closest(name, sorted(known)))
            if not _fits(self.registry[name].dtype, value):
                raise InvalidFact(f"`{name}` is {self.registry[name].dtype}; its value does not fit.")
        return given

    def _decide(self, transaction: Transaction, decision: Decision, policy: Policy) -> ScoredDecision:
        x = vectorise(
            policy.dimensions,
            profile=decision.profile_features,
            context=decision.context,
            candidates=decision.candidates,
            neutrals=self.registry.neutrals,
        )
        state = self.learner.state(transaction, decision.user_id, policy)
        probabilities = policy.propensities(state, x)
        chosen = draw(probabilities, decision.decision_id)
        scored = ScoredDecision(
            decision=decision,
            policy=policy.name,
            scores=tuple(policy.scores(state, x).tolist()),
            probabilities=tuple(probabilities.tolist()),
            chosen=chosen,
        )
        score = seen(policy, SCORED, decision.decision_id, x=x, probabilities=probabilities, chosen=chosen)
        recording = Recording(
            transaction=transaction, registry=self.registry, learner=self.learner, now_ms=decision.at_ms
        )
        recording.decide(scored, [score])
        return scored


def _distinct(candidates: tuple[Features, ...]) -> tuple[Features, ...]:
    if not candidates:
        raise InvalidFact("There are no candidates.", "Give at least one.")
    ids = [checked(candidate["id"], "candidate id") for candidate in candidates]
    if len(set(ids)) != len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise InvalidFact(f"The candidate {twice!r} is given twice.", "Give each candidate its own id.")
    return candidates


def _fits(dtype: str, value: object) -> bool:
    match dtype:
        case "numeric":
            return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
        case "categorical":
            return value is None or isinstance(value, str)
        case "boolean":
            return value is None or isinstance(value, bool)
        case _:
            return True


def _repeated(known: ScoredDecision, asked: Decision, policy: str | None) -> ScoredDecision:
    """Return the answer that was given; whichever policy is active by now, where none was asked for by name."""
    if policy not in {None, known.policy} or _content(known.decision) != _content(asked):
        raise ConflictingFact(
            f"The decision {asked.decision_id!r} was asked for before, with another content.",
            "Give a new decision its own id.",
        )
    return known


def _content(decision: Decision) -> tuple[str, list[Mapping[str, Any]], Features, Features]:
    return (
        decision.user_id,
        [dict(candidate) for candidate in decision.candidates],
        dict(decision.context),
        dict(decision.profile_features),
    )
