"""What the statements of a transaction run on, where the database is PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from oo.adapters.sql.session import Points, Row


@dataclass(frozen=True, slots=True)
class PostgresSession:
    """One PostgreSQL connection in one transaction."""

    connection: Any
    """The driver's, which one file alone imports."""

    def run(self, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        cursor = self.connection.execute(text.encode(), parameters)
        return list(cursor.fetchall()) if cursor.description else []

    def run_many(self, text: str, rows: Iterable[Mapping[str, Any]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(text.encode(), rows)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self.connection.execute("SAVEPOINT inner_write")
        try:
            yield
        except BaseException:
            if not self.connection.broken:
                self.connection.execute("ROLLBACK TO SAVEPOINT inner_write")
                self.connection.execute("RELEASE SAVEPOINT inner_write")
            raise
        self.connection.execute("RELEASE SAVEPOINT inner_write")

    def lay_out(self, points: Points) -> Mapping[str, Any]:
        return {
            "points": list(range(len(points))),
            "people": [user_id for user_id, _ in points],
            "instants": [at_ms for _, at_ms in points],
        }
