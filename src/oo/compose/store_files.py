"""Put another store in the place of the one that the settings name: a backup, or an empty one where it is damaged."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from oo.adapters.sql import anew, damage, restore
from oo.adapters.sql.sqlite import SqliteStore
from oo.compose.stores import postgresql
from oo.compose.use_cases import build_app, build_learner
from oo.domain.errors import StoreError
from oo.domain.instant import format_instant
from oo.domain.tombstone import Tombstone
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.ports import BegunAnew
from oo.settings import Settings
from oo.usecases.restore import Restore, Restored


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """A restored store at `place`, with how many people it has, and how many were erased anew; `aside` is what was.

    On PostgreSQL `place` is a URL without its password, and `aside` the name of a schema.
    """

    place: Path | str
    people: int
    erased: int
    aside: Path | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Restoring:
    """What a restore was asked for, and whom it tells how many people are checked, and rows loaded, of how many."""

    settings: Settings
    file: Path
    now_ms: int
    without_erasures: bool
    checking: Callable[[int, int], None]
    loading: Callable[[int, int], None]

    def into_sqlite(self) -> PutBack:
        path = self.settings.sqlite_path().resolve()
        with restore.prepared(self.file, path) as copy:
            damaged = damage.problem_of(path) is not None
            made = self._checked(copy, lambda: restore.tombstones(path))
            aside = _aside(path, "corrupt" if damaged else "before-restore", self.now_ms)
            was_there = restore.put_into_place(copy, path, aside, damaged=damaged)
        return PutBack(place=path, people=made.people, erased=made.erased, aside=aside if was_there else None)

    def into_postgresql(self) -> PutBack:
        """Check the backup as for SQLite, in a copy: whoever is erased anew never comes into the database's files."""
        aside = f"oo_before_restore_{''.join(c if c.isalnum() else '_' for c in format_instant(self.now_ms)).lower()}"
        held = postgresql().restoring(self.settings.database, self.settings.busy_wait_sec)
        with TemporaryDirectory(prefix="oo-restore-") as folder, held as place:
            copy = Path(folder) / "oo.db"
            restore.copy(self.file, copy)
            made = self._checked(copy, place.tombstones)
            place.load(copy, self.loading)
            was_there = place.put_into_place(aside)
        shown = self.settings.shown_database()
        return PutBack(
            place=shown, people=made.people, erased=made.erased, aside=aside if was_there else None
        )

    def _checked(self, copy: Path, erased: Callable[[], list[Tombstone]]) -> Restored:
        stones = self._erased(erased)
        registry = Registry(CATALOG)
        store = SqliteStore.open(copy, registry, wait_sec=0)
        try:
            app = build_app(store, registry, build_learner(self.settings, registry), self.settings)
            check = Restore(store=store, ledger=app.ledger, erase=app.erase)
            return check(stones, now_ms=self.now_ms, progress=self.checking)
        finally:
            store.close()

    def _erased(self, erased: Callable[[], list[Tombstone]]) -> list[Tombstone]:
        try:
            return erased()
        except StoreError as error:
            if self.without_erasures:
                return []
            raise StoreError(
                f"Who was erased since the backup is not known: {error.message}",
                "They would come back. To go on all the same: --without-erasures",
            ) from error


def restored(
    settings: Settings,
    file: Path,
    *,
    now_ms: int,
    without_erasures: bool = False,
    checking: Callable[[int, int], None] = lambda *_: None,
    loading: Callable[[int, int], None] = lambda *_: None,
) -> PutBack:
    """Put the backup `file` in the place of the store that the settings name, once it is checked.

    Either may be of either database. Raises `InvalidBackup`, `StoreTooNew`, `StoreBusy` where any process has the
    store, and `StoreError` where the store that is there cannot say who was erased, unless `without_erasures`.
    """
    asked = _Restoring(
        settings=settings,
        file=file,
        now_ms=now_ms,
        without_erasures=without_erasures,
        checking=checking,
        loading=loading,
    )
    return asked.into_postgresql() if settings.on_postgresql() else asked.into_sqlite()


def begun_anew(settings: Settings, *, now_ms: int) -> BegunAnew:
    """Set the store that the settings name aside, if it is damaged, and put an empty one in its place."""
    path = settings.sqlite_path().resolve()
    return anew.begun_anew(path, _aside(path, "corrupt", now_ms), Registry(CATALOG))


def _aside(path: Path, why: str, now_ms: int) -> Path:
    return Path(f"{path}.{why}.{format_instant(now_ms).replace(':', '-')}")
