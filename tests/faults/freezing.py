"""Stores that stand still: a server as on a machine that hangs, a file that another process writes to."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

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


@contextmanager
def sqlite_held(folder: Path) -> Iterator[None]:
    """Let no write of another process into the store of `folder` inside the block."""
    with closing(sqlite3.connect(folder / "oo.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
