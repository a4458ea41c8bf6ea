"""Whether a transaction was committed whose connection was lost in its COMMIT: each leaves a note in the database.

The number that the database itself gives a transaction does not tell. A crash that loses a transaction may give its
number to another one, and that one's answer would be taken for its own.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

_DAY_MS = 86_400_000
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_XID = "SELECT pg_current_xact_id_if_assigned()::text"
_NOTE = (
    f"INSERT INTO commits (writer, number, at_ms) VALUES (%(writer)s, %(number)s, {_NOW})"  # noqa: S608  # no parameter
    " ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at_ms = excluded.at_ms"
)
_FORGET = f"DELETE FROM commits WHERE at_ms < {_NOW} - {30 * _DAY_MS}"  # noqa: S608  # no parameter
_NOTED = "SELECT number FROM commits WHERE writer = %(writer)s"
_STATUS = "SELECT pg_xact_status(%(xid)s::text::xid8)"
_IN_THE_FUTURE = "22023"


@dataclass(slots=True)
class Notes:
    """The notes of one writer; `failure` is what the driver raises."""

    failure: type[Exception]
    writer: str = field(default_factory=lambda: uuid.uuid4().hex)
    number: int = 0
    _xid: str | None = None

    def leave(self, connection: Any) -> bool:
        """Note the transaction that is under way, right before its COMMIT; False where it has written nothing."""
        (self._xid,) = connection.execute(_XID).fetchone()
        if self._xid is None:  # where nothing can be written, nothing has to be
            return False
        self.number += 1
        if self.number == 1:
            connection.execute(_FORGET)  # of writers that are long gone
        connection.execute(_NOTE, {"writer": self.writer, "number": self.number})
        return True

    def found(self, connection: Any) -> bool | None:
        """Look on another connection for the note that was left last; None while its transaction has not ended."""
        if not self._has_ended(connection):
            return None
        row = connection.execute(_NOTED, {"writer": self.writer}).fetchone()
        return row is not None and row[0] == self.number

    def _has_ended(self, connection: Any) -> bool:
        try:
            row = connection.execute(_STATUS, {"xid": self._xid}).fetchone()
        except self.failure as error:
            if getattr(error, "sqlstate", None) != _IN_THE_FUTURE:
                raise
            return True  # a crash has undone it, and nobody has its number yet
        return row is None or row[0] != "in progress"
