"""Features: one person's read beside Feast and beside bare SQLite, what an event costs, and a join for training.

Read: the first five batched features of one person, in process, all within their TTL, over a catalogue that has no
others. oO's whole use case; Feast's `get_online_features` on its SQLite online store, and the `to_dict` that gives the
values; one prepared SELECT over a read-only connection, whose rows become a dictionary. All three hold the same people
and values, and read in turns, so that ratios hold on a noisy machine.

Event: a person's reaction to a tip is ingested, and the profile computed anew in its transaction, with so many tips in
the window. Beside it that computation alone, without the commit.

Join: oO's training sets on DuckDB, where the event tables lie, beside Feast's `get_historical_features` on its DuckDB
offline store, whose rows lie in a Parquet file: over so many tips and rows of a spine, in turns. oO aggregates 30 days
of events for each row, Feast looks up the last of the rows that were computed before. What it takes to copy the events
from the store is told apart, and so is the whole way to a set on the disk.

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

import duckdb
import numpy as np

from oo.adapters.sql.duckdb import DuckDb
from oo.adapters.sql.sqlite import SqliteStore
from oo.compose import build_app, build_learner
from oo.domain.facts import Fact, Reaction, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.pipelines.training_set import Request, build
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
            "join": joined(options, folder, peer),
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


def joined(options: argparse.Namespace, folder: Path, peer: Peer | None) -> dict[str, Any]:
    """Join a spine with what was so of each person by then, in turns; Feast's values are made up, at no other cost."""
    past, file = history(options.joined_tips, options.spine), folder / "join.npz"
    np.savez(file, allow_pickle=False, **past)
    points = [(f"p{person}", int(at_ms)) for person, at_ms in zip(*_of_spine(past), strict=True)]
    request = Request(spine=folder / "spine.parquet", out=folder / "set.parquet")
    _write_spine(request.spine, points)
    turns: list[dict[str, float]] = []
    feast: dict[str, Any] = {}
    with _app(folder / "join.db") as app, closing(DuckDb()) as engine:
        _live_on(app, past)
        load_us = _us(lambda: _copied(app, engine, request.spine))
        for _ in range(options.repeats + 1):
            turns.append({"oo": _us(lambda: engine.compute(app.registry.batched)) / 1_000_000})
            if peer:
                feast = peer.ask("join", file=str(file), names=NAMES, repeats=2)
                turns[-1]["feast"] = feast.pop("sec")[-1]
        whole_us = _us(lambda: build(app, engine, request, now_ms=NOW_MS))
        returned = _checked(app, request.out, points)
    return {
        "tips": len(past["people"]),
        "spine": len(points),
        "oo": {"load_sec": round(load_us / 1_000_000, 3), "whole_sec": round(whole_us / 1_000_000, 3)}
        | {"returned": returned},
        "feast": feast,
        **_of_turns(turns[1:]),
    }


def _copied(app: App, engine: DuckDb, spine: Path) -> None:
    """Copy the events of a spine's people from the store."""
    engine.take_spine(spine, NAMES)
    people = engine.people()
    while people:
        read, rows = app.histories.events(people)
        engine.add_events(rows)
        people = people[read:]


def _checked(app: App, file: Path, points: Sequence[tuple[str, int]]) -> int:
    """Return how many rows a set has: all of them, in order, and some of them held against the store."""
    returned = duckdb.execute("SELECT * FROM read_parquet($1)", [str(file)]).fetchall()
    assert [row[:2] for row in returned] == points, "a row is lost, or out of its place"
    for user_id, at_ms, *values in returned[:: len(returned) // 20]:
        assert values == list(app.profiles.as_of(user_id, at_ms=at_ms).values().values())
    return len(returned)


def _of_turns(turns: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    sec = {way: [turn[way] for turn in turns] for way in turns[0]}
    found: dict[str, Any] = {
        "join_sec": {
            way: {"p50": round(statistics.median(each), 3), "max": round(max(each), 3)}
            for way, each in sec.items()
        }
    }
    if "feast" in sec:
        times = statistics.median(turn["feast"] / turn["oo"] for turn in turns)
        found |= {"times_faster_than_feast": round(times, 1), "as_fast_as_wanted": times >= 1}
    return found


def _of_spine(past: Mapping[str, Any]) -> tuple[Any, Any]:
    return past["spine_people"], past["spine_at_ms"]


def _write_spine(file: Path, points: Sequence[tuple[str, int]]) -> None:
    people, instants = zip(*points, strict=True)
    duckdb.execute(
        f"COPY (SELECT unnest($1) AS user_id, unnest($2) AS at_ms) TO '{file}' (FORMAT parquet)",
        [list(people), list(instants)],
    )


def _live_on(app: App, past: Mapping[str, Any]) -> None:
    """Serve the tips of a past, every other one answered a minute later."""
    for person, served in itertools.groupby(
        zip(past["people"], past["at_ms"], strict=True), key=lambda tip: int(tip[0])
    ):
        user_id = f"p{person}"
        facts: list[Fact] = [UserFact(user_id=user_id, at_ms=0, tz="Europe/Berlin")]
        for number, (_, at_ms) in enumerate(served):
            tip_id = f"{user_id}-{number}"
            facts.append(TipServed(user_id=user_id, tip_id=tip_id, at_ms=int(at_ms), candidate_id="k"))
            if number % 2:
                answer = _ANSWERS[number // 2 % len(_ANSWERS)]
                facts.append(
                    TipFeedback(user_id=user_id, tip_id=tip_id, at_ms=int(at_ms) + 60_000, reaction=answer)
                )
        app.ingest(facts, now_ms=NOW_MS)


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
    oo, sec = row["oo"], row["join_sec"]
    yield f"{row['tips']:,} tips joined to a spine of {row['spine']:,}"
    yield f"oO {sec['oo']['p50']} s, {oo['returned']:,} rows"
    yield f"oO copies the events in {oo['load_sec']} s; all of it, to a set on the disk, takes {oo['whole_sec']} s"
    if "feast" in sec:
        feast = row["feast"]
        yield f"Feast {sec['feast']['p50']} s, {feast['returned']:,} rows, {feast['without']:,} without any value"
        yield f"oO is {row['times_faster_than_feast']} times as fast as Feast; wanted: 1 at least"


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
