"""Serve a store in this process: the service over it, the worker of its bus, and the watch over its data."""

import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from oo.api.guard import own_hosts
from oo.api.log import set_up_log_by
from oo.api.metrics import Metrics
from oo.api.server import serve as serve_asgi
from oo.api.service import Limits, build
from oo.api.watch import watched
from oo.cli.duties import PUBLISHING, WATCHING
from oo.cli.shell import new_id, now_ms
from oo.compose import bus, duties, served
from oo.console import nowhere, overloaded, person, reference
from oo.settings import Settings
from oo.worker import Worker


def run(
    settings: Settings,
    host: str,
    port: int,
    *,
    announce: Callable[[str], None],
    leash: socket.socket | None = None,
    meters: Path | None = None,
) -> None:
    """Serve the store that the settings name until stopped; `announce` is told the address when it can be called.

    Where other processes serve at the same address, `leash` is what they are held by, and `meters` the folder of their
    meters.
    """
    with served(settings) as app, bus(settings) as reached, duties(settings) as mine:
        set_up_log_by(settings)
        metrics = Metrics(meters)
        worker = Worker(
            app=app,
            bus=reached,
            meters=metrics,
            clock=now_ms,
            listens=settings.bus_of_others(),
            publishes=partial(mine.has, PUBLISHING),
        )
        asgi = build(
            app,
            hosts=own_hosts(host, port),
            limits=Limits(
                body_bytes=settings.most_body_bytes,
                body_sec=settings.body_wait_sec,
                requests=settings.most_requests,
            ),
            clock=now_ms,
            new_id=new_id,
            pages=(person.router(app, clock=now_ms, new_id=new_id), reference.router(), nowhere.router()),
            metrics=metrics,
            trouble=worker.trouble,
            overloaded=overloaded.answer,
        )
        watch = watched(
            app, metrics, clock=now_ms, every_sec=settings.quality_every_sec, mine=partial(mine.has, WATCHING)
        )
        with worker, watch:
            serve_asgi(asgi, host, port, ready=lambda: announce(address_of(host, port)), leash=leash)


def address_of(host: str, port: int) -> str:
    """Return the URL of a service."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
