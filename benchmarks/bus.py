"""Events a second that pass between a store and a bus: out of the outbox to NATS, and from NATS into the store.

A real NATS with JetStream on its disk, on loopback, and a store on disk of either kind. Beside what goes out, in turns
with it: the same bodies published one after the other by the bare client. Beside what comes in: the same facts told in
process, as many at once as a worker takes. The ratios hold on a noisy machine.

    python benchmarks/bus.py [--events 2000] [--rounds 3] [--only sqlite,postgresql] [--json]
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nats
from targets import HERE

from oo.adapters.nats import Nats
from oo.compose import compose
from oo.domain.facts import MoodCheckin, UserFact
from oo.settings import load_settings
from oo.sources.event_log import to_line
from oo.usecases.app import App
from oo.usecases.publish import Publish
from oo.worker import BATCH, _Listening

sys.path.append(str(HERE.parent))
from tests.support.asynchronous import run  # the tests' own servers, and no second way to start them
from tests.support.nats import serving_nats
from tests.support.postgres_server import Postgres

PEOPLE = 50
SUBJECT = "signals.mood.checkin"


@dataclass(slots=True)
class Counting:
    """Meters that count what came."""

    count: int = 0

    def published(self, count: int) -> None:
        """Count nothing."""

    def received(self, _: str, count: int) -> None:
        """Count an event."""
        self.count += count


@dataclass(frozen=True, slots=True)
class Ground:
    """A store and a bus, and the address of that."""

    app: App
    bus: Nats
    url: str

    def publish(self) -> None:
        """Bring all that is in the outbox to the bus."""
        publish = Publish(store=self.app.store, bus=self.bus)
        while publish(now_ms=1):
            pass

    def take(self, count: int) -> None:
        """Take so many events from the bus, whatever becomes of them."""
        meters = Counting()
        step = _Listening(self.app, self.bus.consumer("signals"), meters, lambda: 1)
        while meters.count < count:
            step()

    def tell(self, facts: Sequence[MoodCheckin]) -> None:
        """Record facts, as many at once as a worker would."""
        for start in range(0, len(facts), BATCH):
            self.app.ingest(facts[start : start + BATCH], now_ms=1)

    def send(self, facts: Sequence[MoodCheckin]) -> None:
        """Publish facts as another system would, one after the other."""
        run(_sent(self.url, [to_line(fact).encode() for fact in facts]))


def main() -> None:
    """Measure, and print what was found."""
    options = _options()
    tempfile.tempdir = str(HERE.parent / "build")  # what lies in memory is on no disk
    Path(tempfile.tempdir).mkdir(exist_ok=True)
    found = {}
    for name in options.only.split(","):
        with (
            tempfile.TemporaryDirectory() as folder,
            serving_nats(Path(folder)) as server,
            _STORES[name](Path(folder)) as store,
            closing(compose(load_settings(database=store))) as app,
            closing(Nats([server.url], "bench")) as bus,
        ):
            found[name] = _measured(Ground(app, bus, server.url), options.events, options.rounds)
    print(json.dumps(found) if options.json else _table(found))  # the answer


def _measured(ground: Ground, events: int, rounds: int) -> dict[str, float]:
    people = [UserFact(user_id=f"p{number}", tz="UTC", at_ms=0) for number in range(PEOPLE)]
    ground.app.ingest(people, now_ms=1)
    ground.publish()
    ground.take(PEOPLE)
    turns = [_turn(ground, turn, events) for turn in range(rounds)]
    out, bare, came, told = (list(each) for each in zip(*turns, strict=True))
    return {
        "published_a_sec": _median(out),
        "bare_a_sec": _median(bare),
        "published_to_bare": _ratio(out, bare),
        "taken_in_a_sec": _median(came),
        "told_a_sec": _median(told),
        "taken_in_to_told": _ratio(came, told),
    }


def _turn(ground: Ground, turn: int, events: int) -> tuple[float, float, float, float]:
    """Return the rates: published, published bare, taken in, and told in process."""
    facts = _moods(f"told{turn}", events)
    told = _rate(events, lambda: ground.tell(facts))
    out = _rate(events, ground.publish)
    ground.take(events)
    facts = _moods(f"sent{turn}", events)
    bare = _rate(events, lambda: ground.send(facts))
    came = _rate(events, lambda: ground.take(events))
    ground.publish()
    ground.take(events)
    return out, bare, came, told


def _moods(name: str, count: int) -> list[MoodCheckin]:
    return [
        MoodCheckin(user_id=f"p{number % PEOPLE}", event_id=f"{name}.{number}", at_ms=1 + number, score=0.5)
        for number in range(count)
    ]


async def _sent(url: str, bodies: Sequence[bytes]) -> None:
    client = await nats.connect(url, allow_reconnect=False)
    jetstream = client.jetstream()
    for body in bodies:
        await jetstream.publish(SUBJECT, body)
    await client.close()


def _rate(events: int, do: Callable[[], None]) -> float:
    began = time.perf_counter()
    do()
    return events / (time.perf_counter() - began)


def _median(figures: Sequence[float]) -> float:
    return float(f"{statistics.median(figures):.3g}")


def _ratio(ones: Sequence[float], others: Sequence[float]) -> float:
    return _median([one / other for one, other in zip(ones, others, strict=True)])


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'oo.db'}"


@contextmanager
def _postgresql(_: Path) -> Iterator[str]:
    database = Postgres({"shared_buffers": "128MB", "wal_level": "replica"})
    try:
        database.start()
        database.wait_ready()
        yield database.url()
    finally:
        database.close()


_STORES = {"sqlite": _sqlite, "postgresql": _postgresql}


def _table(found: Mapping[str, Mapping[str, float]]) -> str:
    names = next(iter(found.values()))
    rows = [_row(name, [each[name] for each in found.values()]) for name in names]
    return "\n".join([_row("", list(found)), *rows])


def _row(name: str, cells: Sequence[object]) -> str:
    return f"{name.replace('_', ' '):24}" + "".join(f"{cell!s:>14}" for cell in cells)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--events", type=int, default=2_000, help="A turn.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="sqlite,postgresql", help="Which stores, commas between.")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
