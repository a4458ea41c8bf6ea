"""Of a person who was erased there is no row, no trace in the files, and no way back but on purpose."""

import io
import os
import pty
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from sqlalchemy import Table

from oo import sources
from oo.adapters.sql import statements  # noqa: F401  # with it, every table is known
from oo.adapters.sql.sqlite import SqliteStore
from oo.adapters.sql.tables import metadata
from oo.domain.errors import ErasedUser, UnknownUser
from oo.domain.event import MOST_REFUSALS, ReceivedEvent
from oo.domain.facts import Fact, MoodCheckin, Reaction, TaskUpsert, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY, MINUTE
from oo.domain.outcome import Fate
from oo.domain.tombstone import digest_of
from oo.ports import Transaction
from oo.sources.event_log import to_line
from oo.usecases.app import App
from tests.shell.running import OO, TIMEOUT_SEC, Shell
from tests.support.history import History, examples, histories, seeds
from tests.support.stores import World, world

NOW = 1_788_247_800_000
TITLE = "SECRET-TITLE"


def live(app: App, user_id: str, days: int = 3) -> None:
    """Let a person do one of everything that leaves a row."""
    app.people.add(user_id, "Europe/Berlin", now_ms=0)
    for number in range(days):
        at_ms = NOW + number * DAY
        title = f"{TITLE} of {user_id}, {number}"
        app.tasks.add(
            TaskUpsert(user_id=user_id, task_id=f"k{number}", at_ms=at_ms, title=title), now_ms=at_ms
        )
        app.recommend(user_id, now_ms=at_ms, tip_id=f"{user_id}.t{number}", fresh=True)
        app.feedback(f"{user_id}.t{number}", list(Reaction)[number % 3], now_ms=at_ms + MINUTE)
        app.score(user_id, ({"id": "c1"},), decision_id=f"{user_id}.d{number}", now_ms=at_ms)
        app.reward(f"{user_id}.d{number}", 0.5, now_ms=at_ms)
    app.ingest(
        [
            MoodCheckin(user_id=user_id, at_ms=NOW, event_id="e1", score=0.5),
            TipFeedback(user_id=user_id, tip_id="never", at_ms=NOW, reaction=Reaction.DONE),
        ],
        now_ms=NOW,
    )
    app.profiles.get(user_id, now_ms=NOW + days * DAY)


def tables_with_people() -> list[Table]:
    return [table for table in metadata.sorted_tables if "user_id" in table.c]


def everything(path: Path) -> str:
    """Every value of every row of every table, whatever the schema says."""
    with closing(sqlite3.connect(path)) as connection:
        names = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return "\n".join(
            f"{name} {row!r}"
            for name in names
            for row in connection.execute(f'SELECT * FROM "{name}"')  # noqa: S608  # names from the schema
        )


def traces(path: Path, text: str) -> int:
    """How often a text stands in the store's files, in whatever part of them."""
    files = [path, *path.parent.glob(f"{path.name}-*")]
    return sum(file.read_bytes().count(text.encode()) for file in files)


def path_of(app: App, tmp_path: Path) -> Path:
    assert isinstance(app.store, SqliteStore)
    return tmp_path / "oo.db"


def test_every_table_that_holds_people_is_emptied_of_one(app: App, tmp_path: Path) -> None:
    live(app, "yara")
    live(app, "bob")
    path = path_of(app, tmp_path)
    with closing(sqlite3.connect(path)) as connection:
        filled = {
            table.name
            for table in tables_with_people()
            if connection.execute(f"SELECT 1 FROM {table.name} WHERE user_id = 'yara'").fetchall()  # noqa: S608
        }
    assert filled >= {"users", "signals", "tip_views", "tip_feedback", "tip_scores", "decisions", "waiting"}

    erased = app.erase("yara", now_ms=NOW + 9 * DAY)

    assert erased.rows > len(filled)
    assert erased.purged
    text = everything(path)
    assert "yara" not in text
    assert text.count(f"{TITLE} of bob") > 3
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert app.ledger.differences("bob") == []


def test_a_table_that_names_people_by_anything_but_user_id_would_be_seen() -> None:
    names = {"tip_id", "decision_id", "task_id", "event_id", "key", "awaits", "body"}
    others = [table for table in metadata.sorted_tables if "user_id" not in table.c]

    assert {table.name for table in others if names & set(table.c.keys())} == set()


def leave_what_is_deleted(transaction: Transaction) -> None:
    """Let SQLite do what it does by default; some libraries are built to overwrite."""
    assert hasattr(transaction, "_runner")
    transaction._runner.session.run("PRAGMA secure_delete=OFF", {})


def test_no_copy_of_a_title_is_left_in_the_files(app: App, tmp_path: Path) -> None:
    path = path_of(app, tmp_path)
    app.store.write(leave_what_is_deleted)
    for user_id in ("yara", "bob", "eve"):
        live(app, user_id, days=40)
    for number in range(40):  # and what was changed before is gone from free space, too
        at_ms = NOW + 50 * DAY + number
        title = f"{TITLE} of yara, once more {number}" + "x" * (number * 7 % 90)
        app.tasks.add(
            TaskUpsert(user_id="yara", task_id=f"k{number}", at_ms=at_ms, title=title), now_ms=at_ms
        )
    assert traces(path, f"{TITLE} of yara") > 100

    app.erase("yara", now_ms=NOW + 60 * DAY)

    assert traces(path, f"{TITLE} of yara") == 0
    assert traces(path, "yara.t1") == 0
    assert traces(path, f"{TITLE} of bob") > 40


@given(history=histories(), seed=seeds())
@examples(60)
def test_whatever_happened_and_happens_again_nothing_of_them_is_left(history: History, seed: int) -> None:
    with world() as made:
        for batch in history.arriving(seed):
            made.app.ingest(batch, now_ms=NOW)
        others = {user_id: made.app.export(user_id) for user_id in history.people()[1:]}
        user_id = history.people()[0]

        made.app.erase(user_id, now_ms=NOW)

        assert mentions(made, user_id) == []
        for batch in history.arriving(seed + 1):
            made.app.ingest([fact for fact in batch if fact.user_id == user_id], now_ms=NOW)
        assert mentions(made, user_id) == []
        for other, exported in others.items():
            assert len(made.app.export(other)) > 0
            assert exported
            assert made.app.ledger.differences(other) == []


def mentions(made: World, user_id: str) -> list[str]:
    """Rows that name a person or one of their tips; other people's own answers to such a tip are theirs."""
    with closing(sqlite3.connect(made.path)) as connection:
        return [
            f"{table.name} {row!r}"
            for table in tables_with_people()
            for row in connection.execute(
                f"SELECT * FROM {table.name} WHERE user_id = ?",  # noqa: S608  # names from the schema
                (user_id,),
            )
        ]


def test_what_others_were_refused_about_their_tips_goes_too(app: App, tmp_path: Path) -> None:
    app.people.add("bob", "UTC", now_ms=0)
    strange = TipFeedback(user_id="bob", tip_id="yara.t0", at_ms=NOW + MINUTE, reaction=Reaction.DONE)
    app.ingest([strange], now_ms=NOW)
    live(app, "yara", days=1)
    assert "yara.t0" in everything(path_of(app, tmp_path))

    app.erase("yara", now_ms=NOW + DAY)

    assert "yara" not in everything(path_of(app, tmp_path))


LATE: list[Fact] = [
    UserFact(user_id="yara", at_ms=NOW, tz="UTC"),
    TaskUpsert(user_id="yara", task_id="k9", at_ms=NOW, title="Come back"),
    TipServed(user_id="yara", tip_id="yara.t9", at_ms=NOW, candidate_id="k9"),
    MoodCheckin(user_id="yara", at_ms=NOW, event_id="e1", score=0.5),
]


def scored(app: App) -> None:
    app.score("yara", ({"id": "c1"},), decision_id="late", now_ms=NOW)


def listed(app: App) -> None:
    app.import_file(io.BytesIO(b"Come back\n"), sources.load("todotxt"), user_id="yara", tz="UTC", now_ms=NOW)


@pytest.mark.parametrize(
    "come",
    [scored, listed, lambda app: app.people.add("yara", "UTC", now_ms=NOW)],
    ids=["score", "list", "add"],
)
def test_a_call_about_them_is_refused_in_words_and_leaves_nothing(
    app: App, tmp_path: Path, come: Callable[[App], Any]
) -> None:
    live(app, "yara", days=1)
    app.erase("yara", now_ms=NOW)

    with pytest.raises(ErasedUser, match="'yara' was erased") as refusal:
        come(app)

    assert "oo users add yara --again" in refusal.value.hint
    assert "yara" not in everything(path_of(app, tmp_path))


def test_events_about_them_are_refused_one_by_one(app: App, tmp_path: Path) -> None:
    live(app, "yara", days=1)
    app.erase("yara", now_ms=NOW)

    bobs = UserFact(user_id="bob", at_ms=0, tz="UTC")
    outcomes = app.ingest([*LATE, bobs], now_ms=NOW).outcomes

    assert [outcome.fate for outcome in outcomes] == [Fate.REFUSED] * len(LATE) + [Fate.ACCEPTED]
    assert all("was erased" in outcome.message for outcome in outcomes[:-1])
    assert "yara" not in everything(path_of(app, tmp_path))


@pytest.mark.parametrize(
    "body",
    [
        to_line(LATE[1]).encode(),
        b'{"type": "mood.checkin", "user_id": "yara", "score": 7}',
        b'{"type": "no.such", "user_id": "yara"}',
        b'{"type": "mood.checkin", "user_id": "yara", "sco',
        b'[{"type": "mood.checkin", "user_id" : "yara"}]',
        b'{"mood": {"user_id": "yara"}}',
    ],
    ids=["sound", "unsound", "unknown", "cut off", "a list", "within"],
)
def test_what_comes_over_the_bus_about_them_is_not_kept_however_wrong_it_is(
    app: App, tmp_path: Path, body: bytes
) -> None:
    live(app, "yara", days=1)
    app.erase("yara", now_ms=NOW)

    for tries in range(1, MOST_REFUSALS + 2):
        late = ReceivedEvent(subject="signals.mood.checkin", body=body, tries=tries)
        assert app.events.take([late], now_ms=NOW)[0].fate is Fate.DUPLICATE

    assert app.events.dead() == []
    assert "yara" not in everything(path_of(app, tmp_path))


def test_a_line_about_them_that_was_cut_off_does_not_stay_among_the_dead(app: App, tmp_path: Path) -> None:
    live(app, "yara", days=1)
    body = b'{"type": "mood.checkin", "user_id": "yara", "sco'
    for tries in range(1, MOST_REFUSALS + 1):
        app.events.take([ReceivedEvent(subject="signals.x", body=body, tries=tries)], now_ms=NOW)
    assert [dead.user_id for dead in app.events.dead()] == ["yara"]

    app.erase("yara", now_ms=NOW)

    assert app.events.dead() == []
    assert "yara" not in everything(path_of(app, tmp_path))


def test_somebody_who_waits_or_was_only_scored_can_be_erased(app: App, tmp_path: Path) -> None:
    app.ingest([LATE[1]], now_ms=NOW)
    scored(app)

    assert app.erase("yara", now_ms=NOW).rows == 3

    assert "yara" not in everything(path_of(app, tmp_path))


def test_again_changes_nothing_and_nobody_at_all_is_unknown(app: App) -> None:
    live(app, "yara", days=1)

    assert app.erase("yara", now_ms=NOW).rows > 0
    assert app.erase("yara", now_ms=NOW + 1).rows == 0
    with pytest.raises(UnknownUser, match="no person 'nobody'"):
        app.erase("nobody", now_ms=NOW)
    assert app.people.add("nobody", "UTC", now_ms=NOW), "and no tombstone was left for them"


def test_the_tombstone_knows_the_id_and_does_not_say_it(app: App) -> None:
    for user_id in ("yara", "bob"):
        live(app, user_id, days=1)
        app.erase(user_id, now_ms=NOW)

    yara, bob = sorted(app.store.read(lambda reader: reader.tombstones()), key=lambda stone: stone.digest)
    assert yara.salt == bob.salt
    assert {yara.digest, bob.digest} == {digest_of("yara", yara.salt), digest_of("bob", yara.salt)}
    assert {len(yara.salt), len(yara.digest)} == {32}


def test_they_begin_anew_with_nothing_on_purpose_alone(app: App) -> None:
    live(app, "yara")
    app.erase("yara", now_ms=NOW)

    assert app.people.add("yara", "Asia/Tokyo", now_ms=NOW, again=True)

    assert app.people.get("yara").tz_at(NOW) == "Asia/Tokyo"
    assert app.tasks.of("yara") == []
    assert app.knowledge.of("yara", "egreedy/v1").updates == 0
    assert app.ingest([LATE[3]], now_ms=NOW).outcomes[0].fate is Fate.ACCEPTED
    assert app.erase("yara", now_ms=NOW + DAY).rows > 0
    with pytest.raises(ErasedUser):
        app.people.add("yara", "UTC", now_ms=NOW + DAY)


def test_a_reader_that_lingers_only_delays_the_purge(open_app: Callable[[], App], tmp_path: Path) -> None:
    app, path = open_app(), tmp_path / "oo.db"
    app.store.write(leave_what_is_deleted)
    live(app, "yara")
    with closing(sqlite3.connect(path, isolation_level=None)) as lingering:
        lingering.execute("BEGIN")
        lingering.execute("SELECT count(*) FROM users").fetchall()

        assert not app.erase("yara", now_ms=NOW).purged

        lingering.execute("ROLLBACK")
    assert "yara" not in everything(path)

    open_app()

    assert traces(path, TITLE) == 0


def test_a_kill_between_the_commit_and_the_purge_is_made_good_at_the_next_start(
    open_app: Callable[[], App], tmp_path: Path
) -> None:
    app, path = open_app(), tmp_path / "oo.db"
    live(app, "yara")
    app.close()
    program = (
        "import os, sys; from oo.compose import compose; from oo.settings import Settings; "
        "from oo.adapters.sql import sqlite; sqlite._PRAGMAS += ('PRAGMA secure_delete=OFF',); "
        "sqlite.SqliteStore.purge = lambda self: os.kill(os.getpid(), 9); "
        f"compose(Settings(database='sqlite:///{path}')).erase('yara', now_ms=1)"
    )
    ended = subprocess.run([OO.with_name("python"), "-c", program], check=False, timeout=TIMEOUT_SEC)
    assert ended.returncode == -9
    assert traces(path, TITLE) > 0

    again = open_app()

    assert traces(path, TITLE) == 0
    assert again.people.all() == []


def test_the_shell_asks_on_a_terminal_and_needs_yes_elsewhere(shell: Shell) -> None:
    shell.json("users", "add", "yara", "--tz", "UTC")

    elsewhere = shell.process("erase", "yara")
    assert elsewhere.code == 2
    assert "--yes" in elsewhere.err
    assert answered(shell, b"n\n") != 0
    assert shell.json("users", "list")["users"] != []

    assert answered(shell, b"y\n") == 0

    assert shell.json("users", "list")["users"] == []
    assert shell.json("erase", "yara", "--yes") == {
        "status": "erased",
        "rows": 0,
        "purged": True,
        "remains": None,
    }
    assert shell.here("users", "add", "yara").code == 1
    assert shell.json("users", "add", "yara", "--tz", "UTC", "--again")["status"] == "applied"


def answered(shell: Shell, answer: bytes) -> int:
    """Run `oo erase yara` on a terminal where somebody gives an answer; return how it ended."""
    terminal, theirs = pty.openpty()
    try:
        asking = shell.started("erase", "yara", stdin=theirs, stdout=theirs, stderr=theirs)
        os.write(terminal, answer)
        return asking.wait(TIMEOUT_SEC)
    finally:
        os.close(terminal)
        os.close(theirs)
