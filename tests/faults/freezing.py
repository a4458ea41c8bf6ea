"""A server that stands still, as on a machine that hangs: its connections stay, and nothing comes over them."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.postgres import server
from tests.support.process import children_of


@contextmanager
def postgresql_stopped() -> Iterator[None]:
    """Stop every process of the server inside the block."""
    parent = server().program.pid
    os.kill(parent, signal.SIGSTOP)  # so that it starts no other meanwhile
    every = [parent, *(pid for pid, _ in children_of(parent))]
    try:
        for pid in every:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in every:
            os.kill(pid, signal.SIGCONT)
