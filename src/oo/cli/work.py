"""oo work: a worker of the bus as a process of its own."""

import click

from oo.cli.shell import settings_for, with_store
from oo.domain.errors import InvalidSetting


@click.command()
@with_store
def work(*, db: str | None, as_json: bool) -> None:
    """Work for the bus in a process of its own. That needs PostgreSQL: an SQLite store has one writer."""
    del as_json
    settings_for(db)
    raise InvalidSetting(
        "A worker of its own needs PostgreSQL; an SQLite store has one writer.",
        "Run oo serve: with OO_BUS=nats://HOST:PORT the service publishes and listens itself.",
    )
