"""The loop, in process: recommendations and reactions per second, beside a bare group commit of the same rows.

One store on disk, `synchronous=FULL`, one writer thread. The statements that change rows are recorded while the loop
runs, and then replayed on a bare `sqlite3` connection with the same tables, as many to a commit as the store put there.
The ratio says what all that is oO costs on top of the rows themselves; it holds on a noisy machine, where the absolute
figures do not.

    python benchmarks/loop.py [--people 64] [--tasks 40] [--seconds 5] [--clients 1,32] [--json]
"""

import argparse
import itertools
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oo.adapters.sql import sqlite
from oo.adapters.sql.session import Row
from oo.adapters.sql.sqlite_commits import SqliteCommits
from oo.adapters.sql.writer import Change, Outcome
from oo.compose import compose
from oo.domain.facts import Reaction, TaskUpsert, UserFact
from oo.settings import load_settings
from oo.usecases.app import App

START_MS = 1_790_000_000_000
STEP_MS = 60_000
_CHANGES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class Recorded:
    """The changes of rows, commit by commit, in the order in which the store made them."""

    commits: list[list[tuple[str, Mapping[str, Any]]]] = field(default_factory=list)


def main() -> None:
    """Measure each number of clients in turn and print the table."""
    arguments = _arguments()
    clients = [int(number) for number in arguments.clients.split(",")]
    results = [measured(arguments.people, arguments.tasks, arguments.seconds, number) for number in clients]
    if arguments.json:
        print(json.dumps(results))  # the answer
        return
    for result in results:
        print(json.dumps(result, indent=2))  # the answer


def measured(people: int, tasks: int, seconds: float, clients: int) -> dict[str, Any]:
    """Run the loop with so many clients, then the bare replay of its rows, on the same disk."""
    with tempfile.TemporaryDirectory(prefix="oo-bench-") as folder:
        path = Path(folder) / "oo.db"
        app = compose(load_settings(database=f"sqlite:///{path}"))
        try:
            _settle(app, people, tasks)
            empty = Path(folder) / "bare.db"
            app.store.write(lambda _: None)
            _copy(path, empty)
            recorded = Recorded()
            with _recording(recorded):
                timed = _loop(app, people, seconds, clients)
        finally:
            app.close()
        bare_sec = replayed(empty, recorded)
    loop_sec = timed.pop("wall_sec")
    return {
        "clients": clients,
        **timed,
        "rows_a_commit": round(statistics.mean(map(len, recorded.commits)), 1),
        "loop_sec": round(loop_sec, 2),
        "bare_group_commit_sec": round(bare_sec, 2),
        "ratio_to_bare": round(loop_sec / bare_sec, 2),
    }


def replayed(path: Path, recorded: Recorded) -> float:
    """Run the recorded changes on a bare connection, commit by commit, and return the seconds it took."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=512)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")
    before = time.perf_counter()
    for changes in recorded.commits:
        connection.execute("BEGIN IMMEDIATE")
        for text, parameters in changes:
            connection.execute(text, parameters)
        connection.execute("COMMIT")
    taken = time.perf_counter() - before
    connection.close()
    return taken


def _settle(app: App, people: int, tasks: int) -> None:
    for number in range(people):
        user_id = f"p{number}"
        made = [
            TaskUpsert(
                user_id=user_id,
                task_id=f"k{task}",
                at_ms=START_MS,
                title=f"task {task}",
                priority=1 + task % 4,
            )
            for task in range(tasks)
        ]
        app.ingest([UserFact(user_id=user_id, at_ms=0, tz="Europe/Berlin"), *made], now_ms=START_MS)


def _loop(app: App, people: int, seconds: float, clients: int) -> dict[str, Any]:
    """Let each client recommend to its own people and answer, until the time is up."""
    recommended: list[float] = []
    answered: list[float] = []
    deadline = time.perf_counter() + seconds

    def client(number: int) -> None:
        mine = range(number, people, clients) if clients <= people else [number % people]
        for step, person in zip(itertools.count(1), itertools.cycle(mine), strict=False):
            now_ms = START_MS + step * STEP_MS
            before = time.perf_counter()
            if before > deadline:
                return
            tip = app.recommend(f"p{person}", now_ms=now_ms, tip_id=f"t-{number}-{step}", fresh=True).tip
            between = time.perf_counter()
            assert tip is not None, "a snooze is over before the next step"  # a broken benchmark
            app.feedback(tip.tip_id, Reaction.SNOOZE, now_ms=now_ms + 1, snooze_until_ms=now_ms + 2)
            recommended.append(between - before)
            answered.append(time.perf_counter() - between)

    before = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    wall = time.perf_counter() - before
    return {
        "wall_sec": wall,
        "pairs": len(answered),
        "recommend_and_feedback_a_sec": round(2 * len(answered) / wall),
        "recommend_ms": _quantiles(recommended),
        "feedback_ms": _quantiles(answered),
    }


def _quantiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50": round(cuts[49] * 1_000, 2), "p99": round(cuts[98] * 1_000, 2)}


@contextmanager
def _recording(recorded: Recorded) -> Iterator[None]:
    """Record every change of rows and where the commits fall, without touching what the store does."""
    run, commit = sqlite.SqliteSession.run, SqliteCommits.commit

    def recording_run(session: sqlite.SqliteSession, text: str, parameters: Mapping[str, Any]) -> list[Row]:
        if text.startswith(_CHANGES):
            recorded.commits[-1].append((text, dict(parameters)))
        return run(session, text, parameters)

    def recording_commit(commits: SqliteCommits, changes: Sequence[Change]) -> Sequence[Outcome]:
        recorded.commits.append([])
        return commit(commits, changes)

    sqlite.SqliteSession.run, SqliteCommits.commit = recording_run, recording_commit  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        sqlite.SqliteSession.run, SqliteCommits.commit = run, commit  # type: ignore[method-assign]


def _copy(path: Path, target: Path) -> None:
    source, destination = sqlite3.connect(path), sqlite3.connect(target)
    source.backup(destination)
    source.close()
    destination.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=64)
    parser.add_argument("--tasks", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", default="1,32", help="Numbers of clients, each measured in turn.")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
