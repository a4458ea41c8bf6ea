"""The person's loop in a real browser that runs no scripts: by mouse, and by keyboard alone."""

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE, Site, press, strike

Open = Callable[..., Page]
FOCUS_SEC = 5.0


def tip(page: Page) -> str:
    return page.locator("h1").inner_text()


def focus(page: Page) -> str:
    """What the focus is on, by what it is called."""
    told: str = page.evaluate(
        "(() => { const on = document.activeElement;"
        " return on.innerText?.trim() || on.ariaLabel || on.name || on.id || on.tagName })()"
    )
    return " ".join(told.split())


def focus_given(page: Page) -> str:
    """What a new page has put the focus on, which it does a little after it was loaded."""
    until = time.monotonic() + FOCUS_SEC
    while page.evaluate("document.activeElement === document.body") and time.monotonic() < until:
        page.wait_for_timeout(10)
    return focus(page)


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_dismiss_shows_another_tip_and_undo_brings_the_first_back(
    ada: Site, open_window: Open, size: tuple[int, int]
) -> None:
    page = open_window(size)
    page.goto(f"{ada.address}/")
    first = tip(page)

    press(page, "Dismiss")
    second = tip(page)
    press(page, "Undo")

    assert page.url.startswith(f"{ada.address}/u/ada?tip=")
    assert second != first
    assert tip(page) == first
    assert page.title() == f"Taken back: {first} – oO"


def test_a_day_with_the_page(site: Site, open_window: Open) -> None:
    page = open_window()

    page.goto(site.address)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    press(page, "Begin")
    assert (page.url, tip(page)) == (f"{site.address}/u/ada", "Your list is empty.")

    page.get_by_label("What is there to do?").fill("Buy milk")
    page.get_by_label("Due").fill("2026-09-22")
    page.get_by_label("High").check()
    press(page, "Add")
    assert tip(page) == "Buy milk"
    assert page.get_by_role("status").inner_text() == "Added: Buy milk"
    assert page.get_by_text("due today").first.is_visible()

    page.get_by_text("Snooze", exact=True).click()
    press(page, "Tomorrow morning 08:00")
    assert tip(page) == "Nothing for now."
    assert page.get_by_text("The next one returns tomorrow at 08:00.").is_visible()

    press(page, "Good")
    assert page.get_by_role("status").inner_text() == "Noted: good Thank you."

    page.get_by_text("Your list").click()
    press(page, "Done: Buy milk")
    assert tip(page) == "All done."
    assert page.get_by_role("status").inner_text() == "Done: Buy milk"
    [task] = site.app.tasks.of("ada")
    assert (task.content.priority, task.content.due, task.completed_at_ms is None) == (3, "2026-09-22", False)


def test_why_opens_and_tells(ada: Site, open_window: Open) -> None:
    page = open_window()
    page.goto(f"{ada.address}/u/ada")
    press(page, "Done")

    page.get_by_text("Why this?").click()

    assert page.get_by_text("What is known rests on 1 answer of yours.").is_visible()
    assert page.locator("svg.bar").first.is_visible()


def test_going_back_and_answering_again_shows_no_error(ada: Site, open_window: Open) -> None:
    page = open_window()
    page.goto(f"{ada.address}/u/ada")
    first = tip(page)
    press(page, "Done")

    page.go_back()
    again = tip(page)
    press(page, "Dismiss")
    page.reload()

    assert again != first
    assert page.get_by_role("status").inner_text().startswith(f"Dismissed: {again}")


def test_the_keyboard_alone_is_enough(ada: Site, open_window: Open) -> None:
    page = open_window()
    page.goto(f"{ada.address}/u/ada")
    first = tip(page)
    stops = []
    for _ in range(7):
        page.keyboard.press("Tab")
        stops.append(focus(page))
    assert stops == [
        "Skip to the content",
        "oO, to the start",
        "ada (somebody else?)",
        "Done",
        "Snooze",
        "Dismiss",
        "Why this?",
    ]

    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focus(page) == "In an hour 10:35"
    strike(page, "Enter")
    assert focus_given(page).startswith(f"Snoozed until today at 10:35: {first}")
    page.keyboard.press("Tab")
    assert focus(page) == "Undo"
    strike(page, "Enter")
    assert (tip(page), focus_given(page)) == (first, f"Taken back: {first} Here it is again.")

    page.keyboard.press("Tab")
    assert focus(page) == "Done"
    strike(page, "Enter")
    assert page.title() == f"Done: {first} – oO"


def test_a_task_is_added_by_the_keyboard_and_a_slip_puts_the_focus_where_it_is(
    ada: Site, open_window: Open
) -> None:
    page = open_window()
    page.goto(f"{ada.address}/u/ada")
    page.get_by_text("Add a task").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("   ")
    strike(page, "Enter")
    assert (focus_given(page), page.title().split(":")[0]) == ("title", "Please check")
    page.keyboard.type("Water the plants")
    strike(page, "Enter")
    assert page.get_by_role("status").inner_text() == "Added: Water the plants"
