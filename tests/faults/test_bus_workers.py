"""Several processes on one store in PostgreSQL publish and listen beside each other: all of it counts once."""

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oo.adapters.sql.postgres_duty import SILENT_SEC
from oo.compose import compose
from oo.domain.facts import Fact, MoodCheckin
from oo.settings import Settings
from oo.sources.event_log import parse, to_line
from oo.usecases.app import App
from tests.faults.test_bus import known, wait_until
from tests.shell.running import OO, Shell
from tests.support.nats import Server, serving_nats
from tests.support.postgres import database

NOW = 1_788_247_800_000
STOP_SEC = 30.0
REDELIVER_SEC = "3"
"""So long waits what a worker held that was killed, or stopped at once."""
TURN_SEC = 2 * SILENT_SEC
"""Within this another one publishes, where the one that did hangs."""


@contextmanager
def working(folder: Path, url: str, server: Server) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `oo work` inside the block; at its end it has to stop by itself, unless the test has ended it."""
    environment = {
        **Shell(folder).environment,
        "OO_DATABASE": url,
        "OO_BUS": server.url,
        "OO_BUS_REDELIVER_SEC": REDELIVER_SEC,
    }
    with (
        (folder / "work.log").open("ab") as log,
        subprocess.Popen([OO, "work"], env=environment, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            assert process.stdout is not None
            assert b"works for the bus" in process.stdout.readline()
            yield process
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(STOP_SEC) in {0, -signal.SIGKILL}
        finally:
            process.kill()


def mood(number: int) -> MoodCheckin:
    return MoodCheckin(user_id="ada", at_ms=NOW + number, event_id=f"e{number}", score=0.5)


def told(server: Server) -> Counter[str]:
    return Counter(parse(body).key for subject, body in server.stored() if subject != "signals.theirs")


def test_workers_beside_each_other_count_everything_once_though_one_is_killed(tmp_path: Path) -> None:
    with database() as url, serving_nats(tmp_path) as server:
        app = compose(Settings(database=url))
        app.people.add("ada", "UTC", now_ms=NOW)
        with working(tmp_path, url, server), working(tmp_path, url, server) as second:
            wait_until(lambda: server.has_stream("SIGNALS"), "the bus is reached")
            app.ingest([mood(number) for number in range(300)], now_ms=NOW)
            theirs: list[Fact] = [mood(number) for number in range(300, 400)]
            server.publish(*(("signals.theirs", to_line(fact).encode()) for fact in theirs * 2))
            second.kill()

            wait_until(lambda: whole(app, server), "all of it is recorded, and published")
        assert set(told(server).values()) == {1}
        assert set(told(server)) == set(known(app))
        app.close()


def whole(app: App, server: Server) -> bool:
    """Whether nothing is under way any more."""
    info = server.consumer("oo")
    pending = info.num_ack_pending or info.num_pending or app.events.backlog().count
    return len(known(app)) == 401 and not pending


def test_one_publishes_at_a_time_and_when_it_is_killed_another_one_goes_on(tmp_path: Path) -> None:
    with database() as url, serving_nats(tmp_path) as server:
        app = compose(Settings(database=url))
        app.people.add("ada", "UTC", now_ms=NOW)
        with working(tmp_path, url, server) as first:
            wait_until(lambda: app.events.backlog().count == 0, "the first one publishes")
            with working(tmp_path, url, server):
                first.kill()
                app.ingest([mood(1)], now_ms=NOW)
                wait_until(lambda: app.events.backlog().count == 0, "the second one publishes")
        assert set(told(server).values()) == {1}
        app.close()


def test_when_the_one_that_publishes_hangs_another_one_goes_on_and_it_does_not_when_it_wakes(
    tmp_path: Path,
) -> None:
    with database() as url, serving_nats(tmp_path) as server:
        app = compose(Settings(database=url))
        app.people.add("ada", "UTC", now_ms=NOW)
        with working(tmp_path, url, server) as first:
            wait_until(lambda: app.events.backlog().count == 0, "the first one publishes")
            with working(tmp_path, url, server) as second:
                app.ingest([mood(number) for number in range(500)], now_ms=NOW)
                wait_until(lambda: app.events.backlog().count < 500, "it is in the midst of them")
                first.send_signal(signal.SIGSTOP)
                try:
                    assert app.events.backlog().count > 0
                    app.ingest([mood(number) for number in range(500, 510)], now_ms=NOW)
                    wait_until(lambda: app.events.backlog().count == 0, "another publishes", TURN_SEC)
                finally:
                    first.send_signal(signal.SIGCONT)
                wait_until(lambda: "session of this process's duties" in said(tmp_path), "it asks anew")
                app.ingest([mood(number) for number in range(510, 520)], now_ms=NOW)
                wait_until(lambda: app.events.backlog().count == 0, "publishing goes on")
                assert (first.poll(), second.poll()) == (None, None)
        assert [json.loads(body).get("event_id") for _, body in server.stored()] == [
            None,
            *(f"e{number}" for number in range(520)),
        ], "each once, and in order"
        app.close()


def said(folder: Path) -> str:
    return (folder / "work.log").read_text("utf-8")
