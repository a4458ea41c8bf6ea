"""Check the whole: what is kept and what was served against the facts, and how good the data is."""

from dataclasses import dataclass

from oo.domain.finding import Finding
from oo.ports import Keeper, Store
from oo.usecases.ledger import Broken, Ledger
from oo.usecases.quality import Quality
from oo.usecases.skew import Skew


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Says what is wrong; nothing is changed."""

    store: Store
    ledger: Ledger
    skew: Skew
    quality: Quality
    keeper: Keeper | None = None
    """The store's own files, None where the store has none here."""

    def __call__(self, *, now_ms: int) -> list[Finding]:
        """Return every finding: the ledger's invariant, skew, and the quality of the data.

        Where the store's file is damaged, that is the one finding: the others would rest on what cannot be read.
        """
        damage = self.damage()
        if damage is not None:
            return [damage]
        people = self.store.read(lambda reader: [person.user_id for person in reader.people()])
        broken = [each for user_id in people for each in self.ledger.differences(user_id)]
        return [
            *map(_finding, broken),
            *self.skew.findings(now_ms=now_ms),
            *self.quality.findings(now_ms=now_ms),
        ]

    def damage(self) -> Finding | None:
        """Return what is wrong with the store's file, None where it is whole or not here."""
        problem = self.keeper.problem() if self.keeper else None
        return None if problem is None else _damaged(problem)


def _damaged(problem: str) -> Finding:
    return Finding(
        kind="store",
        what=f"The store's file is damaged: {problem}.",
        hint=(
            "Stop what uses it. To go on from a backup: oo restore F; "
            "to set it aside and begin with an empty store: oo repair --set-aside"
        ),
    )


def _finding(broken: Broken) -> Finding:
    return Finding(
        kind="ledger",
        what=(
            f"{broken.part} of {broken.user_id} is kept as {broken.kept}, and the facts give {broken.given} "
            "(digests)."
        ),
        hint="Keep a copy of the store, then: oo repair",
    )
