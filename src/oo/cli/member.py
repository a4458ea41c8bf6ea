"""One of several processes that serve at one address; `oo.cli.supervisor` starts it, by `python -m oo.cli.member`."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import click

from oo.api.metrics import METERS_OF_SEVERAL
from oo.cli.failure import reported
from oo.cli.serving import run
from oo.cli.supervisor import READY
from oo.settings import load_settings


@click.command()
@click.argument("host")
@click.argument("port", type=int)
@click.argument("leash", type=int)
def member(host: str, port: int, leash: int) -> None:
    """Serve at an address that others serve at too, until told to stop over the socket of that number."""
    with socket.socket(fileno=leash) as held:

        def say(_: str) -> None:
            with suppress(OSError):  # nobody is there any more, which is noticed anyway
                held.send(READY)

        run(load_settings(), host, port, announce=say, leash=held, meters=Path(os.environ[METERS_OF_SEVERAL]))


if __name__ == "__main__":
    sys.exit(reported(member))
