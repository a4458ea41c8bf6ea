"""Services whose clocks differ a little, or jump: one tip at a time, and the last answer is the one in force."""

import pytest

from oo.domain.facts import Reaction, TaskUpsert
from oo.domain.instant import DAY, HOUR, SECOND
from oo.domain.outcome import Fate
from oo.usecases.app import App
from tests.support.service import unlike_the_ledger

NOW = 1_788_247_800_000


@pytest.fixture
def tip_id(app: App) -> str:
    """A tip that ada was just served, one of many tasks."""
    app.people.add("ada", "UTC", now_ms=0)
    tasks = [TaskUpsert(user_id="ada", task_id=f"k{number}", at_ms=0, title="Call") for number in range(20)]
    app.ingest(tasks, now_ms=0)
    tip = app.recommend("ada", now_ms=NOW, tip_id="tip").tip
    assert tip is not None
    return tip.tip_id


def answered(app: App, tip_id: str) -> str | None:
    tip = app.store.read(lambda reader: reader.tip(tip_id))
    assert tip is not None
    return tip.reaction


@pytest.mark.parametrize("behind_ms", [1, 20, 3 * SECOND])
def test_who_asks_by_a_clock_that_is_behind_has_the_open_tip(app: App, tip_id: str, behind_ms: int) -> None:
    again = app.recommend("ada", now_ms=NOW - behind_ms, tip_id="other", shown=True).tip

    assert again is not None
    assert again.tip_id == tip_id
    served = app.store.read(lambda reader: reader.tip_served(tip_id))
    assert served is not None
    assert served.shown_at_ms == NOW, "and was not shown before it was served"


@pytest.mark.parametrize("behind_ms", [1, HOUR, 2 * DAY])
def test_an_answer_given_now_is_taken_by_a_clock_that_is_behind(
    app: App, tip_id: str, behind_ms: int
) -> None:
    assert app.feedback(tip_id, Reaction.DONE, now_ms=NOW - behind_ms) is Fate.ACCEPTED
    assert app.feedback(tip_id, Reaction.DONE, now_ms=NOW - behind_ms) is Fate.DUPLICATE

    assert answered(app, tip_id) == "done"
    assert app.store.read(lambda reader: reader.reward(tip_id)) == 1.0


@pytest.mark.parametrize("behind_ms", [1, HOUR])
def test_the_answer_that_comes_last_is_in_force_by_whichever_clock(
    app: App, tip_id: str, behind_ms: int
) -> None:
    later = NOW + 2 * HOUR
    for reaction in (Reaction.DONE, Reaction.DISMISS, Reaction.NONE, Reaction.SNOOZE):
        assert app.feedback(tip_id, reaction, now_ms=later) is Fate.ACCEPTED
        assert answered(app, tip_id) == reaction
        later -= behind_ms

    assert app.store.read(lambda reader: reader.reward(tip_id)) == 0.25
    assert unlike_the_ledger(app) == []


def test_a_time_that_is_given_counts_as_it_is(app: App, tip_id: str) -> None:
    app.feedback(tip_id, Reaction.DONE, now_ms=NOW + HOUR)

    app.feedback(tip_id, Reaction.DISMISS, now_ms=NOW + HOUR, at_ms=NOW + SECOND)

    assert answered(app, tip_id) == "done"
