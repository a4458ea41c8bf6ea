"""The service's side: takes commands' connections, and runs what they ask for in this process.

Each connection has a thread of its own. Anybody on the machine can connect, so whoever has not proved yet that they
have the key gets little time, reads nothing into this process but 64 bytes, and makes room for others.
"""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oo import __version__
from oo.adapters.remote.announcement import Announcement, announce, withdraw
from oo.adapters.remote.channel import LOOPBACK, admit, packed, receive, send, unpacked
from oo.adapters.remote.parts import part
from oo.domain.errors import OoError, StoreClosed, StoreError
from oo.usecases.app import App

MOST_GUESTS = 100
"""So many connections at a time; one more takes the place of the oldest that has proved nothing yet."""
CLOSE_SEC = 10.0
"""So long does closing wait for what is under way."""
_BACKLOG = 1024
_PAUSE_SEC = 0.05
_KEY_BYTES = 32
_log = logging.getLogger(__name__)


@contextmanager
def received(app: App, store: Path) -> Iterator[None]:
    """Let commands on the store at `store`, which `app` is over, run in this process for as long as the block does."""
    reception = Reception(app)
    announcement = Announcement(
        version=__version__, pid=os.getpid(), port=reception.port, key=reception.key.hex()
    )
    try:
        reception.start()
        _try_to_announce(store, announcement)
        yield
    finally:
        withdraw(store, announcement)
        reception.close()


def _try_to_announce(store: Path, announcement: Announcement) -> None:
    try:
        announce(store, announcement)
    except StoreError as error:  # what else the service does needs no such file
        _log.warning("no command can run through this service: %s", error)


@dataclass(slots=True, eq=False)
class _Guest:
    """A connection; `known` once it has proved that it has the key."""

    connection: socket.socket
    known: bool = False


class Reception:
    """Takes connections from `start` to `close`, from whoever has the `key`, at a `port` of the loopback."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.key = secrets.token_bytes(_KEY_BYTES)
        self._listener = socket.create_server((LOOPBACK, 0), backlog=_BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self._guests: dict[_Guest, None] = {}
        self._changing = threading.Condition()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._receive_until_closed, name="oo-reception", daemon=True)

    def start(self) -> None:
        """Begin to take connections."""
        self._thread.start()

    def close(self) -> None:
        """Take no more, let what is under way be finished and answered, for `CLOSE_SEC` at most, and end."""
        self._closing.set()
        with suppress(OSError):  # wakes the thread that waits for connections
            socket.create_connection((LOOPBACK, self.port), _PAUSE_SEC).close()
        with self._changing:
            for guest in self._guests:
                _shut(guest, socket.SHUT_RD)
            if not self._changing.wait_for(lambda: not self._guests, CLOSE_SEC):
                _log.warning("commands that were not finished and are cut off: %d", len(self._guests))
            for guest in self._guests:
                _shut(guest, socket.SHUT_RDWR)
        self._listener.close()
        if self._thread.is_alive():
            self._thread.join(CLOSE_SEC)

    def _receive_until_closed(self) -> None:
        while not self._closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError as error:  # no descriptor is free, or the other end went while it waited
                _log.debug("no connection could be taken: %s", error)
                self._closing.wait(_PAUSE_SEC)
            else:
                self._let_in(connection)

    def _let_in(self, connection: socket.socket) -> None:
        guest = _Guest(connection)
        with self._changing:
            if self._closing.is_set() or not self._has_room():
                connection.close()
                return
            self._guests[guest] = None
        try:
            threading.Thread(target=self._attend, args=(guest,), name="oo-guest", daemon=True).start()
        except RuntimeError as error:
            _log.warning("a connection was refused: %s", error)
            self._see_off(guest)

    def _has_room(self) -> bool:
        """Make room where there is none: of those who have proved nothing yet the oldest has to go."""
        if len(self._guests) < MOST_GUESTS:
            return True
        stranger = next((guest for guest in self._guests if not guest.known), None)
        if stranger is None:
            return False
        del self._guests[stranger]
        _shut(stranger, socket.SHUT_RDWR)  # its thread sees that, and ends
        return True

    def _attend(self, guest: _Guest) -> None:
        try:
            admit(guest.connection, self.key)
            guest.known = True
            self._answer(guest.connection)
        except OSError as error:
            _log.debug("a connection ended: %s", error)
        finally:
            self._see_off(guest)

    def _answer(self, connection: socket.socket) -> None:
        """Answer one request after the other, until the command goes or the service does."""
        while not self._closing.is_set():
            try:
                request = receive(connection)
            except OSError:
                break
            send(connection, answered(self._app, request))
        if self._closing.is_set():
            with suppress(OSError):
                send(connection, _CLOSED)

    def _see_off(self, guest: _Guest) -> None:
        with self._changing:
            self._guests.pop(guest, None)
            guest.connection.close()
            self._changing.notify_all()


_CLOSED = packed(
    (False, StoreClosed("The service has ended; nothing was recorded.", "Run the command again."))
)
"""The last word to a command: whatever it has asked for since its last answer was not begun."""


def answered(app: App, request: bytes) -> bytes:
    """Do what a request asks for; return, packed, whether that succeeded, and the result or the error to raise."""
    try:
        return packed((True, _result(app, request)))
    except OoError as error:
        return packed((False, error))
    except Exception as error:  # noqa: BLE001  # whatever it is, it is this request's own, and no one else's
        _log.exception("a command failed")
        said = f"{type(error).__name__}: {error}"
        return packed((False, StoreError(f"The service failed ({said}).", "Its log says where.")))


def _result(app: App, request: bytes) -> Any:
    (first, *path), args, kwargs = unpacked(request)
    found = part(app.store, app, first)
    for name in path:
        found = part(app.store, found, name)
    result = found(*args, **kwargs)
    # What is computed while it is read is computed here, and read there.
    return iter(list(result)) if isinstance(result, Iterator) else result


def _shut(guest: _Guest, how: int) -> None:
    with suppress(OSError):  # it has gone by itself
        guest.connection.shutdown(how)
