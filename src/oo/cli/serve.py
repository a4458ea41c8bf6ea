"""oo serve: the service, and the person's page."""

import functools
import ipaddress
import os

import click

from oo.api.log import set_up_log_by
from oo.api.server import free_port, shared_port
from oo.cli.serving import address_of, run
from oo.cli.shell import print_json, settings_for, with_store
from oo.cli.supervisor import supervise
from oo.domain.errors import InvalidSetting

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
@click.option(
    "--workers",
    default=1,
    show_default=True,
    type=click.IntRange(1),
    help="So many processes share the address. More than one need PostgreSQL.",
)
@with_store
def serve(host: str, port: int, workers: int, db: str | None, *, as_json: bool) -> int:
    """Serve the API and the pages on this machine until stopped; a stop finishes what is under way."""
    _check_loopback(host)
    settings = settings_for(db)
    say = announce_json if as_json else announce
    if workers == 1:
        run(settings, host, free_port(host, port), announce=say)
        return 0
    if not settings.on_postgresql():
        raise InvalidSetting(
            "More than one worker needs PostgreSQL; an SQLite store has one writer.", "Leave out --workers."
        )
    set_up_log_by(settings)
    with shared_port(host, port) as shared:
        return supervise(settings, host, shared, workers, lambda: say(address_of(host, shared)))


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
