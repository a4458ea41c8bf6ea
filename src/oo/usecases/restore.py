"""Restore: hold what a backup gives against its own facts, and erase anew whoever was erased since."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from oo.domain.errors import InvalidBackup
from oo.domain.tombstone import Tombstone, digest_of
from oo.ports import Store, Transaction
from oo.usecases.erase import Erase
from oo.usecases.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """How many people were restored, and how many of the backup were erased anew."""

    people: int
    erased: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Makes the store of a backup fit to be used; nobody else uses it yet."""

    store: Store
    ledger: Ledger
    erase: Erase

    def __call__(
        self,
        erased: Sequence[Tombstone],
        *,
        now_ms: int,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Restored:
        """Check everyone, then erase those of the store that is replaced who were erased after the backup.

        `progress` is told how many people were checked, of how many. Raises `InvalidBackup` where anything that is
        kept is not what the facts give, or traces of the erased cannot be removed.
        """
        self._check(progress)
        count = self.store.write(lambda transaction: _erase_anew(transaction, erased))
        if not self.erase.finish(now_ms=now_ms):
            raise InvalidBackup("What was erased cannot be removed from the copy.", "Run the command again.")
        return Restored(people=len(self.store.read(lambda reader: reader.people())), erased=count)

    def _check(self, progress: Callable[[int, int], None]) -> None:
        people = [person.user_id for person in self.store.read(lambda reader: reader.people())]
        for number, user_id in enumerate(people, 1):
            broken = self.ledger.differences(user_id)
            if broken:
                raise InvalidBackup(
                    f"In the backup, {broken[0].part} of {user_id!r} is not what the facts give.",
                    "Mend the backup first: oo repair --db FILE",
                )
            progress(number, len(people))


def _erase_anew(transaction: Transaction, stones: Sequence[Tombstone]) -> int:
    known = {stone.digest: stone.erased_at_ms for stone in transaction.tombstones()}
    newer = [stone for stone in stones if stone.erased_at_ms > known.get(stone.digest, -1)]
    for stone in newer:
        transaction.put_tombstone(replace(stone, purged_at_ms=None))
    gone = [user_id for user_id in transaction.people_named() if any(_is(user_id, stone) for stone in newer)]
    for user_id in gone:
        transaction.erase(user_id)
    return len(gone)


def _is(user_id: str, stone: Tombstone) -> bool:
    return digest_of(user_id, stone.salt) == stone.digest
