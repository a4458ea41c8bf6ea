"""`kill -9` at any moment loses nothing that was answered, and leaves nothing by halves."""

import json
import random
import select
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from oo.compose import compose
from oo.domain.facts import TipFeedback
from oo.settings import Settings
from oo.usecases.app import App
from tests.faults import acting
from tests.shell.running import Shell

KILLS = 15
WAIT_SEC = 30


@dataclass(slots=True)
class Acknowledged:
    """Every reaction that was answered so far: tip, reaction, time."""

    answers: list[tuple[str, str, int]] = field(default_factory=list)

    def read(self, lines: bytes) -> None:
        whole = lines[: lines.rfind(b"\n") + 1]
        self.answers.extend((tip, reaction, at) for tip, reaction, at in map(json.loads, whole.splitlines()))


def act_until_killed(database: Path, seed: int, acknowledged: Acknowledged) -> None:
    """Let a process act, and kill it at a moment that the seed draws: after some answers, and a little later."""
    chance = random.Random(seed)
    command = [sys.executable, acting.__file__, f"sqlite:///{database}", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], WAIT_SEC)
        assert ready, "nothing was answered"
        time.sleep(chance.uniform(0, 0.08))
        process.kill()
        acknowledged.read(process.stdout.read())
        process.wait(WAIT_SEC)


def recorded(app: App) -> list[TipFeedback]:
    return [
        fact for fact in app.store.read(lambda r: list(r.facts(acting.USER))) if isinstance(fact, TipFeedback)
    ]


def rows(database: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(statement).fetchall()


def assert_nothing_is_half_recorded(app: App) -> None:
    """Hold everything that follows from the facts against the facts."""
    assert list(app.store.read(lambda reader: list(app.learner.differences(reader, acting.USER)))) == []
    stored = app.store.read(lambda reader: reader.profile_rows(acting.USER))
    assert {name for name, *_ in stored} == {definition.name for definition in app.registry.batched}
    for name, value, _, computed_at_ms, _ in stored:
        computed = app.profiles.as_of(acting.USER, at_ms=computed_at_ms)
        assert value == computed.features[name].value, name


def test_what_was_answered_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    database, acknowledged = tmp_path / "oo.db", Acknowledged()
    for seed in range(KILLS):
        before = len(acknowledged.answers)

        act_until_killed(database, seed, acknowledged)

        app = compose(Settings(database=f"sqlite:///{database}"))
        try:
            found = [(fact.tip_id, fact.reaction.value, fact.at_ms) for fact in recorded(app)]
            assert len(acknowledged.answers) > before
            assert len(set(found)) == len(found)
            assert set(acknowledged.answers) <= set(found)
            assert len(found) - len(acknowledged.answers) <= seed + 1, "one may be under way at each kill"
            assert_nothing_is_half_recorded(app)
        finally:
            app.close()
        assert rows(database, "PRAGMA integrity_check") == [("ok",)]
        assert rows(database, "PRAGMA foreign_key_check") == []
        published = rows(
            database,
            "SELECT count(*), count(DISTINCT key) FROM outbox WHERE subject = 'signals.tip.feedback'",
        )
        assert published == [(len(found), len(found))]


def test_a_kill_while_the_store_is_made_leaves_one_that_can_be_opened(shell: Shell) -> None:
    chance = random.Random(1)
    for _ in range(6):
        with shell.started("users", "add", "ada", stdout=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + WAIT_SEC
            while not shell.database.exists() and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.15))
            process.kill()

        assert shell.json("users", "add", "bob", "--tz", "UTC")["status"] == "applied"
        assert {"user_id": "bob", "tz": "UTC"} in shell.json("users", "list")["users"]
        for found in shell.folder.glob("oo.db*"):
            found.unlink()


def test_the_lock_of_a_killed_process_holds_nobody_up(tmp_path: Path) -> None:
    database = tmp_path / "oo.db"
    act_until_killed(database, 1, Acknowledged())

    compose(Settings(database=f"sqlite:///{database}", busy_wait_sec=0)).close()
