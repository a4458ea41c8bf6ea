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
BEFORE_VACUUM = "before VACUUM"
OF_AN_ERASURE = ", of an erasure"
BOUNDARIES = frozenset({BEFORE_BEGIN, BEFORE_COMMIT, AFTER_COMMIT, BEFORE_VACUUM})


@dataclass(frozen=True, slots=True)
class Death:
    """The process ends at the `at`th point; at the `at`th around a transaction if `boundary`.

    With `erasing` those alone count that lie between a tombstone and the end of the purge that follows.
    """

    at: int
    boundary: bool
    erasing: bool = False


class Dying(sqlite3.Connection):
    """Counts what is done to the database, and ends the process at the point that `death` names."""

    death: Death | None = None
    tell: Callable[[str], None] = staticmethod(lambda _: None)
    _passed = 0
    _erasing = _vacuumed = False

    def execute(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
        self._pass(_before(sql))
        cursor = super().execute(sql, *arguments)
        self._erasing |= sql.startswith("INSERT INTO tombstones")
        self._vacuumed |= sql == "VACUUM"
        if sql == "COMMIT":
            self._pass(AFTER_COMMIT)
            if self._vacuumed:  # that it was purged is recorded
                self._erasing = self._vacuumed = False
        return cursor

    def executemany(self, sql: str, /, *arguments: Any) -> sqlite3.Cursor:
        self._pass(BETWEEN)
        return super().executemany(sql, *arguments)

    def _pass(self, point: str | None) -> None:
        if self.death is None or point is None or (self.death.boundary and point not in BOUNDARIES):
            return
        if self.death.erasing and not self._erasing:
            return
        self._passed += 1
        if self._passed == self.death.at:
            self.tell(f"{point}{OF_AN_ERASURE if self._erasing else ''}")
            os.kill(os.getpid(), signal.SIGKILL)


def _before(sql: str) -> str | None:
    """Return at which point a statement stands; when the log is copied depends on what else waits, so that is none."""
    if sql.startswith("PRAGMA"):
        return None
    if sql.startswith("BEGIN"):
        return BEFORE_BEGIN
    return {"COMMIT": BEFORE_COMMIT, "VACUUM": BEFORE_VACUUM}.get(sql, BETWEEN)
