"""A bare writer: a process that holds an App over SQLite and does what it is asked through pipes until it is killed."""

import json
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from oo import worker
from oo.adapters.sql import sqlite
from oo.api import documents, recommender
from oo.compose import compose
from oo.domain.errors import InvalidFact, OoError
from oo.domain.facts import Reaction
from oo.domain.instant import parse_instant
from oo.ports import Transaction
from oo.settings import Settings
from oo.sources.event_log import parse_object
from oo.usecases.app import App
from tests.torture.calls import Call
from tests.torture.controls import apply
from tests.torture.filebus import FileBus
from tests.torture.load import POLICIES
from tests.torture.points import Death, Dying

OFFERS = frozenset({"/half"})
"""What it answers beside the API."""
DRAIN = "/drain"
_DRAIN_SEC = 30.0


@dataclass(frozen=True, slots=True)
class Life:
    """How a process is to live: where, without which defence, and when it ends itself, if it does."""

    folder: Path
    without: str | None
    death: Death | None


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
    """Answer calls until killed, or until nobody is there to ask."""
    bus = FileBus(life.folder / "bus.jsonl")
    if life.without is not None:
        apply(life.without, bus)
    _die_at(life.death, control)
    worker.POLL_SEC = 0.01
    app = compose(settings(life.folder))
    work = worker.Worker(app=app, bus=bus, meters=Unmetered(), clock=_now_ms, listens=False)
    with work:
        for pipe in pipes:
            threading.Thread(target=_answer, args=(app, pipe), daemon=True).start()
        control.send_bytes(b"ready")
        _answer(app, control)
    os._exit(0)


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


def _answer(app: App, pipe: Connection) -> None:
    try:
        while True:
            path, body = json.loads(pipe.recv_bytes())
            pipe.send_bytes(json.dumps(_answered(app, Call(path, body))).encode())
    except (EOFError, OSError):
        return  # whoever asked is gone


def _answered(app: App, call: Call) -> Any:
    do = _SCORE if call.path.startswith("/score/") else _DO[call.path]
    try:
        return do(app, call, _now_ms())
    except OoError as error:
        return {"error": {"code": type(error).__name__, "message": str(error)}}


def _signals(app: App, call: Call, now_ms: int) -> Any:
    return recommender._recorded(app, call.body, now_ms)


def _recommend(app: App, call: Call, now_ms: int) -> Any:
    tip_id = secrets.token_hex(8)
    return documents.recommendation(app.recommend(**call.body, now_ms=now_ms, tip_id=tip_id))


def _feedback(app: App, call: Call, now_ms: int) -> Any:
    body = call.body
    until = body.get("snooze_until")
    fate = app.feedback(
        body["tip_id"],
        Reaction(body["reaction"]),
        now_ms=now_ms,
        at_ms=parse_instant(body["at"]),
        snooze_until_ms=None if until is None else parse_instant(until),
    )
    return {"status": fate}


def _score(app: App, call: Call, now_ms: int) -> Any:
    body = {**call.body, "candidates": tuple(call.body["candidates"])}
    scored = app.score(**body, now_ms=now_ms, policy=call.path.removeprefix("/score/"))
    return {"scores": list(scored.scores), "chosen": scored.chosen}


def _reward(app: App, call: Call, now_ms: int) -> Any:
    return {"status": app.reward(**call.body, now_ms=now_ms)}


def _half(app: App, call: Call, now_ms: int) -> Any:
    """Record a fact and fail: nothing of it may stay, whatever else is committed with it."""

    def change(transaction: Transaction) -> None:
        app.ingest.within(transaction, [parse_object(call.body)], now_ms=now_ms)
        raise InvalidFact("It failed when it was half done.")

    app.store.write(change)


def _drain(app: App, _: Call, __: int) -> Any:
    until = time.monotonic() + _DRAIN_SEC
    while app.events.backlog().count and time.monotonic() < until:
        time.sleep(0.005)
    return {"left": app.events.backlog().count}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


_SCORE = _score
_DO: dict[str, Callable[[App, Call, int], Any]] = {
    "/signals": _signals,
    "/recommend": _recommend,
    "/feedback": _feedback,
    "/reward": _reward,
    "/half": _half,
    DRAIN: _drain,
}
