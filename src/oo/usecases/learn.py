"""Learn from rewards: keep each policy's state equal to the fold of the ledger."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from oo.domain.decision import Floats, PolicyScore
from oo.domain.errors import InvalidFact, OoError
from oo.domain.facts import DecisionScored, RewardFact, TipFeedback, TipServed
from oo.domain.ids import checked
from oo.domain.instant import FOREVER
from oo.domain.state import State, aligned_row
from oo.features.events import in_force
from oo.features.registry import Registry
from oo.features.vector import vectorise
from oo.policies.base import Policy
from oo.ports import Reader, Transaction
from oo.rewards import reward_of

ROUNDED = 0.01
"""So far may a logged probability be from the one that was: some logs round to two digits."""
IMPORTED = "imported"
"""The role of a policy that learns from a decision taken elsewhere."""
SCORED = "scored"
"""The role of a policy that was asked by a program."""
SHADOW = "shadow"
"""The role of a policy that scores and learns from a decision, and changes nothing for the person."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """`policies` are all there are, by name; `following` names those that learn from every decision."""

    policies: Mapping[str, Policy]
    following: tuple[str, ...]
    registry: Registry

    def state(self, reader: Reader, user_id: str, policy: Policy) -> State:
        """Return what a policy has learned about a person, over the policy's own dimensions; empty for a new person.

        What is stored over other dimensions is folded anew from the logged rows, so that nothing learned is lost.
        """
        stored = reader.policy_state(user_id, policy.name)
        if stored is None:
            return State.empty(policy.dimensions)
        return stored if stored.dimensions == policy.dimensions else self.refold(reader, user_id, policy)

    def vectors(self, policy: Policy, fact: TipServed | DecisionScored) -> Floats:
        """Return the candidates of a decision as a policy sees them: float64[n_candidates, d]."""
        return vectorise(
            policy.dimensions,
            profile=fact.profile_features or {},
            context=fact.context or {},
            candidates=fact.candidates or (),
            neutrals=self.registry.neutrals,
        )

    def shadowed(self, reader: Reader, fact: TipServed) -> Iterator[PolicyScore]:
        """Yield how each followed policy that did not choose sees a decision; one that fails is logged and left out."""
        for name in self.following:
            if name == fact.policy:
                continue
            try:
                policy = self.policies[name]
                x = self.vectors(policy, fact)
                probabilities = policy.propensities(self.state(reader, fact.user_id, policy), x)
                yield seen(policy, SHADOW, fact.tip_id, x=x, probabilities=probabilities, chosen=_place(fact))
            except Exception:  # noqa: BLE001  # whatever it is, it is a shadow's own, and no one else's
                _log.exception("shadow %s failed on decision %s", name, fact.tip_id)

    def imported(self, fact: TipServed) -> list[PolicyScore]:
        """Return the rows that the followed policies learn from a decision taken elsewhere, if it was logged whole.

        Raises `InvalidFact` where the log contradicts itself, or a raw feature is no number.
        """
        if not any("id" in candidate for candidate in fact.candidates or ()):
            return []
        _check_logged(fact)
        probabilities = np.array(fact.probabilities or (), dtype=np.float64)
        return [
            seen(
                policy,
                IMPORTED,
                fact.tip_id,
                x=self._logged_vectors(policy, fact),
                probabilities=probabilities,
                chosen=_place(fact),
            )
            for policy in (self.policies[name] for name in self.following)
        ]

    def scored(self, fact: DecisionScored) -> list[PolicyScore]:
        """Return the row that the policy which decided learns from; none where there is no such policy here.

        Raises `InvalidFact` where the log contradicts itself, or a raw feature is no number.
        """
        _check_logged(fact)
        policy = self.policies.get(fact.policy)
        if policy is None:
            return []
        x = self._logged_vectors(policy, fact)
        probabilities = np.array(fact.probabilities, dtype=np.float64)
        return [seen(policy, SCORED, fact.decision_id, x=x, probabilities=probabilities, chosen=_place(fact))]

    def _logged_vectors(self, policy: Policy, fact: TipServed | DecisionScored) -> Floats:
        try:
            return self.vectors(policy, fact)
        except (TypeError, ValueError, OoError) as error:
            raise InvalidFact(
                "A raw feature of a candidate, the context or the profile is not a finite number.",
                "Log features as numbers, booleans or null.",
            ) from error

    def settle(
        self, transaction: Transaction, decision_id: str, given: TipFeedback | RewardFact, now_ms: int
    ) -> None:
        """Bring the reward of a decision, and with it every policy's state, in line with all that was given for it."""
        before = transaction.reward(decision_id)
        reward = _reward_in_force(transaction, decision_id, given.user_id)
        if reward == before:
            return
        learned = []
        for score in transaction.teaching_scores(decision_id):
            policy = self.policies.get(score.policy)
            if policy is not None:
                state = self.state(transaction, given.user_id, policy)
                learned.append((policy.name, _changed(policy, state, score, before, reward)))
        # The ledger is written after the states were read: one that is folded anew must not hold this reward yet.
        transaction.add_reward(decision_id, given.user_id, reward, given.at_ms, now_ms)
        for name, state in learned:
            transaction.put_policy_state(given.user_id, name, state, now_ms)

    def refold(self, reader: Reader, user_id: str, policy: Policy) -> State:
        """Return the state that the ledger adds up to: what the stored one must equal, byte for byte."""
        state = State.empty(policy.dimensions)
        for score, reward in reader.rewarded_scores(user_id, policy.name):
            state = _changed(policy, state, score, None, reward)
        return state

    def reset(self, transaction: Transaction, user_id: str, now_ms: int) -> None:
        """Bring every policy's state in line with a reset that was recorded."""
        for policy in self.policies.values():
            if transaction.policy_state(user_id, policy.name) is not None:
                transaction.put_policy_state(
                    user_id, policy.name, self.refold(transaction, user_id, policy), now_ms
                )

    def differences(self, reader: Reader, user_id: str) -> Iterator[str]:
        """Yield the policies whose stored state is not the fold of the ledger."""
        for policy in self.policies.values():
            if self.state(reader, user_id, policy) != self.refold(reader, user_id, policy):
                yield policy.name


def _check_logged(fact: TipServed | DecisionScored) -> None:
    """Refuse a log of candidates that cannot be what the shown one was drawn from; nothing sound is learned from it."""
    ids = [checked(str(candidate.get("id", "")), "candidate id") for candidate in fact.candidates or ()]
    if not all(isinstance(candidate["id"], str) for candidate in fact.candidates or ()):
        raise InvalidFact("A candidate's `id` is no text.", "Log each with its own id, as a text.")
    if ids.count(fact.candidate_id) != 1 or len(set(ids)) != len(ids):
        raise InvalidFact(
            f"The candidates do not hold the shown one, {fact.candidate_id!r}, and each other one, exactly once.",
            "Log each with its own id.",
        )
    if fact.probabilities is None:
        return
    if abs(sum(fact.probabilities) - 1) > ROUNDED * len(ids):
        raise InvalidFact(f"The probabilities add up to {sum(fact.probabilities):.3g}, not to 1.")
    shown = fact.probabilities[ids.index(fact.candidate_id)]
    propensity = fact.propensity if isinstance(fact, TipServed) else None
    if shown == 0 or abs(shown - (propensity or shown)) > ROUNDED:
        raise InvalidFact(
            f"The shown candidate's probability is logged as {shown:g}, and its propensity as {propensity}.",
            "Log the probability that it was drawn with, in both places.",
        )


def seen(
    policy: Policy, role: str, decision_id: str, *, x: Floats, probabilities: Floats, chosen: int
) -> PolicyScore:
    """Return how a policy saw a decision, with the row of the chosen candidate, which it learns from."""
    return PolicyScore(
        decision_id=decision_id,
        policy=policy.name,
        role=role,
        dimensions=policy.dimensions,
        probabilities=probabilities,
        row=x[chosen],
        chosen=chosen,
    )


def _place(fact: TipServed | DecisionScored) -> int:
    return [candidate.get("id") for candidate in fact.candidates or ()].index(fact.candidate_id)


def _reward_in_force(reader: Reader, decision_id: str, user_id: str) -> float | None:
    """Return the latest of the reaction in force and the rewards from outside.

    At equal times the reaction's counts; one that was taken back is as if never given.
    """
    given = [(fact.at_ms, fact.reward) for fact in reader.reward_facts(user_id, decision_id)]
    latest = max(given, default=None)
    reaction = in_force(reader.reactions(decision_id), FOREVER)
    worth = reward_of(reaction.reaction) if reaction else None
    if reaction is None or worth is None:
        return latest[1] if latest else None
    return worth if latest is None or reaction.at_ms >= latest[0] else latest[1]


def _changed(
    policy: Policy, state: State, score: PolicyScore, before: float | None, after: float | None
) -> State:
    row = aligned_row(score.row, score.dimensions, policy.dimensions)
    if before is not None:
        state = policy.unlearn(state, row, before)
    return state if after is None else policy.learn(state, row, after)
