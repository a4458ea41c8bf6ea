"""Features: one person's read beside Feast and beside bare SQLite, what an event costs, and a join for training.

Read: the first five batched features of one person, in process, all within their TTL, over a catalogue that has no
others. oO's whole use case; Feast's `get_online_features` on its SQLite online store, and the `to_dict` that gives the
values; one prepared SELECT over a read-only connection, whose rows become a dictionary. All three hold the same people
and values, and read in turns, so that ratios hold on a noisy machine.

Event: a person's reaction to a tip is ingested, and the profile computed anew in its transaction, with so many tips in
the window. Beside it that computation alone, without the commit.

Join: Feast's `get_historical_features` on its DuckDB offline store, over so many tips and rows of a spine.

Feast lives in an environment of its own, which `make peer` makes. Where it is missing, its figures are left out.

    python benchmarks/features.py [--quick] [--json]
"""

import argparse
import itertools
import json
import math
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oo.adapters.sql.sqlite import SqliteStore
from oo.compose import build_app, build_learner
from oo.domain.facts import Fact, Reaction, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.settings import load_settings
from oo.usecases.app import App

HERE = Path(__file__).parent
BUILD = HERE.parent / "build"
PEER = BUILD / "peer" / "bin" / "python"
NO_PEER = "Feast is not installed, so that its figures are left out. To have them: make peer"
NOW_MS = 1_790_000_000_000
WANTED_TIMES_FEAST = 8.0
WANTED_TIMES_BARE = 4.0
FEEDBACK = "signals.tip.feedback"
NAMES = tuple(each.name for each in CATALOG if each.freshness == "batched")[:5]
_BARE = "SELECT name, value FROM user_profile_features WHERE user_id = ?"
_ANSWERS = (Reaction.DONE, Reaction.SNOOZE, Reaction.DISMISS, Reaction.DONE)


@dataclass(frozen=True, slots=True)
class Peer:
    """Feast, in a process of its own."""

    process: subprocess.Popen[str]

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send a request to `feast_peer.py` and return its answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"do": do, **request}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        assert line, "Feast failed: see the log above"
        answer: dict[str, Any] = json.loads(line)
        return answer


def main() -> None:
    """Measure, and print what was found."""
    options = _options()
    BUILD.mkdir(exist_ok=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=BUILD)))
        peer = stack.enter_context(_peer(folder)) if PEER.exists() else None
        if peer is None:
            print(NO_PEER, file=sys.stderr)
        found = {
            "processors": os.cpu_count(),
            "read": read(options, folder, peer),
            "event": [event(options, folder, tips) for tips in options.tips],
            "join": joined(options, folder, peer) if peer else None,
        }
    print(json.dumps(found) if options.json else "\n".join(_lines(found)))  # the answer


def read(options: argparse.Namespace, folder: Path, peer: Peer | None) -> dict[str, Any]:
    """Read one person after the other in each of the ways, in turns."""
    ids = [f"p{number}" for number in range(options.people)]
    with _app(folder / "read.db") as app, closing(_read_only(folder / "read.db")) as bare:
        for number, user_id in enumerate(ids):
            _live(app, user_id, 20 + number % 20)
        values = {user_id: app.profiles.get(user_id, now_ms=NOW_MS).values() for user_id in ids}
        assert all(app.profiles.stored(user_id, now_ms=NOW_MS).is_current for user_id in ids)
        ways: dict[str, Callable[[Sequence[str]], list[float]]] = {
            "oo": lambda people: _each(lambda user_id: app.profiles.get(user_id, now_ms=NOW_MS), people),
            "bare": lambda people: _each(lambda user_id: _bare_read(bare, user_id), people),
        }
        assert _bare_read(bare, ids[0]) == values[ids[0]]
        if peer:
            peer.ask(
                "load",
                names=NAMES,
                people={user_id: list(each.values()) for user_id, each in values.items()},
                at_ms=NOW_MS,
            )
            assert peer.ask("read", people=ids[:1])["last"] == {"user_id": ids[0], **values[ids[0]]}
            ways["feast"] = lambda people: peer.ask("read", people=people)["us"]
        turns = [{way: take(ids) for way, take in ways.items()} for _ in range(options.rounds + 1)][1:]
    return _compared(turns)


def _compared(turns: Sequence[Mapping[str, list[float]]]) -> dict[str, Any]:
    """Return the quantiles of each way, and the medians of the ratios of each turn's medians."""
    all_us = {way: list(itertools.chain.from_iterable(turn[way] for turn in turns)) for way in turns[0]}
    middles = [{way: statistics.median(us) for way, us in turn.items()} for turn in turns]
    bare = statistics.median(turn["oo"] / turn["bare"] for turn in middles)
    found: dict[str, Any] = {
        "features": len(NAMES),
        "reads": len(all_us["oo"]),
        "us": {way: _quantiles(us) for way, us in all_us.items()},
        "times_bare": round(bare, 2),
        "within_wanted_times_bare": bare <= WANTED_TIMES_BARE,
    }
    if "feast" in all_us:
        feast = statistics.median(turn["feast"] / turn["oo"] for turn in middles)
        found["times_faster_than_feast"] = round(feast, 1)
        found["as_fast_as_wanted"] = feast >= WANTED_TIMES_FEAST
    return found


def event(options: argparse.Namespace, folder: Path, tips: int) -> dict[str, Any]:
    """Let reactions come to tips that have none yet, among so many in the window of each person."""
    people = math.ceil(options.events / (tips // 2))
    with _app(folder / f"event-{tips}.db") as app:
        waiting = [tip_id for number in range(people) for tip_id in _live(app, f"p{number}", tips)]
        for number in range(people):
            app.profiles.get(f"p{number}", now_ms=NOW_MS)
        reactions = [
            TipFeedback(
                user_id=tip_id.partition("-")[0], tip_id=tip_id, at_ms=NOW_MS + number, reaction=Reaction.DONE
            )
            for number, tip_id in enumerate(waiting[: options.events])
        ]
        event_us = _each(lambda fact: app.ingest([fact], now_ms=fact.at_ms), reactions)
        alone_us = [_recomputed_us(app, fact) for fact in reactions]
    return {
        "tips": tips,
        "events": len(reactions),
        "event_us": _quantiles(event_us),
        "recompute_us": _quantiles(alone_us),
    }


def _recomputed_us(app: App, fact: TipFeedback) -> float:
    """Compute and write what a reaction touches, in a transaction that is open already."""
    names = [each.name for each in app.registry.touched_by(FEEDBACK)]
    return app.store.write(
        lambda transaction: _us(
            lambda: app.profiles.recompute(transaction, fact.user_id, names, now_ms=NOW_MS + DAY // 24)
        )
    )


def joined(options: argparse.Namespace, folder: Path, peer: Peer) -> dict[str, Any]:
    """Join a spine with the last row of each person before it; the values are made up, and cost no more nor less."""
    file = folder / "join.npz"
    np.savez(file, allow_pickle=False, **history(options.joined_tips, options.spine))
    answer = peer.ask("join", file=str(file), names=NAMES, repeats=options.repeats + 1)
    sec = answer.pop("sec")[1:]
    return {**answer, "feast_sec": {"p50": round(statistics.median(sec), 3), "max": round(max(sec), 3)}}


def history(tips: int, spine: int) -> dict[str, Any]:
    """Return a row a tip, a hundred tips a person in a hundred days, and a spine over those days and the one before.

    `people`, `at_ms`, `spine_people`, `spine_at_ms`: int64[tips] or int64[spine]. Each feature: float64[tips].
    """
    chance = np.random.default_rng(1)
    people = tips // 100
    began_ms = NOW_MS - 100 * DAY
    return {
        "people": np.repeat(np.arange(people), 100),
        "at_ms": began_ms + (np.tile(np.arange(100), people) * DAY) + chance.integers(0, DAY, people * 100),
        "spine_people": chance.integers(0, people, spine),
        "spine_at_ms": chance.integers(began_ms - DAY, NOW_MS, spine),
        **{name: chance.random(people * 100) for name in NAMES},
    }


@contextmanager
def _app(path: Path) -> Iterator[App]:
    """Open a store whose catalogue has no other batched features than the measured ones."""
    settings = load_settings(database=f"sqlite:///{path}")
    registry = Registry(each for each in CATALOG if each.freshness != "batched" or each.name in NAMES)
    app = build_app(SqliteStore.open(path, registry), registry, build_learner(settings, registry), settings)
    try:
        yield app
    finally:
        app.close()


def _live(app: App, user_id: str, tips: int) -> list[str]:
    """Serve a person so many tips over 29 days, every other one answered; return those that are not."""
    facts: list[Fact] = [UserFact(user_id=user_id, at_ms=0, tz="Europe/Berlin")]
    waiting = []
    for number in range(tips):
        tip_id, at_ms = f"{user_id}-{number}", NOW_MS - 29 * DAY + number * (29 * DAY // tips)
        facts.append(TipServed(user_id=user_id, tip_id=tip_id, at_ms=at_ms, candidate_id=f"k{number}"))
        if number % 2:
            waiting.append(tip_id)
        else:
            answer = _ANSWERS[number // 2 % len(_ANSWERS)]
            facts.append(TipFeedback(user_id=user_id, tip_id=tip_id, at_ms=at_ms + 60_000, reaction=answer))
    app.ingest(facts, now_ms=NOW_MS)
    return waiting


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)


def _bare_read(connection: sqlite3.Connection, user_id: str) -> dict[str, Any]:
    return dict(connection.execute(_BARE, (user_id,)).fetchall())


@contextmanager
def _peer(folder: Path) -> Iterator[Peer]:
    """Run Feast inside the block; what it has to say while it fails goes to standard error."""
    place = folder / "feast"
    place.mkdir()
    with (
        (folder / "feast.log").open("w+") as log,
        subprocess.Popen(  # noqa: S603  # our own
            [PEER, HERE / "feast_peer.py", place],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield Peer(process)
        except AssertionError:
            log.seek(0)
            print(log.read(), file=sys.stderr)
            raise
        finally:
            process.terminate()


def _each(do: Callable[[Any], object], things: Sequence[Any]) -> list[float]:
    """Return how long each thing took in µs."""
    taken = []
    for thing in things:
        before = time.perf_counter()
        do(thing)
        taken.append((time.perf_counter() - before) * 1_000_000)
    return taken


def _us(do: Callable[[], object]) -> float:
    before = time.perf_counter()
    do()
    return (time.perf_counter() - before) * 1_000_000


def _quantiles(us: Sequence[float]) -> dict[str, float]:
    ordered = sorted(us)
    return {f"p{cut}": round(ordered[math.ceil(cut / 100 * len(ordered)) - 1], 1) for cut in (50, 99)}


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Set the figures for people."""
    yield from _read_lines(found["read"])
    yield ""
    yield f"{'a reaction, with tips in the window':40}{'p50':>10}{'p99':>10}{'recompute p50':>16}{'p99':>10}"
    for row in found["event"]:
        event_us, alone_us = row["event_us"], row["recompute_us"]
        yield (
            f"{row['tips']:>12,}{'µs':>28}{event_us['p50']:10,.0f}{event_us['p99']:10,.0f}"
            f"{alone_us['p50']:16,.0f}{alone_us['p99']:10,.0f}"
        )
    if found["join"]:
        yield ""
        yield from _join_lines(found["join"])


def _read_lines(row: Mapping[str, Any]) -> Iterator[str]:
    named = {"oo": "oO", "bare": "bare SQLite", "feast": "Feast"}
    yield f"{row['features']} features of one person{'µs':>16}{'p50':>10}{'p99':>10}"
    for way, cuts in row["us"].items():
        yield f"{named[way]:40}{cuts['p50']:10.1f}{cuts['p99']:10.1f}"
    yield f"oO takes {row['times_bare']} times as long as bare; wanted: {WANTED_TIMES_BARE:g} at most"
    if "feast" in row["us"]:
        yield f"oO is {row['times_faster_than_feast']} times as fast as Feast; wanted: {WANTED_TIMES_FEAST:g}"


def _join_lines(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{row['rows']:,} rows joined to a spine of {row['spine']:,}: Feast {row['feast_sec']['p50']} s"
    yield f"Feast returned {row['returned']:,} rows, {row['without']:,} of them without any value"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=100, help="People who are read in each turn.")
    parser.add_argument("--rounds", type=int, default=60, help="Turns of reading.")
    parser.add_argument("--events", type=int, default=200, help="Reactions at each number of tips.")
    parser.add_argument("--tips", type=int, nargs="+", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--joined-tips", type=int, default=100_000)
    parser.add_argument("--spine", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7, help="Joins.")
    parser.add_argument("--quick", action="store_true", help="A fifth of the turns, events and joins.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.events, options.repeats = options.rounds // 5, options.events // 5, 2
    return options


if __name__ == "__main__":
    main()
