"""The one tip: what is said of it, the three answers, and taking one back."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from oo.domain.facts import Reaction
from oo.domain.instant import DAY, MINUTE, parse_instant
from tests.console.conftest import NOW, Site, reactions, tip_id


def test_one_tip_is_shown_with_all_that_is_known_of_it(one_task: Callable[..., Site]) -> None:
    site = one_task(category="errands", due="2026-09-24")

    seen = site.get("/u/ada")

    assert (seen.status, seen.page.tip, seen.page.title) == (200, "Buy milk", "Buy milk – oO")
    assert seen.page.one("p", class_="tags").text == "errands due Thursday"
    assert seen.page.notice is None


def test_a_tip_on_the_page_counts_as_shown(ada: Site) -> None:
    shown = tip_id(ada.get("/u/ada"))

    tip = ada.app.store.read(lambda reader: reader.tip(shown))
    assert tip is not None
    assert tip.shown_at_ms == tip.served_at_ms


def test_looking_again_shows_the_same_tip(ada: Site) -> None:
    assert tip_id(ada.get("/u/ada")) == tip_id(ada.get("/u/ada"))


@pytest.mark.parametrize(
    ("reaction", "said", "status"),
    [
        ("done", "Done:", "done"),
        ("dismiss", "Dismissed:", "dismissed"),
        ("snooze", "Snoozed until today at 10:35:", "snoozed"),
    ],
)
def test_an_answer_leads_to_the_next_tip_and_says_what_was_answered(
    ada: Site, reaction: str, said: str, status: str
) -> None:
    first = ada.get("/u/ada")

    following = ada.post(f"/u/ada/tips/{tip_id(first)}", reaction=reaction, snooze="hour")

    assert (following.status, following.was_redirected) == (200, True)
    assert following.url == f"/u/ada?answered={tip_id(first)}"
    assert following.page.tip != first.page.tip
    assert (following.page.notice or "").startswith(f"{said} {first.page.tip}")
    assert following.page.title == f"{said.split(maxsplit=1)[0].rstrip(':')}: {first.page.tip} – oO"
    assert ada.status("ada", first.page.tip) == status


@pytest.mark.parametrize("reaction", ["done", "dismiss", "snooze"])
def test_undo_shows_that_very_tip_again_though_a_newer_one_was_served(ada: Site, reaction: str) -> None:
    first = ada.get("/u/ada")
    second = ada.post(f"/u/ada/tips/{tip_id(first)}", reaction=reaction)

    back = ada.undo(second)

    assert (back.status, back.was_redirected, back.url) == (200, True, f"/u/ada?tip={tip_id(first)}")
    assert (tip_id(back), back.page.tip) == (tip_id(first), first.page.tip)
    assert back.page.notice == f"Taken back: {first.page.tip} Here it is again."
    assert back.page.title == f"Taken back: {first.page.tip} – oO"
    assert ada.status("ada", first.page.tip) == "open"


def test_a_tip_taken_back_can_be_answered_anew(ada: Site) -> None:
    first = ada.get("/u/ada")
    back = ada.undo(ada.press(first, "reaction", "dismiss"))

    following = ada.press(back, "reaction", "done")

    assert (following.page.notice or "").startswith(f"Done: {first.page.tip}")
    assert ada.status("ada", first.page.tip) == "done"


def test_the_same_answer_twice_is_one_answer(ada: Site) -> None:
    first = ada.get("/u/ada")

    once, twice = (ada.press(first, "reaction", "done") for _ in range(2))

    assert (twice.status, twice.url, twice.page.tip) == (200, once.url, once.page.tip)
    assert reactions(ada, tip_id(first)) == [Reaction.DONE]


def test_undo_twice_is_one_undo(ada: Site) -> None:
    first = ada.get("/u/ada")
    second = ada.press(first, "reaction", "done")

    once, twice = (ada.undo(second) for _ in range(2))

    assert (twice.status, tip_id(twice)) == (200, tip_id(once))
    assert reactions(ada, tip_id(first)) == [Reaction.DONE, Reaction.NONE]


@pytest.mark.parametrize("choice", ["hour", "evening", "morning", "week"])
def test_the_same_snooze_pressed_twice_is_one_snooze_even_across_a_minute(ada: Site, choice: str) -> None:
    ada.clock.at_ms = NOW + MINUTE - 3
    first = ada.get("/u/ada")

    for _ in range(2):
        assert ada.press(first, "snooze", choice).status == 200
        ada.clock.at_ms = NOW + MINUTE

    assert reactions(ada, tip_id(first)) == [Reaction.SNOOZE]


def test_another_snooze_of_the_same_tip_counts(ada: Site) -> None:
    first = ada.get("/u/ada")
    ada.press(first, "snooze", "hour")

    later = ada.press(first, "snooze", "week")

    assert (later.page.notice or "").startswith("Snoozed until Monday at 08:00:")


@pytest.mark.parametrize(
    ("choice", "ends", "words"),
    [
        ("hour", "2026-09-22T08:35:00Z", "In an hour 10:35"),
        ("evening", "2026-09-22T16:00:00Z", "This evening 18:00"),
        ("morning", "2026-09-23T06:00:00Z", "Tomorrow morning 08:00"),
        ("week", "2026-09-28T06:00:00Z", "Next week Monday at 08:00"),
    ],
)
def test_a_snooze_ends_when_its_button_says(
    one_task: Callable[..., Site], choice: str, ends: str, words: str
) -> None:
    site = one_task()
    seen = site.get("/u/ada")
    site.press(seen, "snooze", choice)

    site.clock.at_ms = parse_instant(ends) - MINUTE
    early = site.get("/u/ada")
    site.clock.at_ms = parse_instant(ends)
    late = site.get("/u/ada")

    assert seen.page.one("button", name="snooze", value=choice).text == words
    assert (early.page.tip, late.page.tip) == ("Nothing for now.", "Buy milk")


def test_a_snooze_without_a_time_lasts_an_hour(ada: Site) -> None:
    first = ada.get("/u/ada")

    following = ada.post(f"/u/ada/tips/{tip_id(first)}", reaction="snooze")

    assert (following.page.notice or "").startswith("Snoozed until today at 10:34:")


def test_a_tip_whose_task_is_gone_does_not_come_back(ada: Site) -> None:
    first = ada.get("/u/ada")
    second = ada.press(first, "reaction", "dismiss")
    gone = next(task for task in ada.app.tasks.of("ada") if task.content.title == first.page.tip)
    ada.app.tasks.complete("ada", gone.task_id, now_ms=ada.clock())

    back = ada.undo(second)

    assert (back.status, back.page.tip, back.page.notice) == (200, second.page.tip, None)


def test_a_tip_that_is_answered_is_not_shown_again_by_its_address(ada: Site) -> None:
    first = ada.get("/u/ada")
    second = ada.press(first, "reaction", "done")

    assert ada.get(f"/u/ada?tip={tip_id(first)}").page.tip == second.page.tip


def test_undo_shows_a_tip_again_long_after_it_was_served(ada: Site) -> None:
    first = ada.get("/u/ada")
    second = ada.press(first, "reaction", "done")
    ada.clock.at_ms += 2 * DAY

    assert tip_id(ada.undo(second)) == tip_id(first)


@pytest.mark.parametrize(
    ("tz", "due", "words"),
    [
        ("Pacific/Auckland", "2026-09-22", "due today"),
        ("Pacific/Honolulu", "2026-09-22", "due tomorrow"),
        ("Pacific/Kiritimati", "2026-09-21", "1 day overdue"),
        ("Europe/Berlin", "2026-09-12", "10 days overdue"),
        ("Europe/Berlin", "2026-09-28", "due Monday"),
        ("Europe/Berlin", "2026-09-29", "due 29 September"),
        ("Europe/Berlin", "2027-01-02", "due 2 January 2027"),
        ("Europe/Berlin", "2026-09-22T15:00:00.000Z", "due today at 17:00"),
        ("Asia/Tokyo", "2026-09-22T15:00:00.000Z", "due tomorrow at 00:00"),
        ("Europe/Berlin", "2026-09-22T06:30:00.000Z", "overdue since 08:30"),
        ("Europe/Berlin", "2026-09-20T06:30:00.000Z", "2 days overdue"),
    ],
)
def test_when_it_is_due_is_said_in_words_by_the_persons_own_calendar(
    one_task: Callable[..., Site], tz: str, due: str, words: str
) -> None:
    site = one_task(tz=tz, due=due)

    tags = site.get("/u/ada").page.one("p", class_="tags")

    assert tags.text == words


def test_the_page_says_which_day_it_is_where_the_person_lives(one_task: Callable[..., Site]) -> None:
    site = one_task(tz="Pacific/Auckland")
    site.clock.at_ms = parse_instant("2026-09-22T13:00:00Z")

    dateline = site.get("/u/ada").page.one("p", class_="dateline")

    assert dateline.text == "Wednesday, 23 September 1 task open"


def test_a_tip_that_does_not_say_what_its_task_says_names_it(ada: Site) -> None:
    shown = ada.get("/u/ada")
    known = next(task for task in ada.app.tasks.of("ada") if task.content.title == shown.page.tip)
    ada.app.tasks.add(replace(known.content, at_ms=ada.clock(), title="Renamed"), now_ms=ada.clock())

    seen = ada.get("/u/ada")

    assert (seen.page.tip, seen.page.one("p", class_="about").text) == (
        shown.page.tip,
        "For your task Renamed",
    )
