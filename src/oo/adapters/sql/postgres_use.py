"""Who uses a store in PostgreSQL: every process shares a lock while it does, and a restore has it for itself.

By the schema's name, because several stores may lie in one database.
"""

import time
from typing import Any, TypeVar

from oo.domain.errors import StoreBusy
from oo.domain.wording import counted

Connection = TypeVar("Connection", bound=Any)

_KEY = "hashtextextended('oo/' || current_schema() || '/use', 0)"
_SHARE = f"SELECT pg_try_advisory_lock_shared({_KEY})"
_CLAIM = f"SELECT pg_try_advisory_xact_lock({_KEY})"
_HOLDERS = (
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND granted"  # noqa: S608  # our own
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    f" AND (classid::bigint << 32) | objid::bigint = {_KEY}"
)
"""A key of 64 bits is shown as two halves."""
_ENDING_SEC, _LOOK_SEC = 1.0, 0.02
"""So long may the database take to notice that a process has ended, and so often is that looked for."""


def shared(connection: Connection) -> Connection:
    """Say that the store is in use for as long as the connection lasts, and return the connection.

    Raises `StoreBusy`, and closes the connection, while another store is put into its place.
    """
    if connection.execute(_SHARE).fetchone()[0] is False:  # null where there is no such schema
        connection.close()
        raise StoreBusy("The store is being restored.", "Wait until that has ended.")
    return connection


def claim(connection: Any) -> None:
    """Have the store for this transaction alone; raises `StoreBusy` where anybody uses it."""
    until = time.monotonic() + _ENDING_SEC
    while not connection.execute(_CLAIM).fetchone()[0]:
        if time.monotonic() < until:
            time.sleep(_LOOK_SEC)
            continue
        (count,) = connection.execute(_HOLDERS).fetchone()
        raise StoreBusy(
            "Services or other commands use the store"
            f" ({counted(count, 'connection')} to the database); nothing was changed.",
            "Stop them first, or give another --db.",
        )
