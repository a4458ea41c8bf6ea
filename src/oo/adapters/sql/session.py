"""What the reader and the transaction run their statements on, whichever the driver."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from oo.adapters.sql.aggregates import Aggregate, Grouped
from oo.adapters.sql.prepared import Prepared
from oo.adapters.sql.storable import storable

Row: TypeAlias = Sequence[Any]
Points: TypeAlias = Sequence[tuple[str, int]]
"""Pairs of a person's id and an instant."""


class Session(Protocol):
    """One connection in one transaction."""

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Run driver text and return its rows."""

    def run_together(self, questions: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Row]]:
        """Run several driver texts that ask for rows, none of which depends on another; return the rows of each."""

    def run_many(self, text: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run driver text once for each of `rows`."""

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo the block at an exception."""

    def check_writable(self) -> None:
        """Raise `StoreBusy` where the database says already that it takes no writes."""

    def hold(self, name: str) -> None:
        """Let no other transaction go by that name until this one has ended."""

    def lay_out(self, points: Points) -> Mapping[str, Any]:
        """Make `points` the spine that statements over points read; return the parameters that those take for it."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The store's prepared statements by name, and those of the batched features by the name of their frame."""

    named: Mapping[str, Prepared]
    aggregates: Mapping[str, Sequence[Aggregate]]


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs statements by name on a session."""

    session: Session
    statements: Statements

    def rows(self, name: str, /, **parameters: Any) -> list[Row]:
        """Return the rows of the statement `name`; raises `InvalidFact` for what not every database can hold."""
        prepared = self.statements.named[name]
        return self.session.run(prepared.text, prepared.bound(storable(parameters)))

    def row(self, name: str, /, **parameters: Any) -> Row | None:
        """Return the first row of the statement `name`, None where there is none."""
        rows = self.rows(name, **parameters)
        return rows[0] if rows else None

    def run_many(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement `name` once for each of `rows`; it has no constants. Raises as `rows` does."""
        self.session.run_many(self.statements.named[name].text, map(storable, rows))

    def computed(
        self, frame: str, wanted: Collection[str], /, **parameters: Any
    ) -> Iterator[tuple[Grouped, list[Row]]]:
        """Yield each group of features that has a wanted one, with its rows in a frame."""
        given = storable(parameters)
        asked = [
            aggregate
            for aggregate in self.statements.aggregates[frame]
            if any(name in wanted for name in aggregate.group.names)
        ]
        questions = [(each.prepared.text, each.prepared.bound(given)) for each in asked]
        answers = self.session.run_together(questions) if questions else []
        yield from zip((each.group for each in asked), answers, strict=True)
