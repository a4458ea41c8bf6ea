"""Statements that are compiled once a process instead of whenever a store is opened: most of what that takes."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from oo.adapters.sql import sqlite
from oo.adapters.sql.sqlite import SqliteStore
from oo.features.catalog import CATALOG
from oo.features.registry import Registry

_COMPILED = ("statements", "quality_statements", "aggregates")


def share_statements() -> None:
    """Compile now what every store of this process, and of those forked from it, is to use; there is one catalogue."""
    for name in _COMPILED:
        setattr(sqlite, name, _once(getattr(sqlite, name)))
    with TemporaryDirectory() as folder:
        SqliteStore.open(Path(folder) / "oo.db", Registry(CATALOG)).close()


def _once(compile_: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[str, ...], Any] = {}

    def compiled(*arguments: Any) -> Any:
        about = tuple(getattr(each, "name", type(each).__name__) for each in arguments)
        if about not in known:
            known[about] = compile_(*arguments)
        return known[about]

    return compiled
