"""A bare writer: a process that holds an App over SQLite and does what it is asked through pipes until it is killed."""

import ctypes
import json
import os
import sqlite3
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from oo import worker
from oo.adapters.sql import sqlite, sqlite_commits
from oo.compose import compose
from oo.settings import Settings
from tests.torture.acting import POLICIES
from tests.torture.calls import BUS, HALF, Call
from tests.torture.controls import apply
from tests.torture.doing import Doing, now
from tests.torture.filebus import FileBus
from tests.torture.points import Death, Dying

OFFERS = frozenset({BUS, HALF})
"""What it answers beside the API."""
WATCHED = b"watched"
"""What one is told that waits until it is watched."""
_OFTEN = 6
"""After so many commits one that is watched copies its log, so that power is lost in the midst of that, too."""
_SET_PTRACER, _ANYBODY = 0x59616D61, 2**64 - 1
"""What `prctl` calls the permission, and to whom it is given."""


@dataclass(frozen=True, slots=True)
class Life:
    """How a process is to live: where, without which defence, and when it ends itself, if it does.

    `exact` is the number of a life that is to be had again just so; see `Doing`.
    """

    folder: Path
    without: str | None
    death: Death | None
    exact: int | None
    watched: bool = False
    """Whether it waits until somebody watches it."""


class Unmetered:
    """Meters that count nothing."""

    def published(self, count: int) -> None:
        pass

    def received(self, fate: str, count: int) -> None:
        pass


def settings(folder: Path) -> Settings:
    """Return the settings of a store in a folder."""
    active, *shadows = POLICIES
    return Settings(
        database=f"sqlite:///{folder / 'oo.db'}", policy=active, shadows=tuple(shadows), bus="inprocess:"
    )


def live(life: Life, control: Connection, pipes: list[Connection]) -> None:
    """Answer calls until killed, or until nobody is there to ask; what is logged goes into a file beside the store."""
    with (life.folder / "victim.log").open("ab") as log:
        os.dup2(log.fileno(), sys.stderr.fileno())
    if life.watched:
        _let_watch()
        sqlite_commits._MANY = _OFTEN
        assert control.recv_bytes() == WATCHED
    bus = FileBus(life.folder / "bus.jsonl")
    if life.without is not None:
        apply(life.without, bus)
    _die_at(life.death, control)
    doing = Doing(compose(settings(life.folder)), bus, life.exact)
    with _publishing(doing):
        for pipe in pipes:
            threading.Thread(target=_answer, args=(doing, pipe), daemon=True).start()
        control.send_bytes(b"ready")
        _answer(doing, control)
    os._exit(0)


def _let_watch() -> None:
    """Allow a process that did not start this one to trace it, where Linux asks for that."""
    ctypes.CDLL(None).prctl(_SET_PTRACER, ctypes.c_ulong(_ANYBODY))


def _publishing(doing: Doing) -> AbstractContextManager[Any]:
    """Publish events on a thread of its own, where that may be left to chance."""
    if doing.exact is not None:
        return nullcontext()
    worker.POLL_SEC = 0.01
    return worker.Worker(app=doing.app, bus=doing.bus, meters=Unmetered(), clock=now, listens=False)


def _die_at(death: Death | None, control: Connection) -> None:
    """Let the connection that writes end this process at its point."""
    connect = sqlite._connect

    class Counted(Dying):
        pass

    Counted.death = death
    Counted.tell = staticmethod(lambda point: control.send_bytes(point.encode()))

    def connected(path: Path, mode: str) -> sqlite3.Connection:
        if mode != "rwc":
            return connect(path, mode)
        return sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=512, factory=Counted
        )

    sqlite._connect = connected


def _answer(doing: Doing, pipe: Connection) -> None:
    try:
        while True:
            call = Call(*json.loads(pipe.recv_bytes()))
            pipe.send_bytes(json.dumps(doing(call)).encode())
            doing.afterwards(call)
    except (EOFError, OSError):
        return  # whoever asked is gone
