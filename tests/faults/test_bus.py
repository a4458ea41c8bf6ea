"""The bus with a real NATS server: down, killed, repeating, in disorder: nothing is lost, and nothing counts twice."""

import asyncio
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from nats.js.api import DiscardPolicy

from oo import worker
from oo.adapters.nats import Nats
from oo.domain.errors import BusUnavailable, StoreBusy
from oo.domain.facts import Fact, MoodCheckin, Reaction, TaskUpsert, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY, LATEST, MINUTE
from oo.ports import MAX_PENDING, Bus, Message
from oo.sources.event_log import parse, to_line
from oo.usecases.app import App
from oo.usecases.events import Events
from oo.usecases.publish import Publish
from oo.worker import Worker
from tests.api.calling import mood, ok, post, send, task, user
from tests.faults.freezing import sqlite_held
from tests.support.nats import Server, serving_nats
from tests.support.nats_cluster import NatsCluster
from tests.support.service import Service, opened, serving, started, unlike_the_ledger

NOW = 1_788_247_800_000
WAIT_SEC = 45.0
PEOPLE = 6
FLOOD = 2_000


def wait_until(said: Callable[[], object], what: str, within_sec: float = WAIT_SEC) -> None:
    until = time.monotonic() + within_sec
    while not said():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def meter(service: Service, name: str) -> float:
    page = service.client.get("/metrics").text
    return sum(
        float(line.split()[-1]) for line in page.splitlines() if line.startswith((name + " ", name + "{"))
    )


def ready(service: Service) -> Any:
    return ok(service.client.get("/readyz"))


def drained(service: Service) -> bool:
    return ready(service)["status"] == "ready" and meter(service, "oo_outbox_events") == 0


def act(service: Service, person: str, number: int) -> None:
    """Once around the loop."""
    send(service.client, task(person, f"k{number}"))
    tip = post(service.client, "/recommend", user_id=person, fresh=True)
    post(service.client, "/feedback", tip_id=tip["tip_id"], reaction="done")


def recorded(folder: Path) -> dict[str, Fact]:
    with opened(folder) as app:
        assert unlike_the_ledger(app) == []
        return app.store.read(
            lambda reader: {
                fact.key: fact for person in reader.people() for fact in reader.facts(person.user_id)
            }
        )


def assert_all_of_it_is_on_the_bus_once(server: Server | NatsCluster, folder: Path) -> None:
    facts = recorded(folder)
    signals = [(subject, parse(body)) for subject, body in server.stored()]
    told = [fact for subject, fact in signals if not subject.startswith("signals.shadow.")]
    told += [parse(body) for _, body in server.stored("FEEDBACK")]
    assert Counter(fact.key for fact in told) == Counter(list(facts))
    assert {fact.key: fact for fact in told} == facts
    assert [(subject, fact.key) for subject, fact in signals] == emitted(folder), "in order"


def emitted(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "oo.db")) as connection:
        query = "SELECT subject, key FROM outbox WHERE subject LIKE 'signals.%' ORDER BY seq"
        return connection.execute(query).fetchall()


def test_what_happens_here_reaches_the_bus_and_what_others_publish_is_recorded(tmp_path: Path) -> None:
    with serving_nats(tmp_path) as server, serving(tmp_path, OO_BUS=server.url) as service:
        wait_until(lambda: ready(service) == {"status": "ready"}, "the bus is reached")
        send(service.client, user("ada"))
        act(service, "ada", 1)
        wait_until(lambda: drained(service), "the outbox is empty")
        # What is published here comes back, and is a duplicate.
        wait_until(lambda: meter(service, 'oo_bus_received_total{fate="duplicate"}') == 5, "it comes back")

        other = MoodCheckin(user_id="ada", at_ms=NOW, event_id="theirs", score=0.25)
        server.publish(("signals.mood.checkin", to_line(other).encode()))
        wait_until(lambda: meter(service, 'oo_bus_received_total{fate="accepted"}') == 1, "it is recorded")
        wait_until(lambda: drained(service), "the outbox is empty")

        again = [subject for subject, _ in server.stored()].count("signals.mood.checkin")
        wait_until(lambda: meter(service, 'oo_bus_received_total{fate="duplicate"}') == 6, "its echo ends")
        assert again == 2, "told on, once, to whoever listens to this store"
        pending = server.consumer("oo")
        assert (pending.num_pending, pending.config.max_ack_pending) == (0, 256)
        assert service.stop() == 0
        assert recorded(tmp_path)[other.key] == other


def test_a_bus_that_is_down_at_the_start_holds_nobody_up(tmp_path: Path) -> None:
    with serving_nats(tmp_path, start=False) as server, serving(tmp_path, OO_BUS=server.url) as service:
        send(service.client, user("ada"))
        act(service, "ada", 1)
        wait_until(lambda: ready(service)["status"] == "degraded", "it is said")
        assert "The bus does not answer" in ready(service)["reason"]
        assert meter(service, "oo_outbox_events") == 5
        assert meter(service, "oo_outbox_oldest_seconds") > 0
        assert meter(service, "oo_bus_up") == 0

        server.start()

        wait_until(lambda: drained(service), "the outbox is empty")
        assert meter(service, "oo_bus_up") == 1
        assert meter(service, "oo_outbox_oldest_seconds") == 0
        assert service.stop() == 0
        assert_all_of_it_is_on_the_bus_once(server, tmp_path)


def test_a_server_that_is_killed_in_the_middle_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    with serving_nats(tmp_path) as server, serving(tmp_path, OO_BUS=server.url) as service:
        send(service.client, *(user(f"p{number}") for number in range(PEOPLE)))
        for round_ in range(3):
            with acting(service, 1000 * round_):
                time.sleep(0.4 + 0.13 * round_)
                server.kill()
                time.sleep(0.7)
                server.start()
                time.sleep(0.3)
        wait_until(lambda: drained(service), "the outbox is empty")
        assert service.stop() == 0
        assert_all_of_it_is_on_the_bus_once(server, tmp_path)
    assert not any(line["level"] == "error" for line in service.log), service.log_text


@contextmanager
def acting(service: Service, number: int) -> Iterator[None]:
    """People act meanwhile, and every one of their requests has to be answered."""
    stop, failures = threading.Event(), []

    def go_on(person: str) -> None:
        numbers = count(number)
        try:
            while not stop.is_set():
                act(service, person, next(numbers))
        except BaseException as error:  # noqa: BLE001  # raised below, on the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=go_on, args=(f"p{number}",)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_a_service_that_is_killed_while_it_publishes_publishes_the_rest_later(tmp_path: Path) -> None:
    with serving_nats(tmp_path) as server:
        for round_ in range(3):
            service = started(tmp_path, OO_BUS=server.url)
            try:
                send(service.client, *(user(f"p{number}") for number in range(PEOPLE)))
                send(service.client, *(mood(f"p{number % PEOPLE}") for number in range(500)))
                time.sleep(0.1 + 0.15 * round_)
            finally:
                service.kill()
        with serving(tmp_path, OO_BUS=server.url) as service:
            wait_until(lambda: drained(service), "the outbox is empty")
        assert_all_of_it_is_on_the_bus_once(server, tmp_path)


class Dying:
    """A bus that is told everything, by somebody who does not live to hear that it was."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.consumer, self.close = bus.consumer, bus.close

    def publish(self, messages: Sequence[Message]) -> None:
        self.bus.publish(messages)
        raise KeyboardInterrupt


def test_one_that_ends_between_the_bus_and_the_mark_has_published_once(tmp_path: Path, app: App) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    app.ingest(
        [MoodCheckin(user_id="ada", at_ms=NOW, event_id=f"e{n}", score=0.5) for n in range(20)], now_ms=NOW
    )
    with serving_nats(tmp_path) as server:
        bus = Nats([server.url], name="oo")
        with pytest.raises(KeyboardInterrupt):
            Publish(store=app.store, bus=Dying(bus))(now_ms=NOW)  # type: ignore[arg-type]
        assert app.events.backlog().count == 21

        assert Publish(store=app.store, bus=bus)(now_ms=NOW) == 21

        assert len(server.stored()) == 21
        bus.close()


def test_what_the_bus_has_taken_is_not_sent_again_when_it_refuses_what_is_behind(
    tmp_path: Path, app: App
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    facts = [MoodCheckin(user_id="ada", at_ms=NOW, event_id=f"e{n}", score=0.5) for n in range(20)]
    app.ingest(facts, now_ms=NOW)
    with serving_nats(tmp_path) as server:
        server.add_stream("SIGNALS", ["signals.>"], max_msgs=8, discard=DiscardPolicy.NEW)
        bus = Nats([server.url], name="oo")
        publish = Publish(store=app.store, bus=bus)

        for _ in range(2):
            with pytest.raises(BusUnavailable, match="maximum messages exceeded"):
                publish(now_ms=NOW)
            assert app.events.backlog().count == 13
        server.change_stream("SIGNALS", max_msgs=-1)

        assert publish(now_ms=NOW) == 13
        assert [parse(body).key for _, body in server.stored()][1:] == [fact.key for fact in facts]
        bus.close()


class Counting:
    """Meters that a test reads."""

    def __init__(self) -> None:
        self.fates: Counter[str] = Counter()

    def published(self, count: int) -> None:
        self.fates["published"] += count

    def received(self, fate: str, count: int) -> None:
        self.fates[fate] += count


@contextmanager
def working(app: App, server: Server) -> Iterator[Counting]:
    meters = Counting()
    bus = Nats([server.url], name="oo")
    try:
        began = time.monotonic()

        def clock() -> int:
            return NOW + int((time.monotonic() - began) * 1000)

        with Worker(app=app, bus=bus, meters=meters, clock=clock, listens=True):
            yield meters
    finally:
        bus.close()


def history(person: str) -> Iterator[Fact]:
    yield UserFact(user_id=person, at_ms=0, tz="Europe/Berlin")
    for number in range(8):
        at, tip_id = NOW - 20 * DAY + number * DAY, f"{person}.t{number}"
        yield TaskUpsert(user_id=person, task_id=f"k{number}", at_ms=at - DAY, title="Do it")
        yield TipServed(
            user_id=person, at_ms=at, tip_id=tip_id, candidate_id=f"k{number}", policy="egreedy/v1"
        )
        yield TipFeedback(user_id=person, at_ms=at + MINUTE, tip_id=tip_id, reaction=Reaction.SNOOZE)
        yield TipFeedback(user_id=person, at_ms=at + 2 * MINUTE, tip_id=tip_id, reaction=Reaction.DONE)


def test_what_comes_shuffled_and_repeated_adds_up_to_what_comes_in_order(
    tmp_path: Path, open_app: Callable[[], App], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAUSE_SEC", (0.2,))
    facts = [fact for number in range(PEOPLE) for fact in history(f"p{number}")]
    shuffled = random.Random(7).sample(facts * 3, k=3 * len(facts))
    take, calls = Events.take, Counter[str]()

    def now_and_then(self: Events, events: Any, *, now_ms: int) -> Any:
        """Every third time the store cannot be written, before or after the commit."""
        calls["all"] += 1
        if calls["all"] % 3 == 0:
            if calls["all"] % 2:
                take(self, events, now_ms=now_ms)
            raise StoreBusy("The disk is full.")
        return take(self, events, now_ms=now_ms)

    monkeypatch.setattr(Events, "take", now_and_then)
    app = open_app()
    with serving_nats(tmp_path) as server:
        server.add_stream("SIGNALS", ["signals.>"])
        server.publish(*(("signals.anything", to_line(fact).encode()) for fact in shuffled))
        with working(app, server) as meters:
            wait_until(
                lambda: len(known(app)) == len(facts) and server.consumer("oo").num_ack_pending == 0,
                f"all of it is recorded: {meters.fates}",
            )
    assert known(app) == {fact.key: fact for fact in facts}
    assert calls["all"] > 3
    assert app.events.dead() == []
    assert app.store.read(lambda reader: reader.live_tasks("p0", NOW)) == ()
    assert unlike_the_ledger(app) == []


def known(app: App) -> dict[str, Fact]:
    return app.store.read(
        lambda reader: {fact.key: fact for person in reader.people() for fact in reader.facts(person.user_id)}
    )


def test_what_is_refused_five_times_is_dead_and_holds_up_no_other(
    tmp_path: Path, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BACKOFF_SEC", (0.1, 0.2))
    app.people.add("ada", "UTC", now_ms=NOW)
    good = MoodCheckin(user_id="ada", at_ms=NOW, event_id="e1", score=0.5)
    with serving_nats(tmp_path) as server, working(app, server) as meters:
        wait_until(lambda: server.has_stream("SIGNALS"), "there is where to publish to")
        server.publish(("signals.mood.checkin", b"{poison"), ("signals.mood.checkin", to_line(good).encode()))

        wait_until(lambda: good.key in known(app), "the good one is recorded")
        wait_until(app.events.dead, "the other one is dead")
        wait_until(lambda: server.consumer("oo").num_ack_pending == 0, "and is asked for no more")

    [dead] = app.events.dead()
    assert (dead.body, dead.tries) == (b"{poison", 5)
    assert meters.fates["refused"] == 5


def test_what_a_closed_bus_was_asked_for_is_told_that_it_is_closed(tmp_path: Path) -> None:
    with serving_nats(tmp_path) as server, ThreadPoolExecutor(1) as threads:
        bus = Nats([server.url], "oo")
        asked = threading.Event()

        async def never(_: object) -> None:
            asked.set()
            await asyncio.sleep(WAIT_SEC)

        waits = threads.submit(bus.run, never, WAIT_SEC)
        assert asked.wait(WAIT_SEC)
        bus.close()

        with pytest.raises(BusUnavailable, match="closed"):
            waits.result(WAIT_SEC)


@pytest.mark.parametrize("poison", ["no fact", "at odds"])
def test_a_flood_of_what_is_refused_holds_up_no_other(tmp_path: Path, app: App, poison: str) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    known_ones = [MoodCheckin(user_id="ada", at_ms=NOW, event_id=f"k{n}", score=0.5) for n in range(FLOOD)]
    app.ingest(known_ones, now_ms=NOW)
    bodies = {
        "no fact": [b"{poison %d" % number for number in range(FLOOD)],
        "at odds": [to_line(replace(each, score=0.25)).encode() for each in known_ones],
    }[poison]
    good = [MoodCheckin(user_id="ada", at_ms=NOW, event_id=f"g{n}", score=0.5) for n in range(200)]
    with serving_nats(tmp_path) as server:
        server.add_stream("SIGNALS", ["signals.>"])
        server.publish(*(("signals.theirs", body) for body in bodies))
        server.publish(*(("signals.theirs", to_line(each).encode()) for each in good))
        with working(app, server):
            keys = {each.key for each in good}
            wait_until(lambda: keys <= set(known(app)), "the good ones behind them are recorded")

            assert app.events.dead() == [], "long before the tries of the others have run out"
            assert server.consumer("oo").num_redelivered == 0, "nobody waits on the bus for another try"
        refused = app.store.read(lambda reader: reader.refused_events([LATEST] * 4, 2 * FLOOD))
        assert [each.body for each in refused] == bodies


def test_a_flood_of_what_is_refused_is_dead_after_five_tries_of_each(
    tmp_path: Path, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "BACKOFF_SEC", (0.1,))
    bodies = [b"{poison %d" % number for number in range(2 * MAX_PENDING)]
    with serving_nats(tmp_path) as server:
        server.add_stream("SIGNALS", ["signals.>"])
        server.publish(*(("signals.theirs", body) for body in bodies))
        with working(app, server) as meters:
            wait_until(lambda: len(app.events.dead()) == len(bodies), "they are dead")

    assert [(each.body, each.tries) for each in app.events.dead()] == [(body, 5) for body in bodies]
    assert meters.fates["refused"] == 5 * len(bodies)


def test_deliveries_while_the_store_is_away_count_against_no_event(
    tmp_path: Path, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "PAUSE_SEC", (0.05,))
    monkeypatch.setattr(worker, "BACKOFF_SEC", (0.05,))
    app.people.add("ada", "UTC", now_ms=NOW)
    app.store.write(lambda transaction: transaction._runner.session.run("PRAGMA busy_timeout=20", {}))  # type: ignore[attr-defined]
    good = MoodCheckin(user_id="ada", at_ms=NOW, event_id="e1", score=0.5)
    with serving_nats(tmp_path) as server, working(app, server) as meters:
        wait_until(lambda: server.has_stream("SIGNALS"), "there is where to publish to")
        wait_until(lambda: app.events.backlog().count == 0, "ada is told of")
        with sqlite_held(tmp_path):
            server.publish(("signals.theirs", b"{nonsense"), ("signals.theirs", to_line(good).encode()))
            wait_until(lambda: server.consumer("oo").delivered.consumer_seq > 16, "it was delivered often")
        wait_until(lambda: good.key in known(app), "the good one is recorded")
        wait_until(app.events.dead, "the other one is dead at last")

        [dead] = app.events.dead()
        assert (dead.body, dead.tries, meters.fates["refused"]) == (b"{nonsense", 5, 5)


def test_a_bus_that_has_lost_its_disk_is_told_again(
    tmp_path: Path, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    facts = [MoodCheckin(user_id="ada", at_ms=NOW + n, event_id=f"e{n}", score=0.5) for n in range(20)]
    with serving_nats(tmp_path) as server:
        with working(app, server):
            app.ingest(facts, now_ms=NOW)
            wait_until(lambda: app.events.backlog().count == 0, "all is told")
        told = server.stored()
        server.kill()
        shutil.rmtree(server.folder / "jetstream")
        server.start()
        with working(app, server) as meters:
            wait_until(lambda: server.has_stream("SIGNALS"), "the bus is new")
            assert server.stored() == []
            wait_until(
                lambda: caplog.text.count("made the stream SIGNALS") == 2, "it is said, as the first time"
            )

            assert app.events.republish(0) == 21

            wait_until(lambda: app.events.backlog().count == 0, "all is told again")
            assert server.stored() == told
            wait_until(lambda: meters.fates["duplicate"] == 21, "what comes back is known")
        assert len(known(app)) == 21


def test_a_service_without_other_systems_keeps_its_outbox_short(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        send(service.client, user("ada"))
        act(service, "ada", 1)

        wait_until(lambda: drained(service), "the outbox is empty")
        assert ready(service) == {"status": "ready"}
        assert meter(service, "oo_bus_published_total") == 5


def test_the_reason_holds_no_password(tmp_path: Path) -> None:
    with (
        serving_nats(tmp_path, start=False) as server,
        serving(tmp_path, OO_BUS=f"nats://oo:secret@127.0.0.1:{server.port}") as service,
    ):
        wait_until(lambda: ready(service)["status"] == "degraded", "it is said")
        assert "secret" not in ready(service)["reason"]
    assert "secret" not in service.log_text
