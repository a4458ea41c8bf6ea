"""Duties by session locks of PostgreSQL: whoever's connection ends has them no more; see `oo.ports.Duties`.

A process that stands still keeps its connection, and would keep its duties for ever. So the database ends the
connection of one that has said nothing for a while, and a thread of each that lives says something more often.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from oo.domain.errors import StoreError

SILENT_SEC = 15.0
"""So long may a process say nothing before the database lets another one have its duties."""
_OFTEN = 5
"""So many times in that span it says something; a busy machine may be late by most of it."""
_KEEPALIVE = (
    "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),"
    " set_config('tcp_keepalives_count', '3', false)"
)
"""A machine that went away without a word is noticed by the database within half a minute."""
_IDLE = "SELECT set_config('idle_session_timeout', %s, false)"
_FROM_VERSION = 140_000
"""Before it PostgreSQL ends no session for its silence."""
_TAKE = "SELECT pg_try_advisory_lock(hashtextextended('oo/' || current_schema() || '/' || %s, 0))"
"""By the schema's name, because several stores may lie in one database."""
_HINT = "Does the database run? OO_DATABASE says where it is."
_log = logging.getLogger("oo.duties")


class PostgresDuties:
    """`connect` makes a connection, which is kept for the locks alone; `failure` is what the driver raises."""

    def __init__(
        self, connect: Callable[[], Any], failure: type[Exception], silent_sec: float = SILENT_SEC
    ) -> None:
        """Hold no duty yet, and connect when the first one is asked for.

        A process that says nothing for `silent_sec` loses its duties, on PostgreSQL 14 and newer.
        """
        self._connect, self._failure, self._silent_sec = connect, failure, silent_sec
        self._connection: Any = None
        self._held: set[str] = set()
        self._asking = threading.Lock()
        self._closed = threading.Event()
        self._telling: threading.Thread | None = None

    def has(self, duty: str) -> bool:
        with self._asking:
            self._look()
            try:
                return duty in self._held or self._takes(duty)
            except self._failure as error:
                self._let_go()
                raise StoreError(f"Whose turn it is could not be asked ({_said(error)}).", _HINT) from error

    def close(self) -> None:
        self._closed.set()
        with self._asking:
            if self._connection is not None:
                with suppress(
                    self._failure
                ):  # at once, and not when the database notices that this end is gone
                    self._connection.execute("SELECT pg_advisory_unlock_all()")
            self._let_go()

    def _look(self) -> None:
        """Say something over the connection; where it was lost meanwhile, every duty was."""
        if self._connection is not None:
            try:
                self._connection.execute("SELECT 1")
            except self._failure as error:
                self._let_go()
                _log.warning("the database has ended the session of this process's duties: %s", _said(error))

    def _takes(self, duty: str) -> bool:
        """Ask for a duty, connecting where that is needed."""
        if self._connection is None:
            self._connection = self._connect()
            self._connection.execute(_KEEPALIVE)
            if self._connection.info.server_version >= _FROM_VERSION:
                self._connection.execute(_IDLE, [f"{self._silent_sec * 1000:.0f}ms"])
                self._tell()
        if self._connection.execute(_TAKE, [duty]).fetchone()[0]:
            self._held.add(duty)
        return duty in self._held

    def _tell(self) -> None:
        """Begin to say now and then that this process lives, unless that was begun."""
        if self._telling is None:
            self._telling = threading.Thread(target=self._tell_until_closed, name="oo-duties", daemon=True)
            self._telling.start()

    def _tell_until_closed(self) -> None:
        while not self._closed.wait(self._silent_sec / _OFTEN):
            with self._asking:
                self._look()

    def _let_go(self) -> None:
        self._held.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _said(error: Exception) -> str:
    return str(error).partition("\n")[0]
