"""Begin anew where the file of an SQLite store is damaged: it is set aside, and an empty store takes its place."""

from pathlib import Path

from oo.adapters.sql import damage, restore
from oo.adapters.sql.sqlite import SqliteStore
from oo.domain.errors import StoreError
from oo.domain.tombstone import Tombstone
from oo.features.registry import Registry
from oo.ports import BegunAnew, Transaction


def begun_anew(path: Path, aside: Path, registry: Registry) -> BegunAnew:
    """Keep the store at `path` as `aside`, byte for byte, if it is damaged, and put an empty one in its place.

    Who was erased is carried over where it can be read. Raises `StoreBusy` where any process has the store.
    """
    with restore.held(path):
        problem = damage.problem_of(path)
        if problem is None:
            return BegunAnew(place=path, problem=None)
        stones = _tombstones(path)
        damage.set_aside(path, aside)
    _make(path, registry, stones or [])
    return BegunAnew(
        place=path, problem=problem, aside=aside, erasures=None if stones is None else len(stones)
    )


def _tombstones(path: Path) -> list[Tombstone] | None:
    try:
        return restore.tombstones(path)
    except StoreError:
        return None


def _make(path: Path, registry: Registry, stones: list[Tombstone]) -> None:
    def change(transaction: Transaction) -> None:
        for stone in stones:
            transaction.put_tombstone(stone)

    store = SqliteStore.open(path, registry)
    try:
        store.write(change)
    finally:
        store.close()
