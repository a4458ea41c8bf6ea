"""Real SQLite stores for tests that need many: on memory where there is some, migrated once, swept between examples."""

import atexit
import functools
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from oo.adapters.sql.schema import migrate
from oo.adapters.sql.sqlite import SqliteStore
from oo.compose import build_app, build_learner
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.settings import Settings
from oo.usecases.app import App

_SHARED_MEMORY = Path("/dev/shm")


class World:
    """An App over a store of its own, and the file behind it. No dataclass: Hypothesis would print all of it."""

    def __init__(self, app: App, path: Path) -> None:
        self.app = app
        self.path = path

    @property
    def store(self) -> SqliteStore:
        assert isinstance(self.app.store, SqliteStore)
        return self.app.store

    def sweep(self) -> None:
        """Empty every table: as good as a new store, and ten times as fast."""
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for table in _tables(connection):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608  # names from the schema

    def dump(self) -> str:
        """Return every row of every table as text."""
        with closing(sqlite3.connect(self.path)) as connection:
            tables = _tables(connection)
            return "\n".join(
                f"{table} {row!r}"
                for table in tables
                for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608  # the same
            )


@contextmanager
def world(definitions: Sequence[FeatureDefinition] = CATALOG) -> Iterator[World]:
    """Compose an App by hand over a new store, with the features given."""
    registry = Registry(definitions)
    path = Path(tempfile.mkdtemp(dir=folder())) / "oo.db"
    shutil.copy(_template(), path)
    settings = Settings(
        database=f"sqlite:///{path}", policy="egreedy/v1", shadows=("egreedy/v2", "linucb/v1", "uniform/v1")
    )
    store = SqliteStore.open(path, registry)
    try:
        yield World(build_app(store, registry, build_learner(settings, registry), settings), path)
    finally:
        store.close()
        shutil.rmtree(path.parent)


@functools.cache
def folder() -> Path:
    """Return a folder of this process, on memory where there is some, which goes at its end."""
    made = Path(tempfile.mkdtemp(prefix="oo-tests-", dir=_SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@functools.cache
def _template() -> Path:
    path = folder() / "template.db"
    migrate(path)
    return path


def _tables(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [f'"{name}"' for (name,) in rows if name != "alembic_version"]
