"""What the reader and the transaction run their statements on, whichever the driver."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from oo.adapters.sql.prepared import Prepared

Row: TypeAlias = Sequence[Any]


class Session(Protocol):
    """One connection in one transaction."""

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run driver text and return its rows."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo the block at an exception."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The store's prepared statements by name, and the aggregate of each batched feature by its name."""

    named: Mapping[str, Prepared]
    aggregates: Mapping[str, Prepared]


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs statements by name on a session."""

    session: Session
    statements: Statements

    def rows(self, name: str, /, **parameters: Any) -> list[Row]:
        """Return the rows of the statement `name`."""
        prepared = self.statements.named[name]
        return self.session.run(prepared.text, prepared.bound(parameters))

    def row(self, name: str, /, **parameters: Any) -> Row | None:
        """Return the first row of the statement `name`, None where there is none."""
        rows = self.rows(name, **parameters)
        return rows[0] if rows else None

    def aggregate(self, feature: str, /, **parameters: Any) -> Row | None:
        """Return the row of a feature's aggregate."""
        prepared = self.statements.aggregates[feature]
        rows = self.session.run(prepared.text, prepared.bound(parameters))
        return rows[0] if rows else None
