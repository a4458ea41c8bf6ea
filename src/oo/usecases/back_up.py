"""Back a store up while it is used."""

from dataclasses import dataclass
from pathlib import Path

from oo.domain.errors import StoreError
from oo.ports import BackedUp, Keeper, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BackUp:
    """Backs the store up. `keeper` is the store's own files, None where the store has none here."""

    store: Store
    keeper: Keeper | None

    def __call__(self, place: str, *, replace: bool = False) -> BackedUp:
        """Write the store as it is now into the file `place`, an absolute path, and verify it.

        Raises `FileInTheWay` unless `replace`, `StoreError` where it cannot be written or the store is no file.
        """
        if self.keeper is None:
            raise StoreError(
                "A file of an SQLite store is what this copies, and this store is in PostgreSQL.",
                "Use pg_dump, or your server's own backups.",
            )
        return self.keeper.back_up(Path(place), replace=replace)
