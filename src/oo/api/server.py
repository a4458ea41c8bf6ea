"""Granian, run in this process: one process holds the store, and ends with it."""

import asyncio
import atexit
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from oo.api import garbage
from oo.domain.errors import InvalidSetting

BACKLOG = 1024
HEADERS_MS = 10_000
"""How long a client may take to send its headers."""
STOP_SEC = 8.0
"""How long a stop waits for what is under way. Most supervisors kill what has not ended after ten seconds."""
_THREADS_SEC = 1.0
_POLL_SEC = 0.02


def free_port(host: str, port: int) -> int:
    """Return `port` if nothing listens there, any free one for 0; raise `InvalidSetting` for one that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise InvalidSetting(
                f"Port {port} of {host} cannot be had ({error.strerror}).", "Give another one: --port 8001"
            ) from error
        bound: int = probe.getsockname()[1]
        return bound


@contextmanager
def shared_port(host: str, port: int) -> Iterator[int]:
    """Keep a port for processes that serve at it together, inside the block; see `free_port`."""
    found = free_port(host, port)
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as each of their own sockets has
        keeper.bind((host, found))
        yield found


def serve(
    asgi: ASGIApp, host: str, port: int, *, ready: Callable[[], None], leash: socket.socket | None = None
) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way; a second signal ends the process at once.

    A word over the `leash`, or its end, means the same as a signal, but is no second one.

    `ready` is called when connections are taken. What is not finished `STOP_SEC` after the signal, because a client
    neither sends nor reads on, is given up.
    """
    before = _other_threads()
    asyncio.run(_serve(asgi, host, port, ready, leash))
    if not _ended(before):
        atexit.register(os._exit, 0)


async def _serve(
    asgi: ASGIApp, host: str, port: int, ready: Callable[[], None], leash: socket.socket | None
) -> None:
    server = Server(
        asgi,
        address=host,
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_MS),
        log_enabled=False,
    )
    loop = asyncio.get_running_loop()
    serving = loop.create_task(server.serve())
    stop = _Stop(server, serving)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.signalled)
    if leash is not None:
        loop.add_reader(leash, stop.let_go, leash)
    announcing = loop.create_task(_announce(host, port, ready))
    with suppress(asyncio.CancelledError):  # it is `_Stop` that gives up
        await serving
    announcing.cancel()


@dataclass(slots=True)
class _Stop:
    """What ends the service: signals, of which the second does not wait, and the leash."""

    server: Server
    serving: asyncio.Task[None]
    signals: int = 0

    def signalled(self) -> None:
        """Stop, or end the process at once where it was signalled before."""
        self.signals += 1
        if self.signals > 1:
            os._exit(1)
        self._begin()

    def let_go(self, leash: socket.socket) -> None:
        """Stop. Whoever holds the leash may have been signalled with all others, in whatever order that comes here."""
        self.serving.get_loop().remove_reader(leash)
        self._begin()

    def _begin(self) -> None:
        if not self.server.interrupt_signal:
            self.server.stop()  # type: ignore[no-untyped-call]  # Granian types none of its own
            self.serving.get_loop().call_later(STOP_SEC, self.serving.cancel)


def _ended(before: set[int]) -> bool:
    """Wait until the threads that Granian has started are gone, and tell whether they are.

    Each takes the interpreter's lock once more as it ends, and one that does so while the interpreter is taken down
    aborts the process.
    """
    until = time.monotonic() + _THREADS_SEC
    while _other_threads() - before:
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SEC)
    return True


def _other_threads() -> set[int]:
    """Return this process's threads that Python did not start; none where the system does not tell."""
    try:
        every = {int(task.name) for task in Path("/proc/self/task").iterdir()}
    except FileNotFoundError:
        return set()
    return every - {thread.native_id for thread in threading.enumerate() if thread.native_id}


async def _announce(host: str, port: int, ready: Callable[[], None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_POLL_SEC)
        else:
            writer.close()
            garbage.settle()
            ready()
            return
