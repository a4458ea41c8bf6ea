"""oo work: a worker of the bus as a process of its own."""

import os
import queue
import signal
from functools import partial

import click

from oo.api.log import set_up_log_by
from oo.api.metrics import Metrics
from oo.cli.duties import PUBLISHING
from oo.cli.shell import now_ms, opened, print_json, settings_for, with_store
from oo.compose import bus, duties
from oo.domain.errors import InvalidSetting
from oo.settings import Settings
from oo.worker import Worker

_STOP = (signal.SIGTERM, signal.SIGINT)


@click.command()
@with_store
def work(*, db: str | None, as_json: bool) -> None:
    """Publish and listen in a process of its own until stopped. That needs PostgreSQL and NATS."""
    settings = settings_for(db)
    _check(settings)
    set_up_log_by(settings)
    stop = _stop_asked()
    with (
        opened(db) as app,
        bus(settings) as reached,
        duties(settings) as mine,
        Worker(
            app=app,
            bus=reached,
            meters=Metrics(),
            clock=now_ms,
            listens=True,
            publishes=partial(mine.has, PUBLISHING),
        ),
    ):
        if as_json:
            print_json({"pid": os.getpid()})
        else:
            click.echo("oO works for the bus. Ctrl+C stops it.")
        stop.get()


def _stop_asked() -> "queue.SimpleQueue[int]":
    """Return a queue into which a first SIGTERM or SIGINT is put; a second one ends the process at once.

    That loses nothing: what was acknowledged is committed, and the rest comes again.
    """
    asked: queue.SimpleQueue[int] = queue.SimpleQueue()
    seen: list[int] = []

    def on_signal(number: int, _: object) -> None:
        if seen:
            os._exit(1)
        seen.append(number)
        asked.put(number)  # of all that wakes a thread, this alone may be done in the midst of anything

    for number in _STOP:
        signal.signal(number, on_signal)
    return asked


def _check(settings: Settings) -> None:
    if not settings.database.startswith("postgresql://"):
        raise InvalidSetting(
            "A worker of its own needs PostgreSQL; an SQLite store has one writer.",
            "Run oo serve: with OO_BUS=nats://HOST:PORT the service publishes and listens itself.",
        )
    if not settings.bus_of_others():
        raise InvalidSetting(
            "A worker of its own needs a bus outside of the process.", "Name it: OO_BUS=nats://HOST:PORT"
        )
