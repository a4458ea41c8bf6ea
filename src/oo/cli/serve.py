"""oo serve: the service, and the person's page."""

import functools
import ipaddress
import os
from collections.abc import Callable

import click

from oo.api.guard import own_hosts
from oo.api.log import set_up_log_by
from oo.api.metrics import Metrics
from oo.api.server import free_port
from oo.api.server import serve as serve_asgi
from oo.api.service import Limits, build
from oo.api.watch import watched
from oo.cli.shell import new_id, now_ms, print_json, settings_for, with_store
from oo.compose import bus, served
from oo.console import nowhere, person, reference
from oo.domain.errors import InvalidSetting
from oo.ports import Bus
from oo.settings import Settings
from oo.usecases.app import App
from oo.worker import Worker

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8000


@click.command()
@click.option("--host", default=LOOPBACK, show_default=True, help="The loopback address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 takes any free one.",
)
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="More need PostgreSQL.")
@with_store
def serve(host: str, port: int, workers: int, db: str | None, *, as_json: bool) -> None:
    """Serve the API and the pages on this machine until stopped; a stop finishes what is under way."""
    _check_loopback(host)
    if workers > 1:
        raise InvalidSetting(
            "More than one worker needs PostgreSQL; an SQLite store has one writer.", "Leave out --workers."
        )
    port = free_port(host, port)
    run(settings_for(db), host, port, announce=announce_json if as_json else announce)


def run(settings: Settings, host: str, port: int, *, announce: Callable[[str], None]) -> None:
    """Serve the store that the settings name until stopped; `announce` is told the address when it can be called."""
    with served(settings) as app, bus(settings) as reached:
        _serve(app, reached, settings, host, port, announce)


def _serve(
    app: App, reached: Bus, settings: Settings, host: str, port: int, announce: Callable[[str], None]
) -> None:
    set_up_log_by(settings)
    metrics = Metrics()
    worker = Worker(app=app, bus=reached, meters=metrics, clock=now_ms, listens=settings.bus_of_others())
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
    )
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    with worker, watched(app, metrics, clock=now_ms, every_sec=settings.quality_every_sec):
        serve_asgi(asgi, host, port, ready=lambda: announce(address))


def announce(address: str, *, err: bool = False) -> None:
    """Say to people where the service is; `err`: on standard error, because standard output has its answer already."""
    say = functools.partial(click.echo, err=err)
    say(f"oO serves at {address}")
    say(f"  the page  {address}/")
    say(f"  the API   {address}/docs")
    say("No access control is set up, so it answers on this machine alone, to its own pages and programs.")
    say("Ctrl+C stops it.")


def announce_json(address: str) -> None:
    """Say to a program where the service is."""
    print_json({"address": address, "page": f"{address}/", "api": f"{address}/docs", "pid": os.getpid()})


def _check_loopback(host: str) -> None:
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise InvalidSetting(
            f"{host} is not a loopback address, and no access control is set up.",
            "Serve on 127.0.0.1 or ::1; whoever reaches another address could read and change everything.",
        )
