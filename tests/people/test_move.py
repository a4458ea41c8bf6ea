"""A store moves between SQLite and PostgreSQL with two commands, as docs/how-to/scale-out.md says, and is the same."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from oo.compose import restored
from oo.domain.event import ReceivedEvent
from oo.domain.facts import CalendarEvent, MoodCheckin, TaskUpsert, UserFact
from oo.domain.quality import Baseline, Condition, Distribution
from oo.usecases.app import App
from tests.people.test_erase import live
from tests.shell.running import Shell
from tests.support.places import TABLES, Place, database_place, file_place, in_file

NOW = 1_788_247_800_000
LIST = (
    "(A) 2026-08-01 Call the plumber +house due:2026-08-20\n(B) Write the report +work\nBuy milk @errands\n"
)
AWKWARD = (
    "\\N",
    "\\",
    "a\tb\nc\rd\x0be\x7f",
    "'\";--",
    "%s %% :name ?",
    "👩‍👩‍👧 e\u0301 \ufeff\u202e \U0010ffff",
    " leading and trailing ",
    "x" * 100_000,
)
NUMBERS = (5e-324, 0.1 + 0.2, 1 / 3, 0.0, 1.0)
"""Whatever is rounded on the way is not the same any more."""


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Place]:
    with file_place(tmp_path) as found:
        yield found


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Place]:
    with database_place(tmp_path, made=False) as found:
        yield found


def live_awkwardly(app: App) -> None:
    """Let people leave rows in every table, with values that are easily lost on the way."""
    for user_id in ("ada", "bob", "gone"):
        live(app, user_id)
    app.erase("gone", now_ms=NOW)
    app.ingest([UserFact(user_id="ada", tz="Asia/Tokyo", at_ms=2**40)], now_ms=NOW)
    for number, text in enumerate(AWKWARD):
        task = TaskUpsert(user_id="ada", task_id=f"odd{number}", at_ms=NOW, title=text, category=text)
        app.tasks.add(task, now_ms=NOW)
        app.ingest(
            [MoodCheckin(user_id="nobody", at_ms=number, event_id=f"m{number}", score=0.5)], now_ms=NOW
        )
    for number, score in enumerate(NUMBERS):
        app.ingest([MoodCheckin(user_id="ada", at_ms=number, event_id=f"n{number}", score=score)], now_ms=NOW)
    meeting = CalendarEvent(user_id="ada", event_id="c", at_ms=NOW, start_ms=NOW, end_ms=NOW + 1, busy=True)
    app.ingest([meeting], now_ms=NOW)
    odd = ReceivedEvent(subject="signals.x", body=bytes(range(256)), tries=1)
    app.store.write(lambda transaction: transaction.refuse(odd, None, "No fact.", NOW))
    wrong = Condition(kind="drift", subject="preferred_hour", message="It differs.", hint="Look.")
    app.store.write(lambda transaction: transaction.add_alert(wrong, NOW, 1))
    sample = Baseline(
        name="mean_dwell_ms_30d",
        fingerprint="f",
        taken_at_ms=NOW,
        rows=len(NUMBERS),
        null_share=1 / 3,
        fallback_share=0.0,
        distribution=Distribution(numbers=np.array(NUMBERS)),
    )
    app.store.write(lambda transaction: transaction.put_baseline(sample))


def test_every_row_of_every_table_comes_over_and_back(here: Place, there: Place, tmp_path: Path) -> None:
    with here.store() as app:
        live_awkwardly(app)
        app.back_up(str(tmp_path / "all.db"))
    before = here.rows()
    assert [name for name in TABLES if not before[name]] == ["commits"], "which a file needs not"

    assert restored(there.settings, tmp_path / "all.db", now_ms=NOW).aside is None
    over = there.rows()
    with there.store() as app:
        app.back_up(str(tmp_path / "back.db"))
    with file_place(tmp_path / "again") as again:
        restored(again.settings, tmp_path / "back.db", now_ms=NOW)

        assert over == before
        assert again.rows() == before
        with here.store() as first, there.store() as second, again.store() as third:
            for user_id in ("ada", "bob"):
                assert first.export(user_id) == second.export(user_id) == third.export(user_id)
                assert second.ledger.differences(user_id) == []


def test_the_backups_of_a_store_and_of_what_it_became_are_alike(
    here: Place, there: Place, tmp_path: Path
) -> None:
    """The numbers that come next, too, which no row holds."""
    with here.store() as app:
        live_awkwardly(app)
        app.store.write(lambda transaction: transaction.mark_published(range(1, 1000), NOW))
        app.store.write(lambda transaction: transaction.forget_published(NOW + 1))
        app.back_up(str(tmp_path / "one.db"))
    restored(there.settings, tmp_path / "one.db", now_ms=NOW)
    with there.store() as app:
        app.back_up(str(tmp_path / "two.db"))

    one, two = in_file(tmp_path / "one.db"), in_file(tmp_path / "two.db")
    numbers = "SELECT name, seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name"
    assert one.ask(numbers) == two.ask(numbers)
    assert one.ask("SELECT sql FROM sqlite_master ORDER BY name") == two.ask(
        "SELECT sql FROM sqlite_master ORDER BY name"
    )
    assert one.rows() == two.rows()


def lived(shell: Shell, user_id: str, *reactions: str) -> None:
    """Give somebody a list, and their answers to some tips of it."""
    file = shell.folder / "todo.txt"
    file.write_text(LIST, "utf-8")
    shell.json("import", str(file), "--user", user_id, "--tz", "Europe/Berlin")
    for reaction in reactions:
        tip = shell.json("recommend", user_id)
        shell.json("feedback", tip["tip_id"], reaction)


def test_everybody_is_there_with_all_that_was_learned_and_who_was_erased(shell: Shell, there: Place) -> None:
    lived(shell, "ada", "done", "dismiss")
    lived(shell, "bob", "snooze")
    lived(shell, "eve", "done")
    shell.json("erase", "eve", "--yes")

    shell.json("backup", str(shell.folder / "all.db"))
    moved = shell.json("restore", str(shell.folder / "all.db"), "--db", there.url)

    assert (moved["store"], moved["people"], moved["erased"], moved["set_aside"]) == (there.url, 2, 0, None)
    for user_id in ("ada", "bob"):
        now = ("profile", user_id, "--at", "2026-12-01T00:00:00Z")
        after, before = (shell.json(*now, *store)["features"] for store in (("--db", there.url), ()))
        assert {name: each["value"] for name, each in after.items()} == {
            name: each["value"] for name, each in before.items()
        }
    refused = shell.here("users", "add", "eve", "--db", there.url)
    assert (refused.code, "was erased" in refused.err) == (1, True)
    ran = shell.process("check", "--db", there.url)
    assert (ran.code, ran.err) == (0, ""), ran.out
    ran = shell.process("features", "verify", "--db", there.url)
    assert (ran.code, ran.err) == (0, ""), ran.out
