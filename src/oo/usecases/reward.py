"""Take the reward of a decision from a program."""

from dataclasses import dataclass

from oo.domain.errors import ConflictingFact, InvalidFact, UnknownDecision, UnknownPolicy
from oo.domain.facts import RewardFact
from oo.domain.instant import FOREVER
from oo.domain.outcome import Fate
from oo.features.events import in_force
from oo.ports import Store, Transaction
from oo.usecases import find
from oo.usecases.ingest import Ingest
from oo.usecases.learn import Learner
from oo.usecases.record import person_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """Records rewards; the last one given is in force."""

    store: Store
    ingest: Ingest
    learner: Learner
    policy: str

    def __call__(self, decision_id: str, reward: float, *, now_ms: int, policy: str | None = None) -> Fate:
        """Record a reward, 0 to 1; a second, different one corrects the first, the same one again is a DUPLICATE.

        WAITING: no record of the person has come yet; it counts from then on. Raises `InvalidFact`, `UnknownPolicy`,
        `UnknownDecision`, and `ConflictingFact` where `policy` is given and is not the one that decided.
        """
        if not 0 <= reward <= 1:
            raise InvalidFact(f"A reward of {reward} is not between 0 and 1.", "Scale it to that range.")
        if policy is not None and policy not in self.learner.policies:
            raise UnknownPolicy.closest(policy, self.learner.policies, "policies/")

        def change(transaction: Transaction) -> Fate:
            user_id, decided = find.decided(transaction, decision_id)
            if user_id is None:
                raise UnknownDecision(
                    f"There is no decision {decision_id!r}.", "The answer of /score names the decision."
                )
            if policy is not None and decided not in {None, policy}:
                raise ConflictingFact(
                    f"The decision {decision_id!r} was taken by {decided}, not by {policy}.",
                    "Reward the policy that decided.",
                )
            fact = RewardFact(
                user_id=user_id,
                at_ms=max(now_ms, _last_ms(transaction, user_id, decision_id) + 1),
                decision_id=decision_id,
                policy=decided or policy or self.policy,
                reward=reward,
            )
            if _in_force(transaction, fact) == reward:
                return Fate.DUPLICATE
            return self.ingest.one(transaction, fact, now_ms=now_ms)

        return self.store.write(change)


def _last_ms(transaction: Transaction, user_id: str, decision_id: str) -> int:
    """Return when a reward for the decision was last given, by a program or by the person's reaction."""
    rewards = [*transaction.reward_facts(user_id, decision_id), *_waiting(transaction, user_id, decision_id)]
    reaction = in_force(transaction.reactions(decision_id), FOREVER)
    return max([*(fact.at_ms for fact in rewards), reaction.at_ms if reaction else 0])


def _in_force(transaction: Transaction, fact: RewardFact) -> float | None:
    waiting = _waiting(transaction, fact.user_id, fact.decision_id)
    return waiting[-1].reward if waiting else transaction.reward(fact.decision_id)


def _waiting(transaction: Transaction, user_id: str, decision_id: str) -> list[RewardFact]:
    facts = (waiting.fact for waiting in transaction.waiting(person_key(user_id)))
    return [fact for fact in facts if isinstance(fact, RewardFact) and fact.decision_id == decision_id]
