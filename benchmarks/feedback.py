"""Acknowledged reactions a second, with 50 clients: on SQLite with one worker, and on PostgreSQL with two.

A real `oo serve`, loopback, people with histories and open tips; every client reacts to one tip after the other over
HTTP, and each answer says that the reaction is on the disk (`synchronous=FULL`; PostgreSQL with `fsync`). Beside it, in
turns with it: the same reactions by the use case in process, from as many threads, and the rows that these write, as
many to a commit, on one bare connection. The ratio to that bare group commit holds on a noisy machine; rates do not.

    python benchmarks/feedback.py [--clients 50] [--rounds 3] [--slice 4] [--workers 2] [--only sqlite] [--json]
"""

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from people import fill, open_tip
from rows import Recorded, copy, recording, replayed_on_postgresql, replayed_on_sqlite
from targets import HERE, Done, Target, quantiles, rate, sent, started

from oo.adapters.sql.postgres import PostgresCommits
from oo.adapters.sql.postgres_session import PostgresSession
from oo.adapters.sql.sqlite import SqliteSession
from oo.adapters.sql.sqlite_commits import SqliteCommits
from oo.compose import compose
from oo.domain.facts import Reaction
from oo.settings import load_settings
from oo.usecases.app import App

sys.path.append(str(HERE.parent))
from tests.support.postgres_server import Postgres  # the tests' own server, and not a second way to start one

BUILD = HERE.parent / "build"
ROUTE = "/feedback"
BODIES = {ROUTE: ['{"tip_id": "%s", "reaction": "snooze", "snooze_until": "%s"}']}
PEOPLE, TASKS, DAYS = 200, 10, 10
WARM_UP_SEC = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A database to measure on: a store that is served, and an equal one for what runs in process."""

    served: str
    beside: str
    workers: int
    classes: tuple[Any, Any]
    bare: Callable[[Recorded], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A load, and the same without HTTP, and its rows alone."""

    done: Done
    in_process_a_sec: float
    bare_a_sec: float
    rows_a_reaction: float
    reactions_a_commit: float


def main() -> None:
    """Measure, and print what was found."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through every `finally`: no service outlives this
    BUILD.mkdir(exist_ok=True)
    found = {}
    grounds = {"sqlite": _sqlite, "postgresql": _postgresql}
    for name in options.only.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder,
            grounds[name](Path(folder), options) as ground,
        ):
            found[name] = measured(ground, options, Path(folder))
    print(json.dumps(found) if options.json else _table(found))  # the answer


def measured(ground: Ground, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Load the service, write the same in process, and write the rows alone, in turns; return the figures."""
    before, each = os.getloadavg()[0], PEOPLE * options.tips // (options.rounds + 1)
    tips = [open_tip(person, number) for number in range(options.tips) for person in range(PEOPLE)]
    warm_up, *portions = [tips[start : start + each] for start in range(0, each * (options.rounds + 1), each)]
    turns = []
    command: list[str | Path] = [Path(sys.executable).with_name("oo"), "serve", "--db", ground.served]
    many = ["--workers", str(ground.workers)] if ground.workers > 1 else []
    app = compose(load_settings(database=ground.beside))
    try:
        with started([*command, *many, "--port"], folder / "oo.log") as service:
            _over_http(service, warm_up, options, seconds=WARM_UP_SEC)
            for portion in portions:
                done = _over_http(service, portion, options, seconds=options.slice)
                turns.append(_turn(done, ground, app, portion[: len(done.every_ms)], options.clients))
    finally:
        app.close()
    return _figures(options, before, turns)


def _over_http(service: Target, tips: Sequence[str], options: argparse.Namespace, *, seconds: float) -> Done:
    plan = {"turns": [ROUTE], "bodies": BODIES, "connections": options.clients, "seconds": seconds}
    return sent(service, plan, tips=list(tips))


def _turn(done: Done, ground: Ground, app: App, tips: Sequence[str], clients: int) -> Turn:
    """Do in process what the service has done, and write its rows."""
    recorded = Recorded()
    now_ms = time.time_ns() // 1_000_000

    def react(tip_id: str) -> None:
        app.feedback(tip_id, Reaction.SNOOZE, now_ms=now_ms, snooze_until_ms=now_ms + 3_000)

    with recording(recorded, *ground.classes), ThreadPoolExecutor(clients) as pool:
        began = time.perf_counter()
        list(pool.map(react, tips))
        taken = time.perf_counter() - began
    return Turn(
        done=done,
        in_process_a_sec=len(tips) / taken,
        bare_a_sec=len(tips) / ground.bare(recorded),
        rows_a_reaction=sum(map(len, recorded.commits)) / len(tips),
        reactions_a_commit=len(tips) / len(recorded.commits),
    )


def _figures(options: argparse.Namespace, load_before: float, turns: Sequence[Turn]) -> dict[str, Any]:
    every = [turn.done for turn in turns]
    return {
        "load_average_before": round(load_before, 2),
        "clients": options.clients,
        "acknowledged": sum(len(done.every_ms) for done in every),
        "acknowledged_a_sec": _median(rate([done]) for done in every),
        "ms": quantiles([ms for done in every for ms in done.every_ms]),
        "in_process_a_sec": _median(turn.in_process_a_sec for turn in turns),
        "bare_group_commit_a_sec": _median(turn.bare_a_sec for turn in turns),
        "rows_a_reaction": _median(turn.rows_a_reaction for turn in turns),
        "reactions_a_commit": _median(turn.reactions_a_commit for turn in turns),
        "ratio_to_bare": _median(rate([turn.done]) / turn.bare_a_sec for turn in turns),
        "in_process_to_bare": _median(turn.in_process_a_sec / turn.bare_a_sec for turn in turns),
    }


def _median(figures: Iterable[float]) -> float:
    return float(f"{statistics.median(figures):.3g}")


@contextmanager
def _sqlite(folder: Path, options: argparse.Namespace) -> Iterator[Ground]:
    served, beside, bare = (folder / name for name in ("served.db", "beside.db", "bare.db"))
    fill(str(served), PEOPLE, TASKS, DAYS, options.tips)
    copy(served, beside)
    copy(served, bare)
    yield Ground(
        served=f"sqlite:///{served}",
        beside=f"sqlite:///{beside}",
        workers=1,
        classes=(SqliteSession, SqliteCommits),
        bare=lambda recorded: replayed_on_sqlite(bare, recorded),
    )


@contextmanager
def _postgresql(_: Path, options: argparse.Namespace) -> Iterator[Ground]:
    """Make three databases, by default on the server of the tests, which trusts its disk as any other does."""
    tempfile.tempdir = str(BUILD)  # its files are no use where the system may keep them in memory
    server = Postgres({"shared_buffers": "128MB", "wal_level": "replica"})
    try:
        server.start()
        server.wait_ready()
        names = ("served", "beside", "bare")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE served")
            fill(server.url("served"), PEOPLE, TASKS, DAYS, options.tips)
            connection.execute("CREATE DATABASE beside TEMPLATE served")
            connection.execute("CREATE DATABASE bare TEMPLATE served")
        served, beside, bare = map(server.url, names)
        yield Ground(
            served=served,
            beside=beside,
            workers=options.workers,
            classes=(PostgresSession, PostgresCommits),
            bare=lambda recorded: replayed_on_postgresql(bare, recorded),
        )
    finally:
        server.close()


def _table(found: Mapping[str, Any]) -> str:
    """Set the figures for people."""
    lines = [f"{'':26}" + "".join(f"{name:>26}" for name in found)]
    for line in next(iter(found.values())):
        cells = "".join(f"{_cell(each[line]):>26}" for each in found.values())
        lines.append(f"{line.replace('_', ' '):26}{cells}")
    return "\n".join(lines)


def _cell(figure: Any) -> str:
    return "/".join(f"{cut:g}" for cut in figure.values()) if isinstance(figure, dict) else f"{figure:g}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slice", type=float, default=4.0, help="Seconds of load a round, at most.")
    parser.add_argument("--tips", type=int, default=80, help="Open tips of each person.")
    parser.add_argument("--workers", type=int, default=2, help="Workers on PostgreSQL.")
    parser.add_argument("--only", default="sqlite,postgresql", help="Which stores, commas between.")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
