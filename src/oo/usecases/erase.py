"""Erase a person: a tombstone, so that nothing brings them back, and no row and no trace of anything else."""

from dataclasses import dataclass, replace

from oo.domain.errors import UnknownUser
from oo.domain.ids import checked
from oo.domain.tombstone import Tombstone, digest_of, new_salt
from oo.ports import Keeper, Reader, Store, Transaction

_READ = "Somebody is reading; traces leave the files at the next start or erasure."
_ELSEWHERE = (
    "No row is left. PostgreSQL keeps what was deleted in its files until they are written anew: "
    "VACUUM FULL does that. Its log, its replicas and its backups are its own."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """How many rows were about the person, and what of them may still lie in the store's files; None for nothing."""

    rows: int
    remains: str | None

    @property
    def purged(self) -> bool:
        """Whether the files are rid of every trace."""
        return self.remains is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erase:
    """Erases people. `keeper` is the store's own files, None where the store has none here."""

    store: Store
    keeper: Keeper | None

    def __call__(self, user_id: str, *, now_ms: int) -> Erased:
        """Erase a person; whoever is erased already stays so. Raises `UnknownUser` where nothing was ever recorded.

        The rows go in one transaction with the tombstone, then the files are written anew, which takes as long as
        copying the store. Where a reader keeps that from ending, the next erasure or start does it.
        """
        checked(user_id, "user id")

        def change(transaction: Transaction) -> int:
            rows = transaction.count_rows(user_id)
            if rows:
                transaction.put_tombstone(_tombstone(transaction, user_id, now_ms))
                transaction.erase(user_id)
            elif not transaction.tombstones_of(user_id):
                raise UnknownUser(f"There is no person {user_id!r}.", "See: oo users list")
            return rows

        rows = self.store.write(change)
        purged = self.finish(now_ms=now_ms)
        return Erased(rows=rows, remains=None if purged else _READ if self.keeper else _ELSEWHERE)

    def finish(self, *, now_ms: int) -> bool:
        """Rid the files of what was erased and may still lie in them; return whether nothing is left to do.

        Without a keeper, what is in the files is not known here.
        """
        unfinished = self.store.read(_unfinished)
        if not unfinished:
            return True
        if self.keeper is None or not self.keeper.purge():
            return False

        def change(transaction: Transaction) -> None:
            for stone in set(unfinished) & set(_unfinished(transaction)):
                transaction.put_tombstone(replace(stone, purged_at_ms=now_ms))

        self.store.write(change)
        return True


def _tombstone(reader: Reader, user_id: str, now_ms: int) -> Tombstone:
    known = next(iter(reader.tombstones()), None)
    salt = known.salt if known else new_salt()
    return Tombstone(digest=digest_of(user_id, salt), salt=salt, erased_at_ms=now_ms)


def _unfinished(reader: Reader) -> list[Tombstone]:
    return [stone for stone in reader.tombstones() if stone.purged_at_ms is None]
