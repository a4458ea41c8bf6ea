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
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from rows import Recorded, copy, recording, replayed_on_sqlite

from oo.adapters.sql.sqlite import SqliteSession
from oo.adapters.sql.sqlite_commits import SqliteCommits
from oo.compose import compose
from oo.domain.facts import Reaction, TaskUpsert, UserFact
from oo.settings import load_settings
from oo.usecases.app import App

START_MS = 1_790_000_000_000
STEP_MS = 60_000


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
            copy(path, empty)
            recorded = Recorded()
            with recording(recorded, SqliteSession, SqliteCommits):
                timed = _loop(app, people, seconds, clients)
        finally:
            app.close()
        bare_sec = replayed_on_sqlite(empty, recorded)
    loop_sec = timed.pop("wall_sec")
    return {
        "clients": clients,
        **timed,
        "rows_a_commit": round(statistics.mean(map(len, recorded.commits)), 1),
        "loop_sec": round(loop_sec, 2),
        "bare_group_commit_sec": round(bare_sec, 2),
        "ratio_to_bare": round(loop_sec / bare_sec, 2),
    }


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
