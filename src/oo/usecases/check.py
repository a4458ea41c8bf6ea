"""Check the whole: what is kept against the facts it follows from, and what was served against the facts."""

from dataclasses import dataclass

from oo.domain.finding import Finding
from oo.ports import Reader, Store
from oo.usecases.learn import Learner
from oo.usecases.skew import Skew


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Says what is wrong; nothing is changed."""

    store: Store
    learner: Learner
    skew: Skew

    def __call__(self, *, now_ms: int) -> list[Finding]:
        """Return every finding: what policies have learned that is not the fold of the ledger, and skew."""
        return [*self.store.read(self._of_the_ledger), *self.skew.findings(now_ms=now_ms)]

    def _of_the_ledger(self, reader: Reader) -> list[Finding]:
        return [
            Finding(
                kind="ledger",
                what=f"What {policy} has learned about {person.user_id} is not the fold of the rewards.",
                hint="Keep a copy of the store, and report it.",
            )
            for person in reader.people()
            for policy in self.learner.differences(reader, person.user_id)
        ]
