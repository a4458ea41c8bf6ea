"""What keeps two processes from writing about the same person or decision at once: locks that a transaction claims.

The parameters of a statement say what it is about. Before a transaction that writes reads or changes that, it claims
it, until it ends. It waits for no claim, or two would wait for each other: a change whose claim another transaction has
is undone, and made again in the next transaction, which begins by waiting for that one claim and holds no other yet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from oo.adapters.sql.session import Row

_ABOUT: Mapping[str, str] = {
    "user_id": "user:",
    "tip_id": "tip:",
    "of_tip": "tip:",
    "decision_id": "tip:",
    "awaits": "",
    "digest": "digest:",
}
"""How the name begins of what a parameter says that a statement is about; its value follows.

What a fact waits for goes by the same names: whoever finds nothing there has claimed it.
"""
CLASS = 0x6F4F_0003
"""The first half of each lock's number; the second is a digest of what is claimed."""
TRY = (
    "SELECT number FROM unnest(%(numbers)s::int[]) AS number"
    " WHERE NOT pg_try_advisory_xact_lock(%(of)s, number)"
)
WAIT = "SELECT pg_advisory_xact_lock(%(of)s, %(number)s)"
MOST = 1_000
"""A transaction claims no more: the database has room for some thousand locks, which all processes share."""


class Postponed(BaseException):
    """Another transaction has what a change is about. It is no error of the change, which must not catch it."""


class Crowded(BaseException):
    """A change is about more than can be claimed: it has to be made while nobody else writes."""


@dataclass(slots=True)
class Claims:
    """The claims of one transaction; with `alone` nobody else writes, and it needs none.

    `awaited` it has from the first. `refused` are those that others had, in the order in which they were missed.
    """

    alone: bool = False
    awaited: int | None = None
    held: frozenset[int] = frozenset()
    refused: list[int] = field(default_factory=list)
    _wanted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.awaited is not None:
            self.held = frozenset({self.awaited})

    def want(self, parameters: Mapping[str, Any]) -> None:
        """Note what a statement with these parameters is about."""
        if not self.alone:
            for name in parameters.keys() & _ABOUT.keys():
                if parameters[name] is not None:
                    self._want(f"{_ABOUT[name]}{parameters[name]}")

    def want_named(self, name: str) -> None:
        """Note that something is about to be done that goes by a name."""
        if not self.alone:
            self._want(f"name:{name}")

    def missing(self) -> list[int]:
        """Return what is wanted and not held; raises `Postponed`, `Crowded` where that is of no use."""
        if not self._wanted:
            return []
        if self._wanted.intersection(self.refused):
            raise Postponed
        if len(self.held) + len(self._wanted) > MOST:
            raise Crowded
        return list(self._wanted)

    def settle(self, asked: Sequence[int], refused: Iterable[Row]) -> None:
        """Take in what became of those that were asked for; raises `Postponed` where one was refused."""
        self._wanted.clear()
        missed = [row[0] for row in refused]
        self.held |= frozenset(asked).difference(missed)
        if missed:
            self.refused += missed
            raise Postponed

    def back_to(self, held: frozenset[int]) -> None:
        """Forget what was claimed since `held` was all: the database lets go of it when a savepoint is undone."""
        self.held = held
        self._wanted.clear()

    def _want(self, name: str) -> None:
        number = crc32(name.encode()) - 2**31
        if number not in self.held:
            self._wanted.add(number)
