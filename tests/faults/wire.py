"""HTTP by hand: bytes onto a socket, and what comes back, for what no client library would send."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass

import httpx2

WAIT_SEC = 30.0
"""How long an answer may take before a test fails."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: the status of the last answer, 0 for none, and its body; and everything as it came."""

    status: int
    body: bytes
    raw: bytes

    @property
    def response(self) -> httpx2.Response:
        return httpx2.Response(self.status, content=self.body)


def head(line: str, host: str, *headers: str | bytes) -> bytes:
    """Write a request's head: its line, its Host, other headers, and one that closes the connection afterwards."""
    lines = [line, f"Host: {host}", *headers, "Connection: close"]
    return (
        b"".join(each if isinstance(each, bytes) else each.encode("latin-1") for each in _ended(lines))
        + b"\r\n"
    )


def chunked(parts: Iterable[bytes]) -> bytes:
    """Write a body in chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def exchange(port: int, sent: bytes, *, half_close: bool = False) -> Answered:
    """Send bytes on a connection of their own, all of them before anything is read, and read until it is closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_SEC) as connection:
        try:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed on us; what was answered before may still be read
        return read(connection)


def read(connection: socket.socket) -> Answered:
    """Read until the connection is closed."""
    raw = b""
    try:
        while part := connection.recv(65536):
            raw += part
    except ConnectionResetError:
        pass
    final = raw.split(b"HTTP/1.1 100 Continue\r\n\r\n")[-1]
    top, _, body = final.partition(b"\r\n\r\n")
    status = int(top.split(b" ", 2)[1]) if top.startswith(b"HTTP/1.") else 0
    return Answered(status, body, raw)


def _ended(lines: Iterable[str | bytes]) -> Iterable[str | bytes]:
    for line in lines:
        yield line
        yield "\r\n"
