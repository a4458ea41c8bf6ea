"""A store that is held by a service: the App over it, as a command sees it from another process."""

import functools
import inspect
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from oo import __version__
from oo.adapters.remote.announcement import Announcement, announced
from oo.adapters.remote.channel import LOOPBACK, PROOF_SEC, introduce, packed, receive, send, unpacked
from oo.adapters.remote.parts import part, works_on
from oo.adapters.sql.patience import Patience
from oo.domain.errors import Overloaded, StoreClosed, StoreError
from oo.ports import BackedUp, Reader, Transaction
from oo.usecases.app import App

Result = TypeVar("Result")
PATIENT_SEC = 10.0
"""So long is a service asked again that is overloaded; it has recorded nothing then."""


class Service:
    """Stands where a store does: the use cases over it run in the service, and the store itself stays there."""

    def __init__(self, connection: socket.socket, announcement: Announcement) -> None:
        """Ask over a connection on which both ends have proved that they have the key; `reach` makes one."""
        self._connection = connection
        self._announcement = announcement
        self._asking = threading.Lock()
        self._closed = False

    @classmethod
    def reach(cls, store: Path) -> "Service | None":
        """Return the service that holds the store at `store`, None where none answers.

        Raises `StoreError` for a service of another version.
        """
        announcement = announced(store)
        if announcement is None:
            return None
        try:
            connection = socket.create_connection((LOOPBACK, announcement.port), PROOF_SEC)
        except OSError:
            return None
        try:
            introduce(connection, bytes.fromhex(announcement.key))
        except OSError:
            connection.close()
            return None
        service = cls(connection, announcement)
        if announcement.version != __version__:
            service.close()
            raise StoreError(
                f"The service that holds {store} is of oO {announcement.version}, and this is {__version__}.",
                "Restart the service, or use the same version.",
            )
        return service

    @property
    def pid(self) -> int:
        """The process that serves."""
        return self._announcement.pid

    def carried(self, app: App) -> App:
        """Return an App, built over this, whose use cases run in the service."""
        built = {field.name: getattr(app, field.name) for field in fields(app)}
        stand_ins: dict[str, Any] = {
            name: StandIn(self, use_case, (name,))
            for name, use_case in built.items()
            if works_on(self, use_case)
        }
        return replace(app, **stand_ins)

    def ask(self, path: tuple[str, ...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the method at that path of the App in the service; return what it does, or raise what it raises.

        A service that is overloaded is asked again, for `PATIENT_SEC`.
        """
        request = packed((path, args, kwargs))
        patience = Patience(PATIENT_SEC)
        while True:
            with self._asking:
                succeeded, answer = unpacked(self._exchanged(request))
            if succeeded:
                return answer
            if not (isinstance(answer, Overloaded) and patience.again()):
                raise answer

    def read(self, ask: Callable[[Reader], Result], *, together: bool = True) -> Result:
        self._refuse()

    def write(self, change: Callable[[Transaction], Result]) -> Result:
        self._refuse()

    def submit(self, change: Callable[[Transaction], Result]) -> "Future[Result]":
        self._refuse()

    def back_up(self, place: Path, *, replace: bool, progress: Callable[[int, int], None]) -> BackedUp:
        self._refuse()

    def close(self) -> None:
        self._closed = True
        self._connection.close()

    def _exchanged(self, request: bytes) -> bytes:
        if self._closed:
            raise StoreClosed("The store is closed.", "Nothing was recorded.")
        try:
            self._send(request)
            return receive(self._connection)
        except OSError as error:
            self.close()
            raise StoreError(
                "The service ended before it answered; whether it has recorded this is not known.",
                "Look, then run the command again.",
            ) from error
        except BaseException:  # interrupted: the next answer would be this one's
            self.close()
            raise

    def _send(self, request: bytes) -> None:
        try:
            send(self._connection, request)
        except OSError as error:
            self.close()
            raise StoreClosed(
                "The service has ended; nothing was recorded.", "Run the command again."
            ) from error

    def _refuse(self) -> NoReturn:
        raise StoreError(
            f"This needs the store itself, which a service has (process {self.pid}).",
            "Stop the service and run the command again.",
        )


class StandIn:
    """Stands in for a use case that runs in a service. `built` is the same use case as it is built here."""

    def __init__(self, service: Service, built: Any, path: tuple[str, ...]) -> None:
        self._service = service
        self._built = built
        self._path = path

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._method("__call__", part(self._service, self._built, "__call__"))(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        found = part(self._service, self._built, name)
        if inspect.ismethod(found):
            return self._method(name, found)
        return StandIn(self._service, found, (*self._path, name))

    def _method(self, name: str, built: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(built)
        def ask(*args: Any, **kwargs: Any) -> Any:
            inspect.signature(built).bind(*args, **kwargs)  # a call that does not fit is wrong on this side
            return self._service.ask((*self._path, name), args, kwargs)

        return ask
