"""Look at what the policies have learned about a person, or let them forget it."""

from collections.abc import Mapping
from dataclasses import dataclass

from oo.domain.errors import UnknownPolicy
from oo.domain.facts import PolicyReset
from oo.domain.ids import checked
from oo.ports import Reader, Store, Transaction
from oo.usecases import find
from oo.usecases.ingest import Ingest
from oo.usecases.learn import Learner


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What a policy has learned about a person: each dimension's weight, from `updates` decisions with a reward."""

    user_id: str
    policy: str
    updates: int
    weights: Mapping[str, float]
    epsilon: float
    ridge: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known to each policy."""

    store: Store
    ingest: Ingest
    learner: Learner

    def of(self, user_id: str, policy: str) -> Learned:
        """Return what a policy has learned about a person; for somebody unknown, the prior. Raises `UnknownPolicy`."""
        checked(user_id, "user id")
        if policy not in self.learner.policies:
            raise UnknownPolicy.closest(policy, self.learner.policies, "policies/")
        judge = self.learner.policies[policy]

        def ask(reader: Reader) -> Learned:
            state = self.learner.state(reader, user_id, judge)
            return Learned(
                user_id=user_id,
                policy=policy,
                updates=state.updates,
                weights=judge.weights(state),
                epsilon=judge.epsilon,
                ridge=judge.prior.ridge,
            )

        return self.store.read(ask)

    def reset(self, user_id: str, *, now_ms: int) -> tuple[str, ...]:
        """Let every policy and version forget a person; return their names. Raises `UnknownUser`.

        What was decided until now teaches nothing any more, even if its reward comes later. Facts and profile stay.
        """

        def change(transaction: Transaction) -> tuple[str, ...]:
            find.person(transaction, user_id)
            self.ingest.one(transaction, PolicyReset(user_id=user_id, at_ms=now_ms), now_ms=now_ms)
            return tuple(sorted(self.learner.policies))

        return self.store.write(change)
