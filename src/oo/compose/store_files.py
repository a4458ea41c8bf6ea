"""Put another file in the place of an SQLite store: a backup, or an empty one where it is damaged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oo.adapters.sql import anew, damage, restore
from oo.adapters.sql.sqlite import SqliteStore
from oo.compose.use_cases import build_app, build_learner
from oo.domain.errors import StoreError
from oo.domain.instant import format_instant
from oo.domain.tombstone import Tombstone
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import BegunAnew
from oo.settings import Settings
from oo.usecases.restore import Restore


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """A restored store at `place`, with how many people it has, and how many were erased anew; `aside` is what was."""

    place: Path
    people: int
    erased: int
    aside: Path | None


def restored(
    settings: Settings,
    file: Path,
    *,
    now_ms: int,
    without_erasures: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> PutBack:
    """Put the backup `file` in the place of the store that the settings name, once it is checked.

    Raises `InvalidBackup`, `StoreTooNew`, `StoreBusy` where any process has the store, and `StoreError` where the store
    that is there cannot say who was erased, unless `without_erasures`.
    """
    path = settings.sqlite_path().resolve()
    with restore.prepared(file, path) as copy:
        damaged = damage.problem_of(path) is not None
        stones = _erased(path, without_erasures=without_erasures)
        registry = Registry(CATALOG)
        store = SqliteStore.open(copy, registry, wait_sec=0)
        try:
            app = build_app(store, registry, build_learner(settings, registry), settings)
            check = Restore(store=store, ledger=app.ledger, erase=app.erase)
            made = check(stones, now_ms=now_ms, progress=progress)
        finally:
            store.close()
        aside = _aside(path, "corrupt" if damaged else "before-restore", now_ms)
        was_there = restore.put_into_place(copy, path, aside, damaged=damaged)
    return PutBack(place=path, people=made.people, erased=made.erased, aside=aside if was_there else None)


def begun_anew(settings: Settings, *, now_ms: int) -> BegunAnew:
    """Set the store that the settings name aside, if it is damaged, and put an empty one in its place."""
    path = settings.sqlite_path().resolve()
    return anew.begun_anew(path, _aside(path, "corrupt", now_ms), Registry(CATALOG))


def _aside(path: Path, why: str, now_ms: int) -> Path:
    return Path(f"{path}.{why}.{format_instant(now_ms).replace(':', '-')}")


def _erased(path: Path, *, without_erasures: bool) -> list[Tombstone]:
    try:
        return restore.tombstones(path)
    except StoreError as error:
        if without_erasures:
            return []
        raise StoreError(
            f"Who was erased since the backup is not known: {error.message}",
            "They would come back. To go on all the same: --without-erasures",
        ) from error
