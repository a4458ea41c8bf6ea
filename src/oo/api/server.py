"""Granian, run in this process: one process holds the store, and ends with it."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server
from starlette.types import ASGIApp

from oo.domain.errors import InvalidSetting

BACKLOG = 1024
HEADERS_MS = 10_000
"""How long a client may take to send its headers."""
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


def serve(asgi: ASGIApp, host: str, port: int, *, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way; a second signal ends the process at once.

    `ready` is called when connections are taken.
    """
    asyncio.run(_serve(asgi, host, port, ready))


async def _serve(asgi: ASGIApp, host: str, port: int, ready: Callable[[], None]) -> None:
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
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, server)
    announcing = loop.create_task(_announce(host, port, ready))
    await server.serve()
    announcing.cancel()


def _stop(server: Server) -> None:
    if server.interrupt_signal:
        os._exit(1)
    server.stop()  # type: ignore[no-untyped-call]  # Granian types none of its own


async def _announce(host: str, port: int, ready: Callable[[], None]) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(_POLL_SEC)
        else:
            writer.close()
            ready()
            return
