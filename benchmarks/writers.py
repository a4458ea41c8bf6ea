"""Reactions recorded a second on one PostgreSQL by one process and by several, and how many had to be made again.

In process, without HTTP: each process reacts to its share of the tips, from as many threads as its share of the
clients. Each count of processes has its own turn in each round; the ratio to one process holds on a noisy machine.

    python benchmarks/writers.py [--processes 1,2] [--people 200] [--clients 50] [--rounds 3] [--json]
"""

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from people import fill, open_tip
from targets import HERE

from oo.adapters.sql.postgres import PostgresCommits
from oo.adapters.sql.writer import Change, Outcome
from oo.compose import compose
from oo.domain.facts import Reaction
from oo.settings import load_settings

sys.path.append(str(HERE.parent))
from tests.support.postgres_server import Postgres  # the tests' own server, and not a second way to start one

TASKS, DAYS = 10, 10
WAIT_SEC = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What one process did: when it began and ended, and how many changes it ran for how many that were recorded."""

    began: float
    ended: float
    recorded: int
    run: int


def main() -> None:
    """Measure, and print what was found."""
    options = _options()
    counts = [int(count) for count in options.processes.split(",")]
    tempfile.tempdir = str(HERE.parent / "build")  # a server in memory would commit for nothing
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    server = Postgres({"shared_buffers": "128MB", "wal_level": "replica"})
    try:
        server.start()
        server.wait_ready()
        every = options.reactions * options.rounds * len(counts)
        each = -(-every // options.people)
        fill(server.url(), options.people, TASKS, DAYS, each)
        tips = [open_tip(person, number) for number in range(each) for person in range(options.people)]
        random.Random(1).shuffle(tips)  # anybody's tip may come to any process
        turns: dict[int, list[list[Done]]] = {count: [] for count in counts}
        for _ in range(options.rounds):
            for count in counts:
                mine, tips = tips[: options.reactions], tips[options.reactions :]
                turns[count].append(_turn(server.url(), mine, count, options.clients))
    finally:
        server.close()
    found = {str(count): _figures(turns[count], turns[counts[0]]) for count in counts}
    print(json.dumps(found) if options.json else _table(found))  # the answer


def _turn(url: str, tips: Sequence[str], processes: int, clients: int) -> list[Done]:
    context = multiprocessing.get_context("spawn")
    ready, answers = context.Barrier(processes), context.SimpleQueue()
    begun = [
        context.Process(
            target=_react, args=(url, tips[number::processes], clients // processes, ready, answers)
        )
        for number in range(processes)
    ]
    for process in begun:
        process.start()
    done = [answers.get() for _ in begun]
    for process in begun:
        process.join(WAIT_SEC)
    return done


def _react(url: str, tips: Sequence[str], clients: int, ready: Barrier, answers: Any) -> None:
    """React to tips, counting what was run for it."""
    run: list[int] = []
    transact = PostgresCommits._transact  # noqa: SLF001  # what is counted has no other name

    def counting(
        self: PostgresCommits, connection: Any, changes: Sequence[Change], *, alone: bool
    ) -> list[Outcome | None]:
        run.append(len(changes))
        return transact(self, connection, changes, alone=alone)

    PostgresCommits._transact = counting  # type: ignore[method-assign]  # noqa: SLF001
    app = compose(load_settings(database=url))
    now_ms = time.time_ns() // 1_000_000

    def react(tip_id: str) -> None:
        app.feedback(tip_id, Reaction.SNOOZE, now_ms=now_ms, snooze_until_ms=now_ms + 3_000)

    try:
        with ThreadPoolExecutor(clients) as pool:
            ready.wait(WAIT_SEC)
            began = time.monotonic()
            list(pool.map(react, tips))
            ended = time.monotonic()
    finally:
        app.close()
    answers.put(Done(began=began, ended=ended, recorded=len(tips), run=sum(run)))


def _figures(turns: Sequence[Sequence[Done]], first: Sequence[Sequence[Done]]) -> dict[str, float]:
    recorded = sum(each.recorded for turn in turns for each in turn)
    ratios = [_rate(turn) / _rate(before) for turn, before in zip(turns, first, strict=True)]
    return {
        "reactions_a_sec": round(statistics.median(map(_rate, turns)), 1),
        "ratio_to_the_first": round(statistics.median(ratios), 2),
        "runs_a_reaction": round(sum(each.run for turn in turns for each in turn) / recorded, 3),
    }


def _rate(turn: Sequence[Done]) -> float:
    seconds = max(each.ended for each in turn) - min(each.began for each in turn)
    return sum(each.recorded for each in turn) / seconds


def _table(found: dict[str, dict[str, float]]) -> str:
    names = next(iter(found.values()))
    rows = [_row(name, [each[name] for each in found.values()]) for name in names]
    return "\n".join([_row("processes", found), *rows])


def _row(name: str, cells: Iterable[object]) -> str:
    return f"{name.replace('_', ' '):24}" + "".join(f"{cell!s:>12}" for cell in cells)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--processes", default="1,2", help="How many processes, commas between.")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument(
        "--clients", type=int, default=50, help="Threads that react, in all processes together."
    )
    parser.add_argument("--reactions", type=int, default=2_000, help="A turn.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
