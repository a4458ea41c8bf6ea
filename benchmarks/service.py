"""The service: latency under a load that does not wait for it, and throughput at saturation beside a bare route.

A real `oo serve`: one worker, loopback, a store on this disk, `synchronous=FULL`, people with histories. The load comes
from `load.py`, a process of its own. First so many requests a second at the times of a Poisson process, half of them
`/score` with 20 candidates, a quarter `/recommend`, a quarter `/feedback` on a tip just recommended; each is timed from
when it was due. Every reaction is a short snooze: it is learned from like any other, and leaves the task to be shown.
Beside it stand the same load on bare routes, and bare writes to the disk at such times: what none of oO's is.

Then as much as goes. A bare route (`bare.py`) validates the same body by the same model, and echoes it. The two take
turns, so that the ratio holds on a noisy machine, where the absolute figures do not. Last, the same calls in process
(`loop.py`), and their rows alone.

    python benchmarks/service.py [--rate 200] [--seconds 20] [--people 50] [--tasks 20] [--quick] [--json]
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from targets import CUTS, HERE, Done, Target, cpu_ms, quantiles, ran, rate, sent, started

BUILD = HERE.parent / "build"
CANDIDATES = 20
MIX = ("/score", "/recommend", "/score", "/feedback")
WARM_UP_SEC = 2.0
WANTED_P99_MS = 10.0
WRITTEN = bytes(16_384)
"""Of a bare write to the disk: about what the commit of a request appends to the log."""
_MADE_UP_TIPS = [f"t{number}" for number in range(50_000)]
Bodies: TypeAlias = Mapping[str, list[str]]


def main() -> None:
    """Measure, and print what was found."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # through every `finally`: no service outlives this
    # Not where the system keeps temporary files: that may be no disk.
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD) as folder:
        found = measured(options, Path(folder))
    print(json.dumps(found) if options.json else _table(found))  # the answer


def measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Fill a store in `folder`, start both services, load them, and return the figures."""
    before = os.getloadavg()[0]
    db = folder / "oo.db"
    ran(sys.executable, HERE / "people.py", db, options.people, options.tasks)
    bodies = _bodies(options.people)
    oo = Path(sys.executable).with_name("oo")
    with (
        started([sys.executable, HERE / "bare.py"], folder / "bare.log") as beside,
        started([oo, "serve", "--db", db, "--port"], folder / "oo.log") as service,
    ):
        open_loop = _open_loop(options, bodies, service, beside, folder)
        saturation = _saturation(options, bodies, service, beside)
    return {
        "processors": os.cpu_count(),
        "load_average_before": round(before, 2),
        "open_loop": open_loop,
        "saturation": saturation,
        "in_process": _in_process(options, saturation),
    }


def _open_loop(
    options: argparse.Namespace, bodies: Bodies, service: Target, beside: Target, folder: Path
) -> dict[str, Any]:
    """Load the service at a rate, and beside it the bare routes and the disk."""
    plan = {"turns": MIX, "bodies": bodies, "connections": 64, "rate": options.rate}
    floor_sec = max(options.seconds / 4, 2.0)
    disk = _disk_ms(folder, options.rate, floor_sec)
    echoed = sent(beside, plan, seconds=floor_sec, tips=_MADE_UP_TIPS)
    tips = sent(service, plan, turns=["/recommend"], connections=4, rate=None, seconds=1, tips=[]).tips
    tips = sent(service, plan, seconds=WARM_UP_SEC, tips=tips).tips
    done = sent(service, plan, seconds=options.seconds, tips=tips)
    disk += _disk_ms(folder, options.rate, floor_sec)
    every = quantiles(done.every_ms)
    return {
        "asked_a_sec": options.rate,
        "answered_a_sec": round(rate([done]), 1),
        "seconds": options.seconds,
        "errors": 0,
        "ms": {**{route: quantiles(ms) for route, ms in done.ms.items()}, "all": every},
        "bare_routes_ms": quantiles(echoed.every_ms),
        "disk_write_ms": quantiles(disk),
        "generator_late_ms": quantiles(done.late_ms),
        "cpu_ms": cpu_ms([done]),
        "bare_cpu_ms": cpu_ms([echoed]),
        "p99_under_10_ms": every["p99"] < WANTED_P99_MS,
    }


def _saturation(
    options: argparse.Namespace, bodies: Bodies, service: Target, beside: Target
) -> dict[str, Any]:
    """Load both services with all they can take, in turns, and compare them route by route."""
    slices: dict[str, list[tuple[Done, Done]]] = {route: [] for route in bodies}
    tips: list[str] = []
    for _ in range(options.rounds):
        for route, pairs in slices.items():
            plan = {
                "turns": [route],
                "bodies": bodies,
                "connections": options.connections,
                "seconds": options.slice,
            }
            echoed = sent(beside, plan, tips=_MADE_UP_TIPS)
            done = sent(service, plan, tips=tips)
            tips = done.tips
            pairs.append((done, echoed))
    return {route: _compared(pairs) for route, pairs in slices.items()}


def _compared(pairs: Sequence[tuple[Done, Done]]) -> dict[str, Any]:
    ours, echoed = [done for done, _ in pairs], [done for _, done in pairs]
    generator_sec = sum(done.generator_cpu_sec for done in echoed)
    return {
        "requests_a_sec": round(rate(ours)),
        "bare_requests_a_sec": round(rate(echoed)),
        "ratio_to_bare": round(rate(ours) / rate(echoed), 3),
        "ratio_by_round": [round(rate([done]) / rate([other]), 3) for done, other in pairs],
        "cpu_ms": cpu_ms(ours),
        "bare_cpu_ms": cpu_ms(echoed),
        "p50_ms": quantiles([ms for done in ours for ms in done.every_ms])["p50"],
        "generator_share": round(generator_sec / sum(done.wall_sec for done in echoed), 2),
    }


def _in_process(options: argparse.Namespace, saturation: Mapping[str, Any]) -> dict[str, Any]:
    """Run `loop.py` for as many people: the calls without HTTP, and their rows without oO."""
    command = [sys.executable, HERE / "loop.py", "--json", "--clients", options.connections]
    asked = ("--people", options.people, "--tasks", options.tasks, "--seconds", options.slice)
    (loop,) = json.loads(ran(*command, *asked))
    served = 2 / sum(1 / saturation[route]["requests_a_sec"] for route in ("/recommend", "/feedback"))
    alone = loop["recommend_and_feedback_a_sec"] * loop["ratio_to_bare"]
    return {
        "service_a_sec": round(served),
        "loop_a_sec": loop["recommend_and_feedback_a_sec"],
        "bare_group_commit_a_sec": round(alone),
        "ratio_to_bare_group_commit": round(alone / served, 2),
    }


def _bodies(people: int) -> Bodies:
    """Return what programs send about each person; `/feedback` has places for the tip and the end of a snooze."""
    chance = random.Random(1)
    ids = [f"p{number}" for number in range(people)]
    return {
        "/score": [json.dumps(_score(user_id, chance)) for user_id in ids],
        "/recommend": [json.dumps({"user_id": user_id, "fresh": True}) for user_id in ids],
        "/feedback": ['{"tip_id": "%s", "reaction": "snooze", "snooze_until": "%s"}'],
    }


def _score(user_id: str, chance: random.Random) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "candidates": [
            {
                "id": f"k{number}",
                "is_overdue": chance.random() < 0.2,
                "task_age_days": round(chance.uniform(0, 60), 2),
                "priority": chance.randint(1, 4),
                "category": "work",
            }
            for number in range(CANDIDATES)
        ],
        "context": {"hour_of_day": 9, "day_of_week": 2},
        "profile_features": {"completion_rate_30d": 0.4, "dismiss_rate_30d": 0.2, "preferred_hour": 9},
    }


def _disk_ms(folder: Path, rate: float, seconds: float) -> list[float]:
    """Write to the disk at the times of a Poisson process; return how long each write took from when it was due."""
    chance = random.Random(2)
    taken: list[float] = []
    with (folder / "disk").open("wb", buffering=0) as file:
        file.write(WRITTEN * 64)
        os.fsync(file.fileno())
        due = time.perf_counter()
        until = due + seconds
        while (due := due + chance.expovariate(rate)) < until:
            time.sleep(max(due - time.perf_counter(), 0))
            file.seek(len(taken) % 64 * len(WRITTEN))
            file.write(WRITTEN)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - due) * 1_000)
    return taken


def _table(found: Mapping[str, Any]) -> str:
    """Set the figures for people."""
    return "\n".join([*_latency_lines(found), "", *_throughput_lines(found)])


def _latency_lines(found: Mapping[str, Any]) -> Iterator[str]:
    loop = found["open_loop"]
    yield (
        f"{loop['asked_a_sec']:g} requests/s due for {loop['seconds']:g} s, {loop['answered_a_sec']}/s answered, "
        f"{loop['errors']} failed; {found['processors']} processors, load average {found['load_average_before']} before"
    )
    yield f"{'ms':28}" + "".join(f"{cut:>8}" for cut in CUTS)
    beside = {
        "the same on bare routes": loop["bare_routes_ms"],
        "a bare write to the disk": loop["disk_write_ms"],
        "how late requests left": loop["generator_late_ms"],
    }
    for name, cuts in {**loop["ms"], **beside}.items():
        yield f"{name:28}" + "".join(f"{cuts[cut]:8.2f}" for cut in CUTS)
    answer = "yes" if loop["p99_under_10_ms"] else "no"
    yield (
        f"p99 under {WANTED_P99_MS:g} ms: {answer}. "
        f"{loop['cpu_ms']} ms of CPU a request, {loop['bare_cpu_ms']} on bare routes"
    )


def _throughput_lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"{'as much as goes':16}{'requests/s':>12}{'bare':>8}{'ratio':>8}{'CPU ms':>9}{'bare':>8}{'generator':>11}"
    )
    for route, row in found["saturation"].items():
        yield (
            f"{route:16}{row['requests_a_sec']:12}{row['bare_requests_a_sec']:8}{row['ratio_to_bare']:8.2f}"
            f"{row['cpu_ms']:9.2f}{row['bare_cpu_ms']:8.2f}{row['generator_share']:11.0%}"
        )
    inside = found["in_process"]
    yield (
        f"/recommend and /feedback in turns {inside['service_a_sec']}/s; in process {inside['loop_a_sec']}/s; "
        f"their rows in a bare group commit {inside['bare_group_commit_a_sec']}/s, "
        f"{inside['ratio_to_bare_group_commit']} times the service's"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rate", type=float, default=200.0, help="Requests a second of the open loop.")
    parser.add_argument("--seconds", type=float, default=20.0, help="How long the open loop lasts.")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=20, help="Open tasks of each person.")
    parser.add_argument("--connections", type=int, default=32, help="Connections at saturation.")
    parser.add_argument("--slice", type=float, default=2.0, help="Seconds of each turn at saturation.")
    parser.add_argument("--rounds", type=int, default=3, help="Turns at saturation.")
    parser.add_argument("--quick", action="store_true", help="A fifth of the time, and one round.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.seconds, options.slice, options.rounds = options.seconds / 5, options.slice / 2, 1
    return options


if __name__ == "__main__":
    main()
