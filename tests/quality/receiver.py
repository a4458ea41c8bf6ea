"""A real HTTP server on the loopback that takes alerts, or behaves badly."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DRIP_SEC = 0.05


class Receiver(ThreadingHTTPServer):
    """Keeps what is posted to it; `behaviour` is a status to answer, or how not to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour: int | str = 204
        self.posted: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.others: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?key=s3cret"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hook?key=s3cret":
            self.server.posted.append(json.loads(body))
            self.server.headers.append(dict(self.headers))
        else:
            self.server.others.append(self.path)
        match self.server.behaviour:
            case "silent":
                time.sleep(30)
            case "drip" | "drip headers":
                self._drip()
            case int(status):
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

    def do_GET(self) -> None:
        self.server.others.append(self.path)
        self.send_response(200)
        self.end_headers()

    def _drip(self) -> None:
        with suppress(OSError):
            self.wfile.write(self._beginning())
            for _ in range(int(30 / DRIP_SEC)):
                self.wfile.write(b"a")
                time.sleep(DRIP_SEC)

    def _beginning(self) -> bytes:
        return b"HTTP/1.1 " if self.server.behaviour == "drip" else b"HTTP/1.1 200 OK\r\nX-Slow: "

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name is http.server's
        pass


@contextmanager
def receiving() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
