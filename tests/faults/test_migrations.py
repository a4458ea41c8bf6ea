"""A migration is all or nothing: whichever statement it ends before, the store is whole, and the next start goes on."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from oo.adapters.sql.schema import REVISION
from oo.compose import compose
from oo.domain.errors import StoreBusy
from oo.domain.event import MOST_REFUSALS, ReceivedEvent
from oo.domain.facts import AppSession, CalendarEvent, Fact, MoodCheckin, Reaction, SourceSynced, TaskUpsert
from oo.domain.instant import DAY, MINUTE
from oo.settings import Settings
from oo.usecases.app import App
from tests.faults import migrating
from tests.shell.running import Shell
from tests.support.history import THOROUGH
from tests.support.postgres import ask, create, drop, end_sessions, url
from tests.support.service import unlike_the_ledger

NOW = 1_788_247_800_000
EARLIER = [
    f"{number:04}" for number in range(1, int(REVISION)) if THOROUGH or number in {1, int(REVISION) - 1}
]
"""The first runs every statement of all that followed, and the last is where most stores are."""
WAIT_SEC = 240


@contextmanager
def in_sqlite(_: Path) -> Iterator[Callable[[], str]]:
    """Name files in memory where there is a folder of that kind: no end of a process touches them there either."""
    numbers, memory = count(), Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield lambda: f"sqlite:///{folder}/{next(numbers)}.db"


@contextmanager
def in_postgresql(_: Path) -> Iterator[Callable[[], str]]:
    made: list[str] = []

    def new() -> str:
        made.append(create())
        return url(made[-1])

    yield new
    for name in made:
        drop(name)


STORES: dict[str, Callable[[Path], AbstractContextManager[Callable[[], str]]]] = {
    "sqlite": in_sqlite,
    "postgresql": in_postgresql,
}


@pytest.fixture(params=STORES)
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Names a database that is not there, or is empty, each time."""
    with STORES[request.param](tmp_path) as made:
        yield made


def opened(address: str) -> App:
    return compose(Settings(database=address))


def live(app: App) -> None:
    """Leave something in every table that the facts of a person reach."""
    app.people.add("ada", "Europe/Berlin", now_ms=NOW - 9 * DAY)
    for number in range(3):
        task = TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=NOW - 8 * DAY, title=f"Task {number}")
        app.tasks.add(task, now_ms=NOW - 8 * DAY)
    for number, reaction in enumerate((Reaction.SNOOZE, Reaction.DISMISS, Reaction.DONE)):
        at_ms = NOW - (7 - number) * DAY
        tip_id = f"t{number}"
        app.recommend("ada", now_ms=at_ms, tip_id=tip_id, fresh=True)
        until = at_ms + DAY if reaction is Reaction.SNOOZE else None
        app.feedback(tip_id, reaction, now_ms=at_ms + MINUTE, snooze_until_ms=until)
    facts: list[Fact] = [
        MoodCheckin(user_id="ada", at_ms=NOW, event_id="e1", score=0.5),
        AppSession(user_id="ada", at_ms=NOW, event_id="e2", duration_ms=42_000),
        SourceSynced(user_id="ada", at_ms=NOW, source="todoist"),
        CalendarEvent(
            user_id="ada", at_ms=NOW, event_id="e3", start_ms=NOW, end_ms=NOW + 60 * MINUTE, busy=True
        ),
        MoodCheckin(user_id="bob", at_ms=NOW, event_id="e4", score=0.5),
    ]
    app.ingest(facts, now_ms=NOW)
    for _ in range(MOST_REFUSALS):
        app.events.take([ReceivedEvent(subject="signals.x", body=b"{}", tries=1)], now_ms=NOW)
    app.profiles.rebuild("ada", now_ms=NOW)


def old(new: Callable[[], str], revision: str) -> tuple[str, App]:
    """A store of an earlier version, with the rows of somebody who lives; and one of this version with the same."""
    address, living = new(), new()
    app = opened(living)
    live(app)
    given = migrating.rows(living)
    migrating.migrate(address, revision)
    migrating.fill(address, given)
    return address, app


def tries(address: str, scratch: str) -> list[Mapping[str, Any]]:
    """Run the migration of every statement in turn, as `migrating` says."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.faults.migrating", address, scratch],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
        cwd=Path(__file__).parents[2],
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("revision", EARLIER)
def test_a_migration_that_is_killed_before_any_statement_leaves_the_old_store_whole(
    new: Callable[[], str], revision: str
) -> None:
    address, app = old(new, revision)
    before = migrating.digest(address)

    *killed, last = tries(address, new())

    assert len(killed) >= 2
    assert {each["digest"] for each in killed} == {before}
    assert last["digest"] != before
    with_all = opened(address)
    assert with_all.export("ada") == app.export("ada")
    assert unlike_the_ledger(with_all) == []
    assert [broken for broken in with_all.ledger.differences("ada") if broken.part != "profile"] == []
    for each in (with_all, app):
        each.people.add("eve", "UTC", now_ms=NOW)
        each.close()


def test_a_store_whose_making_is_killed_before_any_statement_is_made_by_the_next_start(
    new: Callable[[], str],
) -> None:
    address, whole = new(), new()
    if address.startswith("sqlite"):
        Path(address.removeprefix("sqlite:///")).touch()
    before = migrating.digest(address)
    migrating.migrate(whole)

    *killed, last = tries(address, new())

    assert len(killed) > 30
    assert {each["digest"] for each in killed} == {before}
    assert last["digest"] == migrating.digest(whole)
    app = opened(address)
    live(app)
    assert unlike_the_ledger(app) == []
    app.close()


@pytest.mark.parametrize("revision", ["0001", "0004"])
def test_a_connection_that_is_lost_before_any_statement_leaves_the_old_store_whole(
    tmp_path: Path, revision: str
) -> None:
    with in_postgresql(tmp_path) as new:
        address, app = old(new, revision)
        app.close()
        before, number = migrating.digest(address), 0
        refused = 0
        while migrating.digest(address) == before:
            number += 1
            try:
                _migrate_losing_the_connection(address, number)
            except (StoreBusy, psycopg.Error):
                refused += 1
        assert refused == number - 1 >= 2
        opened(address).close()


def _migrate_losing_the_connection(address: str, before_number: int) -> None:
    """Migrate, and let the server end the connection before the statement of that number."""
    name = psycopg.conninfo.conninfo_to_dict(address)["dbname"]
    seen = [0]

    def lose(*_: object) -> None:
        seen[0] += 1
        if seen[0] == before_number:
            end_sessions(str(name))

    for kind in ("before_cursor_execute", "commit"):
        event.listen(Engine, kind, lose)
    try:
        migrating.migrate(address)
    finally:
        for kind in ("before_cursor_execute", "commit"):
            event.remove(Engine, kind, lose)


COMMANDS = [
    ("users", "list"),
    ("recommend", "ada"),
    ("check",),
    ("repair",),
    ("serve", "--port", "0"),
    ("events", "dead"),
    ("backup", "b.db"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_older_oo_refuses_a_newer_store_and_names_both_versions(
    shell: Shell, command: tuple[str, ...]
) -> None:
    address = f"sqlite:///{shell.database}"
    newer(address)
    before = migrating.digest(address)

    ran = shell.process(*command)

    assert (ran.code, ran.out) == (1, "")
    assert f"at schema 0999; this oO knows {REVISION}" in ran.err
    assert migrating.digest(address) == before


@pytest.mark.parametrize("command", [*COMMANDS[:-1], ("work",)])
def test_it_does_so_on_postgresql(shell: Shell, tmp_path: Path, command: tuple[str, ...]) -> None:
    with in_postgresql(tmp_path) as new:
        address = new()
        newer(address)

        ran = shell.process(*command, env={"OO_DATABASE": address, "OO_BUS": "nats://127.0.0.1:1"})

        assert (ran.code, ran.out) == (1, "")
        assert f"at schema 0999; this oO knows {REVISION}" in ran.err
        assert ask(address, "SELECT version_num FROM alembic_version") == [("0999",)]


def newer(address: str) -> None:
    """Leave a store of a version to come."""
    migrating.migrate(address)
    over = migrating.engine(address)
    with over.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0999'")
    over.dispose()
