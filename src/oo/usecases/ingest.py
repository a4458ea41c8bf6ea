"""Ingest facts from outside: an import, a source, signals over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass

from oo.domain.errors import ConflictingFact
from oo.domain.facts import Fact
from oo.domain.outcome import Fate, Outcome
from oo.features.registry import Registry
from oo.ports import Store, Transaction
from oo.usecases.learn import Learner
from oo.usecases.profile import Profiles
from oo.usecases.record import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """The outcome of each fact, in order, and of those that had waited and were released."""

    outcomes: tuple[Outcome, ...]
    released: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """Records facts in one transaction."""

    store: Store
    registry: Registry
    profiles: Profiles
    learner: Learner

    def __call__(self, facts: Sequence[Fact], *, now_ms: int) -> Ingested:
        """Record `facts` as having arrived now. One that is refused takes nothing of the others with it.

        A single fact updates the profile values that it touches; many drop them, and the next read computes them.
        """
        return self.store.write(lambda transaction: self.within(transaction, facts, now_ms=now_ms))

    def within(self, transaction: Transaction, facts: Sequence[Fact], *, now_ms: int) -> Ingested:
        """Record `facts` in a transaction that is under way."""
        recording = Recording(
            transaction=transaction, registry=self.registry, learner=self.learner, now_ms=now_ms
        )
        outcomes = tuple(recording.record(fact) for fact in facts)
        recording.settle()
        for user_id, names in recording.touched.items():
            if len(facts) == 1:
                self.profiles.recompute(transaction, user_id, names, now_ms=now_ms)
            else:
                transaction.drop_profile_rows(user_id, sorted(names))
        return Ingested(outcomes=outcomes, released=tuple(recording.released))

    def one(self, transaction: Transaction, fact: Fact, *, now_ms: int) -> Fate:
        """Record one fact in a transaction that is under way and return its fate; raises `ConflictingFact`."""
        outcome = self.within(transaction, [fact], now_ms=now_ms).outcomes[0]
        if outcome.fate is Fate.REFUSED:
            raise ConflictingFact(outcome.message)
        return outcome.fate
