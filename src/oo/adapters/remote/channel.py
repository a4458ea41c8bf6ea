"""What goes over a connection: first both ends prove that they have the key, then messages, each a length and a pickle.

A pickle can run anything where it is read, so none is read before the proof. The service sends 32 random bytes, the
command 32 of its own and the HMAC-SHA256 of both under the key, the service another HMAC of both. Each proof names the
side that gives it, so that what one side says cannot be used to speak as the other.
"""

import hmac
import pickle
import secrets
import socket
import time
from typing import Any

from oo.domain.errors import StoreError

LOOPBACK = "127.0.0.1"
PROOF_SEC = 5.0
"""Whoever has not proved by then that they have the key is taken for somebody else."""
LARGEST_BYTES = 1 << 30
"""No message is larger; what goes to and fro is some tasks, or 500 lines of an import."""
_RANDOM_BYTES = 32
_PROOF_BYTES = 32
_LENGTH_BYTES = 4
_CHUNK_BYTES = 1 << 20


def admit(connection: socket.socket, key: bytes) -> None:
    """Let the other end prove that it has the key, then do the same; raises `OSError` where it does not, in time."""
    until = time.monotonic() + PROOF_SEC
    connection.settimeout(PROOF_SEC)
    ours = secrets.token_bytes(_RANDOM_BYTES)
    connection.sendall(ours)
    theirs = _exactly(connection, _RANDOM_BYTES, until)
    _check(_exactly(connection, _PROOF_BYTES, until), _proof(key, b"command", ours + theirs))
    connection.sendall(_proof(key, b"service", ours + theirs))
    connection.settimeout(None)


def introduce(connection: socket.socket, key: bytes) -> None:
    """Prove to a service that we have the key, and let it do the same; raises `OSError` where it does not, in time."""
    until = time.monotonic() + PROOF_SEC
    theirs = _exactly(connection, _RANDOM_BYTES, until)
    ours = secrets.token_bytes(_RANDOM_BYTES)
    connection.sendall(ours + _proof(key, b"command", theirs + ours))
    _check(_exactly(connection, _PROOF_BYTES, until), _proof(key, b"service", theirs + ours))
    connection.settimeout(None)


def send(connection: socket.socket, message: bytes) -> None:
    """Send a message that `packed` made."""
    connection.sendall(len(message).to_bytes(_LENGTH_BYTES, "big") + message)


def receive(connection: socket.socket) -> bytes:
    """Wait for a message; raises `OSError` where the other end has gone. Only after the proof."""
    return _exactly(connection, int.from_bytes(_exactly(connection, _LENGTH_BYTES), "big"))


def packed(message: object) -> bytes:
    """Return a message as bytes; raises `StoreError` for what cannot leave its process, or is too large."""
    try:
        content = pickle.dumps(message)
    except Exception as error:  # a pickle asks each object, and each may answer with an error of its own
        raise StoreError(
            f"Between a command and a service this cannot be carried ({error}).",
            "Stop the service and run the command again.",
        ) from error
    if len(content) > LARGEST_BYTES:
        raise StoreError(
            f"Between a command and a service {len(content):,} bytes are too many.",
            "Stop the service and run the command again.",
        )
    return content


def unpacked(content: bytes) -> Any:
    """Return what was packed; raises `StoreError` where other code packed it. Only after the proof."""
    try:
        return pickle.loads(content)  # noqa: S301  # the other end has proved that it is the same owner's
    except Exception as error:
        raise StoreError(
            f"The service and the command do not understand each other ({error}).",
            "Restart the service, so that both are of the same code.",
        ) from error


def _proof(key: bytes, side: bytes, said: bytes) -> bytes:
    return hmac.digest(key, side + said, "sha256")


def _check(given: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(given, expected):
        raise PermissionError("the other end does not have the key")


def _exactly(connection: socket.socket, size: int, until: float | None = None) -> bytes:
    """Receive so many bytes, all of them before the instant `until`, however slowly they drip."""
    received = bytearray()
    while len(received) < size:
        if until is not None:
            connection.settimeout(max(until - time.monotonic(), 0.001))
        chunk = connection.recv(min(size - len(received), _CHUNK_BYTES))
        if not chunk:
            raise ConnectionError("the other end has gone")
        received += chunk
    return bytes(received)
