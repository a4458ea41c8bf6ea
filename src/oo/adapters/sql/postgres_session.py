"""What the statements of a transaction run on, where the database is PostgreSQL.

Most of a transaction's time is spent waiting for answers that nobody reads. So what only changes rows is kept back, and
sent together with the next question, or with the end of its savepoint; questions that are asked together are sent
together, and so is the claim to what they are about.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from oo.adapters.sql import postgres_claims
from oo.adapters.sql.postgres_claims import Claims
from oo.adapters.sql.session import Points, Row
from oo.domain.errors import StoreBusy

_Change: TypeAlias = tuple[str, Mapping[str, Any] | list[Mapping[str, Any]] | None]
"""Driver text, and the parameters that it is run with: once, once for each of several, or without any."""
_CHANGES = ("INSERT", "UPDATE", "DELETE")
_SAVEPOINT: _Change = ("SAVEPOINT inner_write", None)


@dataclass(slots=True)
class PostgresSession:
    """One PostgreSQL connection in one transaction; `reads`: it is asked, and a change is refused at once."""

    connection: Any
    """The driver's, which one file alone imports."""
    reads: bool = False
    claims: Claims = field(default_factory=lambda: Claims(alone=True))
    """What the transaction has claimed; one that reads claims nothing."""
    _kept: list[_Change] = field(default_factory=list)

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        if text.startswith(_CHANGES):
            self._keep(text, parameters)
            return []
        return self.run_together([(text, parameters)])[0]

    def run_together(self, questions: Sequence[tuple[str, Mapping[str, Any]]]) -> list[list[Row]]:
        for _, given in questions:
            self.claims.want(given)
        if len(questions) == 1 and not self._kept and not self.claims.missing():
            return [_rows(self.connection.execute(text.encode(), given)) for text, given in questions]
        with self._claiming():
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

    def hold(self, name: str) -> None:
        self.claims.want_named(name)
        self._flush()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._flush()  # what is at odds with the database before the savepoint has to fail before it
        held = self.claims.held
        self._kept.append(_SAVEPOINT)
        try:
            yield
            self._kept.append(("RELEASE SAVEPOINT inner_write", None))
            self._flush()
        except BaseException:
            self._undo()
            self.claims.back_to(held)
            raise

    def lay_out(self, points: Points) -> Mapping[str, Any]:
        return {
            "points": list(range(len(points))),
            "people": [user_id for user_id, _ in points],
            "instants": [at_ms for _, at_ms in points],
        }

    def _keep(self, text: str, given: Mapping[str, Any] | list[Mapping[str, Any]]) -> None:
        self._kept.append((text, given))
        for each in [given] if isinstance(given, Mapping) else given:
            self.claims.want(each)
        if self.reads:
            self._flush()

    def _flush(self) -> None:
        if self._kept or self.claims.missing():
            with self._claiming():
                self._send()

    @contextmanager
    def _claiming(self) -> Iterator[None]:
        """Send what the block does in a pipeline, and before it, in its savepoint, the claim to what it is about."""
        asked = self.claims.missing()
        given = {"of": postgres_claims.CLASS, "numbers": asked}
        with self.connection.pipeline():
            if self._kept and self._kept[0] == _SAVEPOINT:
                self.connection.execute(self._kept.pop(0)[0].encode())
            refused = self.connection.execute(postgres_claims.TRY, given) if asked else None
            yield
        self.claims.settle(asked, _rows(refused) if refused else [])

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
        sent = _SAVEPOINT not in self._kept
        self._kept.clear()
        if sent and not self.connection.broken:
            self.connection.execute("ROLLBACK TO SAVEPOINT inner_write")
            self.connection.execute("RELEASE SAVEPOINT inner_write")


def _rows(cursor: Any) -> list[Row]:
    return list(cursor.fetchall()) if cursor.description else []
