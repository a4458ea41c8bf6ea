"""Add and list people."""

from dataclasses import dataclass, replace

from oo.domain.facts import UserFact
from oo.domain.ids import checked
from oo.domain.instant import zone
from oo.domain.outcome import Fate
from oo.domain.person import Person
from oo.ports import Store, Transaction
from oo.usecases import find
from oo.usecases.ingest import Ingest


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The people of a store."""

    store: Store
    ingest: Ingest

    def add(self, user_id: str, tz: str, *, now_ms: int, again: bool = False) -> bool:
        """Add a person living in `tz`, or let one who has lived elsewhere live there from now on.

        `again` makes somebody anew who was erased: an empty record under the same id. Returns whether anything changed.
        Raises `InvalidId`, `InvalidZone`, and `ErasedUser` without `again`.
        """
        checked(user_id, "user id")
        zone(tz)

        def change(transaction: Transaction) -> bool:
            person = transaction.person(user_id)
            if person is not None and person.tz_at(now_ms) == tz:
                return False
            if person is None and again:
                _lift(transaction, user_id, now_ms)
            if person is None:
                find.check_not_erased(transaction, user_id)
            fact = UserFact(user_id=user_id, at_ms=0 if person is None else now_ms, tz=tz)
            return self.ingest.one(transaction, fact, now_ms=now_ms) is Fate.ACCEPTED

        return self.store.write(change)

    def get(self, user_id: str) -> Person:
        """Return a person. Raises `UnknownUser`."""
        return self.store.read(lambda reader: find.person(reader, user_id))

    def find(self, user_id: str) -> Person | None:
        """Return a person, None where no record of them has come."""
        return self.store.read(lambda reader: reader.person(user_id))

    def all(self) -> list[Person]:
        """Return everyone, by id."""
        return self.store.read(lambda reader: reader.people())


def _lift(transaction: Transaction, user_id: str, now_ms: int) -> None:
    for stone in transaction.tombstones_of(user_id):
        transaction.put_tombstone(replace(stone, lifted_at_ms=stone.lifted_at_ms or now_ms))
