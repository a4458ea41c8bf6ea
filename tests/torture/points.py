"""Points of death: a connection to SQLite that ends its process at a counted statement."""

import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

BEFORE_BEGIN = "before BEGIN"
BETWEEN = "between statements"
BEFORE_COMMIT = "before COMMIT"
AFTER_COMMIT = "after COMMIT, before the answer"
BOUNDARIES = frozenset({BEFORE_BEGIN, BEFORE_COMMIT, AFTER_COMMIT})


@dataclass(frozen=True, slots=True)
class Death:
    """The process ends at the `at`th point; at the `at`th around a transaction if `boundary`."""

    at: int
    boundary: bool


class Dying(sqlite3.Connection):
    """Counts what is done to the database, and ends the process at the point that `death` names."""

    death: Death | None = None
    tell: Callable[[str], None] = staticmethod(lambda _: None)
    _passed = 0

    def execute(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
        self._pass(_before(sql))
        cursor = super().execute(sql, *arguments)
        if sql == "COMMIT":
            self._pass(AFTER_COMMIT)
        return cursor

    def executemany(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
        self._pass(BETWEEN)
        return super().executemany(sql, *arguments)

    def _pass(self, point: str | None) -> None:
        if self.death is None or point is None or (self.death.boundary and point not in BOUNDARIES):
            return
        self._passed += 1
        if self._passed == self.death.at:
            self.tell(point)
            os.kill(os.getpid(), signal.SIGKILL)


def _before(sql: str) -> str | None:
    """Return at which point a statement stands; when the log is copied depends on what else waits, so that is none."""
    if sql.startswith("PRAGMA"):
        return None
    if sql.startswith("BEGIN"):
        return BEFORE_BEGIN
    return BEFORE_COMMIT if sql == "COMMIT" else BETWEEN
