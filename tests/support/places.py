"""Where a store may lie, for tests that put one into the place of another: a file, or a database of its own."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oo.adapters.sql import statements  # noqa: F401  # with it, every table is known
from oo.adapters.sql.tables import metadata
from oo.compose import compose
from oo.settings import Settings
from oo.usecases.app import App
from tests.support.postgres import ask, create, drop, template, url

TABLES = ("alembic_version", *metadata.tables)
_SET_ASIDE = "oo_before_restore_"


@dataclass(frozen=True, slots=True)
class Place:
    """The place at a URL; there may be a store or none."""

    url: str

    @property
    def settings(self) -> Settings:
        return Settings(database=self.url, busy_wait_sec=0)

    @property
    def on_postgresql(self) -> bool:
        return self.settings.on_postgresql()

    @contextmanager
    def store(self) -> Iterator[App]:
        """Open the App over the store, and close it after the block."""
        app = compose(self.settings)
        try:
            yield app
        finally:
            app.close()

    def people(self) -> list[str]:
        with self.store() as app:
            return [person.user_id for person in app.people.all()]

    def ask(self, statement: str) -> list[Any]:
        """Run a statement on a connection of its own; return its rows."""
        if self.on_postgresql:
            return ask(self.url, statement)
        with closing(sqlite3.connect(self.settings.sqlite_path())) as connection, connection:
            return connection.execute(statement).fetchall()

    def rows(self) -> Mapping[str, list[str]]:
        """Return every row of every table, as text and in an order that does not depend on where it lies."""
        return {name: sorted(map(repr, self.ask(_selection(name)))) for name in TABLES}

    def everything(self) -> str:
        """Return every value of every row of every table."""
        return repr(self.rows())

    def asides(self) -> "list[Place]":
        """Return what restores have set aside."""
        if self.on_postgresql:
            return [in_schema(self.url, name) for name in self._schemas() if name.startswith(_SET_ASIDE)]
        path = self.settings.sqlite_path()
        return [in_file(each) for each in sorted(path.parent.glob(f"{path.name}.before-restore.*"))]

    def remains(self) -> list[str]:
        """Return what a restore has left beside the store, and should not have."""
        if self.on_postgresql:
            return [name for name in self._schemas() if name != "public" and not name.startswith(_SET_ASIDE)]
        return [
            each.name for each in self.settings.sqlite_path().parent.iterdir() if each.name.startswith(".")
        ]

    def _schemas(self) -> list[str]:
        found = self.ask(
            "SELECT nspname FROM pg_namespace WHERE oid >= 16384 OR nspname = 'public' ORDER BY 1"
        )
        return [name for (name,) in found if not name.startswith("pg_")]


def in_file(path: Path) -> Place:
    return Place(f"sqlite:///{path}")


def in_schema(address: str, name: str) -> Place:
    """Return the place in another schema of a database."""
    return Place(f"{address}&options=-csearch_path%3D{name}")


@contextmanager
def file_place(folder: Path, *, made: bool = True) -> Iterator[Place]:
    """Hand out a place for a file, which is made when it is first opened."""
    folder.mkdir(exist_ok=True)
    yield in_file(folder / "oo.db")


@contextmanager
def database_place(_: Path, *, made: bool = True) -> Iterator[Place]:
    """Hand out a database, with an empty store in it where that is `made`; it is dropped after the block."""
    name = create(template() if made else "template0")
    yield Place(url(name))
    drop(name)


PLACES: Mapping[str, Callable[..., AbstractContextManager[Place]]] = {
    "sqlite": file_place,
    "postgresql": database_place,
}


def _selection(table: str) -> str:
    columns = (
        ", ".join(f'"{column.name}"' for column in metadata.tables[table].c)
        if table in metadata.tables
        else "*"
    )
    return f'SELECT {columns} FROM "{table}"'  # noqa: S608  # names from the schema
