"""The `Duties` port: one of several processes has a duty, and another one when that is gone."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from oo.adapters.inprocess import Alone, InProcess
from oo.adapters.sql.postgres import Connection, connect, duties
from oo.adapters.sql.postgres_duty import PostgresDuties
from oo.api.metrics import Metrics
from oo.api.watch import watched
from oo.domain.errors import StoreError
from oo.ports import Duties
from oo.usecases.app import App
from oo.worker import Worker
from tests.support.postgres import ask, create, drop, end_sessions, url
from tests.support.process import wait_for

NOW = 1_788_247_800_000
SILENT_SEC = 1.0
LONG_SEC = 0.6
"""In this time whoever's turn it is would have begun."""


@pytest.fixture
def name() -> Iterator[str]:
    made = create()
    yield made
    drop(made)


@pytest.fixture
def process(name: str) -> Iterator[Callable[[], Duties]]:
    """Makes the duties of another process that uses the same store."""
    made: list[Duties] = []

    def make() -> Duties:
        made.append(duties(url(name)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_where_no_other_process_is_every_duty_is_ones_own() -> None:
    alone = Alone()

    assert alone.has("publish")
    alone.close()


def test_one_of_several_has_a_duty_and_keeps_it(process: Callable[[], Duties]) -> None:
    first, second = process(), process()

    assert [(first.has("publish"), second.has("publish")) for _ in range(3)] == [(True, False)] * 3


def test_each_duty_may_be_anothers(process: Callable[[], Duties]) -> None:
    first, second = process(), process()

    assert (first.has("publish"), second.has("watch")) == (True, True)
    assert (first.has("watch"), second.has("publish")) == (False, False)


def test_another_has_it_when_the_first_has_let_go(process: Callable[[], Duties]) -> None:
    first, second = process(), process()
    assert (first.has("publish"), second.has("publish")) == (True, False)

    first.close()

    assert second.has("publish")
    assert not first.has("publish")


def test_whoever_loses_the_connection_has_no_duty_any_more(name: str, process: Callable[[], Duties]) -> None:
    first, second = process(), process()
    assert first.has("publish")
    end_sessions(name)

    assert second.has("publish")
    assert not first.has("publish")
    second.close()
    assert first.has("publish"), "it asks anew"


def test_whoever_says_nothing_for_a_while_loses_its_duties(
    name: str, process: Callable[[], Duties], caplog: pytest.LogCaptureFixture
) -> None:
    """As a process that was stopped, or whose machine hangs with the connection open."""
    silent = PostgresDuties(lambda: _Mute(connect(url(name))), psycopg.Error, SILENT_SEC)
    second = process()
    assert (silent.has("publish"), second.has("publish")) == (True, False)

    wait_for(lambda: second.has("publish"), lambda: "another one has it", 10 * SILENT_SEC)

    assert not silent.has("publish")
    assert "ended the session of this process's duties" in caplog.text
    silent.close()


class _Mute:
    """A connection over which nobody says that they live, but for whoever asks for a duty."""

    def __init__(self, connection: Connection) -> None:
        self.execute, self.close, self.info = self._execute, connection.close, connection.info
        self._connection = connection

    def _execute(self, *asked: Any) -> Any:
        speaks = threading.current_thread() is threading.main_thread()
        return self._connection.execute(*asked) if speaks else None


def test_whoever_lives_keeps_a_duty_that_is_asked_for_seldom(
    name: str, process: Callable[[], Duties]
) -> None:
    first, second = PostgresDuties(lambda: connect(url(name)), psycopg.Error, SILENT_SEC), process()
    assert first.has("watch")

    time.sleep(3 * SILENT_SEC)

    assert not second.has("watch")
    assert first.has("watch")
    first.close()


def test_asked_from_many_threads_one_process_has_it(process: Callable[[], Duties]) -> None:
    processes = [process() for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda number: (number % 4, processes[number % 4].has("publish")), range(64)))

    assert len({number for number, has in found if has}) == 1
    assert sum(has for _, has in found) == 16


def test_two_stores_in_one_database_have_a_duty_each(name: str) -> None:
    for schema in ("one", "two"):
        ask(url(name), f"CREATE SCHEMA {schema}")
    first, second = (duties(url(name, options=f"-csearch_path%3D{schema}")) for schema in ("one", "two"))

    assert (first.has("publish"), second.has("publish")) == (True, True)
    for each in (first, second):
        each.close()


def test_a_database_that_is_not_there_is_said(process: Callable[[], Duties], name: str) -> None:
    nowhere = duties(url(f"{name}-not"))

    with pytest.raises(StoreError, match=r"^Whose turn [^\n]*Does the database run"):
        nowhere.has("publish")


def test_what_is_another_processes_turn_to_publish_waits(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=NOW)
    mine = threading.Event()
    worker = Worker(
        app=app,
        bus=InProcess(),
        meters=Metrics(),
        clock=lambda: NOW,
        listens=False,
        publishes=mine.is_set,
    )
    with worker:
        time.sleep(LONG_SEC)
        assert app.events.backlog().count == 1
        mine.set()
        wait_for(lambda: app.events.backlog().count == 0, lambda: "it publishes now", 10)


@pytest.mark.parametrize("mine", [True, False])
def test_the_data_is_checked_by_whose_turn_it_is(app: App, *, mine: bool) -> None:
    metrics = Metrics()
    with watched(app, metrics, clock=lambda: NOW, every_sec=300, mine=lambda: mine):
        time.sleep(LONG_SEC)

    assert (b"oo_quality_measured_seconds" in metrics.page()) is mine
    assert (b'oo_quality_checks_total{outcome="done"} 1.0' in metrics.page()) is mine
