"""A stop under load, on PostgreSQL and a bus of several systems: it drains, and loses and doubles nothing."""

import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import nats.errors
import pytest

from oo.compose import compose
from oo.domain.facts import Fact, MoodCheckin
from oo.settings import Settings
from oo.sources.event_log import to_line
from oo.usecases.app import App
from tests.api.calling import mood as mood_signal
from tests.api.calling import send, user
from tests.faults.flooding import flood
from tests.faults.freezing import postgresql_stopped
from tests.faults.test_bus import wait_until
from tests.faults.test_bus_workers import REDELIVER_SEC, mood, working
from tests.faults.test_kill_service import Program, assert_nothing_is_lost_or_doubled, run
from tests.support.nats import Server, serving_nats
from tests.support.postgres import database
from tests.support.service import serving, unlike_the_ledger

NOW = 1_788_247_800_000
EVENTS = 1_500
CHUNK, TRIES = 100, 5
STOP_SEC = 25.0
AT_ONCE_SEC = 3.0


@contextmanager
def world(folder: Path) -> Iterator[tuple[App, str, Server]]:
    """An App over a store in PostgreSQL, in which ada lives, and a bus."""
    with database() as url, serving_nats(folder) as server:
        app = compose(Settings(database=url))
        app.people.add("ada", "UTC", now_ms=NOW)
        yield app, url, server
        app.close()


def moods(app: App) -> list[str]:
    return [fact.event_id for fact in _facts(app, "ada") if isinstance(fact, MoodCheckin)]


def _facts(app: App, person: str) -> list[Fact]:
    return app.store.read(lambda reader: list(reader.facts(person)))


def load(server: Server, count: int, first: int = 0) -> None:
    """Publish so many events as another system, and the first of them a second time."""
    lines = [to_line(mood(number)).encode() for number in range(first, first + count)]
    every = [("signals.theirs", line) for line in [*lines, *lines[: count // 5]]]
    for start in range(0, len(every), CHUNK):
        for _ in range(TRIES):  # a machine under load may take longer than the client waits
            with suppress(nats.errors.TimeoutError):
                server.publish(*every[start : start + CHUNK])
                break


def test_a_worker_that_is_stopped_under_load_has_acknowledged_what_it_has_recorded(tmp_path: Path) -> None:
    with world(tmp_path) as (app, url, server):
        with working(tmp_path, url, server) as worker:
            wait_until(lambda: server.has_stream("SIGNALS"), "the bus is reached")
            wait_until(lambda: app.events.backlog().count == 0, "ada is told of")
            loading = threading.Thread(target=load, args=(server, EVENTS))
            loading.start()
            wait_until(lambda: len(moods(app)) > 50, "it is under load")
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(STOP_SEC) == 0, (tmp_path / "work.log").read_text()
            loading.join()
        recorded, info = moods(app), server.consumer("oo")
        assert info.num_ack_pending == 0, "what it had fetched was recorded and acknowledged"
        assert 50 < len(recorded) < EVENTS, "it was stopped in the middle"

        with working(tmp_path, url, server):
            wait_until(lambda: _is_drained(server), "the rest is taken")
        assert sorted(moods(app)) == sorted(f"e{number}" for number in range(EVENTS))
        assert unlike_the_ledger(app) == []
        assert app.events.dead() == []


def _is_drained(server: Server) -> bool:
    info = server.consumer("oo")
    return not (info.num_ack_pending or info.num_pending)


def test_a_second_signal_ends_a_worker_at_once_and_what_was_under_way_comes_again(tmp_path: Path) -> None:
    with world(tmp_path) as (app, url, server):
        with working(tmp_path, url, server) as worker:
            wait_until(lambda: app.events.backlog().count == 0, "ada is told of")
            with postgresql_stopped():
                load(server, 50)
                time.sleep(0.5)
                worker.send_signal(signal.SIGTERM)
                with pytest.raises(subprocess.TimeoutExpired):
                    worker.wait(1.0)  # it waits for what is under way
                began = time.monotonic()
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(STOP_SEC) == 1
                assert time.monotonic() - began < AT_ONCE_SEC
        with working(tmp_path, url, server):
            wait_until(lambda: len(moods(app)) == 50, "it comes again", within_sec=60)
            wait_until(lambda: _is_drained(server), "all of it is acknowledged", within_sec=60)
        assert sorted(moods(app)) == sorted(f"e{number}" for number in range(50))


def test_a_service_that_is_stopped_under_load_from_both_sides_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    programs = [Program(f"p{number}") for number in range(3)]
    with world(tmp_path) as (app, url, server):
        settings = {"OO_DATABASE": url, "OO_BUS": server.url, "OO_BUS_REDELIVER_SEC": REDELIVER_SEC}
        with serving(tmp_path, **settings) as service:
            send(service.client, *(user(program.person) for program in programs))
            wait_until(lambda: app.events.backlog().count == 0, "everyone is told of")
            loading = threading.Thread(target=load, args=(server, EVENTS))
            loading.start()
            threads = run(programs, service.address, 1.0)
            assert service.stop(STOP_SEC) == 0, service.log_text
            for thread in (*threads, loading):
                thread.join()
            assert not any(line["level"] == "error" for line in service.log), service.log_text
        for program in programs:
            assert_nothing_is_lost_or_doubled(app, program)

        with serving(tmp_path, **settings):
            wait_until(lambda: len(moods(app)) == EVENTS and _is_drained(server), "the rest", within_sec=60)
            wait_until(lambda: app.events.backlog().count == 0, "all is told of", within_sec=60)
        assert sorted(moods(app)) == sorted(f"e{number}" for number in range(EVENTS))
        assert unlike_the_ledger(app) == []
        assert_each_is_told_of_once(server, app, ["ada", *(program.person for program in programs)])


def assert_each_is_told_of_once(server: Server, app: App, people: Sequence[str]) -> None:
    """Hold the bus against the ledger: every fact recorded here was published, and none under two ids."""
    told = [body for subject, body in server.stored() if subject != "signals.theirs"]
    lines = [body for body in told if b"shadow:" not in body]
    assert len(lines) == len(set(lines))
    assert {to_line(fact).encode() for person in people for fact in _facts(app, person)} >= {*lines}


def test_a_second_signal_ends_a_service_over_postgresql_at_once(tmp_path: Path) -> None:
    with database() as url, serving(tmp_path, OO_DATABASE=url) as service:
        send(service.client, user("ada"), mood_signal("ada", event_id="before"))
        with postgresql_stopped():
            asking = threading.Thread(target=_ask, args=(service.client.base_url.port,))
            asking.start()
            time.sleep(0.5)
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert service.process.poll() is None, "it waits for what is under way"
            began = time.monotonic()
            service.process.send_signal(signal.SIGTERM)
            assert service.process.wait(STOP_SEC) == 1
            assert time.monotonic() - began < AT_ONCE_SEC
        asking.join()
        app = compose(Settings(database=url))
        assert "before" in moods(app)
        assert unlike_the_ledger(app) == []
        app.close()


def _ask(port: int) -> None:
    flood(port, "/signals", [mood_signal("ada")])
