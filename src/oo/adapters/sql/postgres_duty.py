"""Duties by session locks of PostgreSQL: whoever's connection ends has them no more; see `oo.ports.Duties`."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from oo.domain.errors import StoreError

_SETTINGS = (
    "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""A machine that went away without a word is noticed by the database within half a minute."""
_TAKE = "SELECT pg_try_advisory_lock(hashtextextended('oo/' || current_schema() || '/' || %s, 0))"
"""By the schema's name, because several stores may lie in one database."""
_HINT = "Does the database run? OO_DATABASE says where it is."


class PostgresDuties:
    """`connect` makes a connection, which is kept for the locks alone; `failure` is what the driver raises."""

    def __init__(self, connect: Callable[[], Any], failure: type[Exception]) -> None:
        """Hold no duty yet, and connect when the first one is asked for."""
        self._connect, self._failure = connect, failure
        self._connection: Any = None
        self._held: set[str] = set()
        self._asking = threading.Lock()

    def has(self, duty: str) -> bool:
        with self._asking:
            try:
                return self._has(duty)
            except self._failure as error:
                self._let_go()
                said = str(error).partition("\n")[0]
                raise StoreError(f"Whose turn it is could not be asked ({said}).", _HINT) from error

    def close(self) -> None:
        with self._asking:
            if self._connection is not None:
                with suppress(
                    self._failure
                ):  # at once, and not when the database notices that this end is gone
                    self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._let_go()

    def _has(self, duty: str) -> bool:
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute(_SETTINGS)
        if duty in self._held:
            self._connection.execute("SELECT 1")  # the lock lasts as long as the connection
            return True
        if self._connection.execute(_TAKE, [duty]).fetchone()[0]:
            self._held.add(duty)
        return duty in self._held

    def _let_go(self) -> None:
        self._held.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
