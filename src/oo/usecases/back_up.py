"""Back a store up while it is used."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oo.ports import BackedUp, Store


@dataclass(frozen=True, slots=True, kw_only=True)
class BackUp:
    """Backs the store up."""

    store: Store

    def __call__(
        self, place: str, *, replace: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> BackedUp:
        """Write the store as it is now into the file `place`, an absolute path, and verify it.

        `progress` is told how many rows were copied, of how many, where they are copied one by one. Raises
        `FileInTheWay` unless `replace`, `StoreError` where it cannot be written.
        """
        return self.store.back_up(Path(place), replace=replace, progress=progress or _untold)


def _untold(_done: int, _of: int) -> None:
    """Tell nobody."""
