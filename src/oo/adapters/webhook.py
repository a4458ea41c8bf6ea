"""A webhook: each alert is posted as JSON to one address, within a time that nobody there can stretch."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import SplitResult, urlsplit

from oo import __version__

TIMEOUT_SEC = 5.0
"""So long may a whole exchange take, from the connection to the status."""
_TAKEN = range(200, 300)


class Webhook:
    """The `Messenger` port over HTTP; see `oo.ports.Messenger`.

    A redirect is no delivery: it would hand the message to somebody whom nobody has named. What goes wrong is said
    without the address, which may hold a secret.
    """

    def __init__(self, url: str, timeout_sec: float = TIMEOUT_SEC) -> None:
        """Post to `url`, whose scheme is http or https."""
        self._url = urlsplit(url)
        self._timeout_sec = timeout_sec

    def tell(self, message: Mapping[str, Any]) -> str | None:
        try:
            status = self._post(json.dumps(message, allow_nan=False).encode())
        except (OSError, http.client.HTTPException, ValueError) as error:
            return f"{type(error).__name__} ({error})" if str(error) else type(error).__name__
        return None if status in _TAKEN else f"it answered {status}"

    def _post(self, body: bytes) -> int:
        connection = _connection(self._url, self._timeout_sec)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"oO/{__version__}",
            "Connection": "close",
        }
        with _cut_off(connection, self._timeout_sec):
            try:
                connection.request("POST", _target(self._url), body, headers)
                return connection.getresponse().status
            finally:
                connection.close()


def _connection(url: SplitResult, timeout_sec: float) -> http.client.HTTPConnection:
    if url.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(url.hostname or "", url.port, timeout=timeout_sec, context=context)
    return http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout_sec)


def _target(url: SplitResult) -> str:
    return f"{url.path or '/'}{'?' if url.query else ''}{url.query}"


@contextmanager
def _cut_off(connection: http.client.HTTPConnection, timeout_sec: float) -> Iterator[None]:
    """End the exchange after that time even if a byte comes now and then, which a socket's own timeout allows."""

    def cut() -> None:
        with suppress(OSError, AttributeError):  # it has ended by itself
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(timeout_sec, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
