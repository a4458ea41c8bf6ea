"""What the statements of a transaction run on, where the database is PostgreSQL.

Most of a transaction's time is spent waiting for answers that nobody reads. So what only changes rows is kept back, and
sent together with the next question, or with the end of its savepoint; questions that are asked together are sent
together.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from oo.adapters.sql.session import Points, Row
from oo.domain.errors import StoreBusy

_Change: TypeAlias = tuple[str, Mapping[str, Any] | Sequence[Mapping[str, Any]] | None]
"""Driver text, and the parameters that it is run with: once, once for each of several, or without any."""
_CHANGES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class PostgresSession:
    """One PostgreSQL connection in one transaction; `reads`: it is asked, and a change is refused at once."""

    connection: Any
    """The driver's, which one file alone imports."""
    reads: bool = False
    _kept: list[_Change] = field(default_factory=list)

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        if text.startswith(_CHANGES):
            self._keep(text, parameters)
            return []
        return self.run_together([(text, parameters)])[0]

    def run_together(self, questions: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Row]]:
        if len(questions) == 1 and not self._kept:
            return [_rows(self.connection.execute(text.encode(), given)) for text, given in questions]
        with self.connection.pipeline():
            self._send()
            cursors = [self.connection.execute(text.encode(), given) for text, given in questions]
        return [_rows(cursor) for cursor in cursors]

    def run_many(self, text: str, rows: Iterable[Mapping[str, Any]]) -> None:
        self._keep(text, list(rows))

    def check_writable(self) -> None:
        [[reads_only]] = self.run("SHOW transaction_read_only", {})
        if reads_only == "on":
            raise StoreBusy(
                "The database can be read and not written.",
                "Is it a standby, or default_transaction_read_only set? OO_DATABASE says where it is.",
            )

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._flush()  # what is at odds with the database before the savepoint has to fail before it
        self._kept.append(("SAVEPOINT inner_write", None))
        try:
            yield
            self._kept.append(("RELEASE SAVEPOINT inner_write", None))
            self._flush()
        except BaseException:
            self._undo()
            raise

    def lay_out(self, points: Points) -> Mapping[str, Any]:
        return {
            "points": list(range(len(points))),
            "people": [user_id for user_id, _ in points],
            "instants": [at_ms for _, at_ms in points],
        }

    def _keep(self, text: str, given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
        self._kept.append((text, given))
        if self.reads:
            self._flush()

    def _flush(self) -> None:
        if self._kept:
            with self.connection.pipeline():
                self._send()

    def _send(self) -> None:
        kept, self._kept = self._kept, []
        for text, given in kept:
            if isinstance(given, list):
                with self.connection.cursor() as cursor:
                    cursor.executemany(text.encode(), given)
            else:
                self.connection.execute(text.encode(), given)

    def _undo(self) -> None:
        """Undo all since the last savepoint: where that was not sent yet, nothing was."""
        sent = not any(text.startswith("SAVEPOINT") for text, _ in self._kept)
        self._kept.clear()
        if sent and not self.connection.broken:
            self.connection.execute("ROLLBACK TO SAVEPOINT inner_write")
            self.connection.execute("RELEASE SAVEPOINT inner_write")


def _rows(cursor: Any) -> list[Row]:
    return list(cursor.fetchall()) if cursor.description else []
