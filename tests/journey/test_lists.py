"""A list that lives elsewhere, imported again and again as it changes."""

import io
from collections.abc import Callable

import pytest

from oo import sources
from oo.domain.facts import CalendarEvent, Reaction
from oo.domain.instant import DAY, HOUR, parse_instant
from oo.domain.outcome import Fate, Outcome
from oo.usecases.app import App

NOW = parse_instant("2026-11-21T12:00:00Z")


@pytest.fixture
def take(app: App) -> Callable[..., list[str]]:
    """Imports a todo.txt for ada and returns how each of her tasks stands, by title."""

    def take_list(content: str, *, at_ms: int = NOW) -> list[str]:
        app.import_file(
            io.BytesIO(content.encode()),
            sources.load("todotxt"),
            user_id="ada",
            tz="Europe/Berlin",
            now_ms=at_ms,
        )
        tasks = sorted(app.tasks.of("ada"), key=lambda task: task.content.title)
        return [f"{task.content.title}: {task.status(at_ms, 'Europe/Berlin')}" for task in tasks]

    return take_list


@pytest.mark.parametrize(
    "line",
    ["x foo", "x 2026-11-21 foo", "x 2026-11-20 foo", "x 2026-09-05 foo", "x 2026-09-05 2026-09-01 foo"],
)
def test_a_task_seen_open_and_then_ticked_is_completed_whatever_day_was_written(
    take: Callable[..., list[str]], line: str
) -> None:
    take("foo")

    assert take(line, at_ms=NOW + HOUR) == ["foo: completed"]
    assert take(line, at_ms=NOW + DAY) == ["foo: completed"]


def test_a_ticked_task_that_is_open_again_in_its_list_comes_back(take: Callable[..., list[str]]) -> None:
    take("milk")
    take("x milk", at_ms=NOW + HOUR)

    assert take("milk", at_ms=NOW + DAY) == ["milk: open"]
    assert take("milk", at_ms=NOW + 2 * DAY) == ["milk: open"]
    assert take("x milk", at_ms=NOW + 3 * DAY) == ["milk: completed"]


def test_an_old_archive_read_again_does_not_complete_what_is_open_again(
    take: Callable[..., list[str]],
) -> None:
    take("milk")
    take("x 2026-11-21 milk", at_ms=NOW + HOUR)
    take("milk", at_ms=NOW + DAY)

    assert take("x 2026-11-21 milk", at_ms=NOW + 2 * DAY) == ["milk: open"]


def test_an_archived_completion_from_before_a_tasks_creation_leaves_it_open(
    take: Callable[..., list[str]],
) -> None:
    take("2026-11-01 Water plants")

    assert take("x 2026-10-08 2026-10-01 Water plants", at_ms=NOW + HOUR) == ["Water plants: open"]


def test_a_task_completed_here_stays_so_though_its_list_still_shows_it_open(
    app: App, take: Callable[..., list[str]]
) -> None:
    take("milk")
    (task,) = app.tasks.of("ada")
    app.tasks.complete("ada", task.task_id, now_ms=NOW + HOUR)

    assert take("milk", at_ms=NOW + DAY) == ["milk: completed"]


def test_ticking_one_of_several_lines_that_say_the_same_completes_one(take: Callable[..., list[str]]) -> None:
    take("milk\nmilk\nmilk\n")

    after = take("milk\nx 2026-11-21 milk\nmilk\n", at_ms=NOW + HOUR)

    assert sorted(after) == ["milk: completed", "milk: open", "milk: open"]


def test_a_dismissal_from_before_the_import_counts(app: App, take: Callable[..., list[str]]) -> None:
    take("foo\nbar\n")
    tip = app.recommend("ada", now_ms=NOW - DAY, tip_id="t1")
    assert tip.tip is not None

    app.feedback("t1", Reaction.DISMISS, now_ms=NOW - DAY + HOUR)
    following = app.recommend("ada", now_ms=NOW - DAY + 2 * HOUR, tip_id="t2")

    assert following.tip is not None
    assert following.tip.candidate_id != tip.tip.candidate_id


def entry(*, at_ms: int = NOW, busy: bool = True) -> CalendarEvent:
    return CalendarEvent(
        user_id="ada", event_id="e1", at_ms=at_ms, start_ms=NOW + DAY, end_ms=NOW + DAY + HOUR, busy=busy
    )


def fates(outcomes: list[Outcome]) -> list[Fate]:
    return [outcome.fate for outcome in outcomes]


def test_an_unchanged_calendar_entry_is_known_whenever_it_is_read(app: App) -> None:
    app.people.add("ada", "Europe/Berlin", now_ms=NOW)

    first = app.import_file.take_over([[entry()]], now_ms=NOW)
    again = app.import_file.take_over([[entry(at_ms=NOW + DAY)]], now_ms=NOW + DAY)

    assert (fates(first), fates(again)) == ([Fate.ACCEPTED], [Fate.DUPLICATE])


def test_a_calendar_entry_that_changed_without_saying_when_is_news_as_of_now(app: App) -> None:
    app.people.add("ada", "Europe/Berlin", now_ms=NOW)
    app.import_file.take_over([[entry()]], now_ms=NOW)

    outcomes = app.import_file.take_over([[entry(busy=False)]], now_ms=NOW + DAY)

    assert fates(outcomes) == [Fate.ACCEPTED]
    assert app.store.read(lambda reader: reader.calendar_event("ada", "e1")) == entry(
        at_ms=NOW + DAY, busy=False
    )
