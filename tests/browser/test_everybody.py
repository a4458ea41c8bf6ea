"""For everybody: axe finds nothing, nothing is cut off, everything can be hit and seen."""

from collections.abc import Callable, Mapping

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, NARROW, PHONE, Launch, Site, press

Open = Callable[..., Page]
LONG = "W" * 500
TARGET = 44


def _open_all(page: Page) -> None:
    for fold in page.locator("summary").all():
        fold.click()


def _lived(site: Site, page: Page) -> None:
    """Answer a few tips, so that there are reasons, and open all that opens."""
    page.goto(f"{site.address}/u/ada")
    press(page, "Done", within=".answers")
    press(page, "Dismiss", within=".answers")
    page.goto(f"{site.address}/u/ada")
    _open_all(page)


def _done(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/u/ada")
    press(page, "Done", within=".answers")


def _slips(site: Site, page: Page) -> None:
    page.goto(f"{site.address}/u/ada")
    _open_all(page)
    page.get_by_label("What is there to do?").fill("  ")
    page.get_by_label("Category").fill("x" * 99)
    press(page, "Add")


def _people(site: Site, page: Page) -> None:
    page.goto(site.address)
    _open_all(page)


STATES: Mapping[str, Callable[[Site, Page], object]] = {
    "the first tip": lambda site, page: page.goto(f"{site.address}/u/ada"),
    "all opened, with reasons": _lived,
    "after done": _done,
    "slips in a task": _slips,
    "nothing to show": lambda site, page: page.goto(f"{site.address}/u/empty"),
    "a title without an end": lambda site, page: page.goto(f"{site.address}/u/long"),
    "a title from right to left": lambda site, page: page.goto(f"{site.address}/u/rtl"),
    "the chooser": _people,
    "nobody of that name": lambda site, page: page.goto(f"{site.address}/u/nobody"),
}


@pytest.fixture
def full(ada: Site) -> Site:
    """The pages with people of every kind."""
    ada.add("empty")
    ada.add("long", LONG, f"{LONG} again")
    ada.add("rtl", "להתקשר אל הרופא (מחר!) 📞", tz="Asia/Jerusalem")
    ada.add("a" * 128, "Buy milk")
    return ada


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing(
    full: Site, open_window: Open, state: str, scheme: str, size: tuple[int, int]
) -> None:
    page = open_window(size, script=True, scheme=scheme, reduced_motion="reduce")
    STATES[state](full, page)

    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


def overflow(page: Page) -> int:
    """By how many pixels the page can be scrolled sideways."""
    beyond: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return beyond


def cut_off(page: Page) -> list[str]:
    """What is written on the buttons that are too narrow for it."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('button, summary')]"
        ".filter(each => each.scrollWidth > each.clientWidth).map(each => each.innerText)"
    )
    return found


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("size", [NARROW, PHONE, (640, 400)], ids=["narrow", "phone", "desktop at 200%"])
def test_no_page_scrolls_sideways(full: Site, open_window: Open, state: str, size: tuple[int, int]) -> None:
    page = open_window(size)

    STATES[state](full, page)

    assert overflow(page) == 0


@pytest.mark.parametrize("size", [NARROW, PHONE], ids=["narrow", "phone"])
def test_nothing_is_cut_off_where_letters_are_twice_as_large(
    full: Site, launch: Launch, size: tuple[int, int]
) -> None:
    browser = launch("--blink-settings=defaultFontSize=32")
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, java_script_enabled=False)
    for name, visit in STATES.items():
        visit(full, page)

        assert (name, overflow(page)) == (name, 0)
        assert (name, cut_off(page)) == (name, [])
    browser.close()


@pytest.mark.parametrize("state", STATES)
def test_everything_that_can_be_pressed_is_large_enough_to_hit(
    full: Site, open_window: Open, state: str
) -> None:
    page = open_window(NARROW, reduced_motion="reduce")
    STATES[state](full, page)

    smallest = page.evaluate(
        "[...document.querySelectorAll('button, summary, .levels label, input:not([type=hidden]), a:not(.skip)')]"
        ".filter(each => each.checkVisibility()).map(each => [each.getBoundingClientRect(), each.innerText])"
        ".map(([box, name]) => [Math.round(Math.min(box.width, box.height)), name]).sort((a, b) => a[0] - b[0])[0]"
    )

    assert smallest[0] >= TARGET, smallest


def test_the_focus_can_be_seen_at_every_stop(full: Site, open_window: Open) -> None:
    page = open_window()
    _lived(full, page)
    page.reload()
    _open_all(page)
    page.locator("body").click(position={"x": 5, "y": 5})
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(() => { const on = document.activeElement;"
            " const marked = on.type === 'radio' ? on.nextElementSibling : on;"
            " const style = getComputedStyle(marked);"
            " return [on.tagName, style.outlineStyle, parseFloat(style.outlineWidth)] })()"
        )
        tag, style, width = told
        if tag == "BODY":
            break
        assert (style, width >= 3) == ("solid", True), told
        seen.add(tag)
    assert seen >= {"A", "BUTTON", "SUMMARY", "INPUT"}


@pytest.mark.parametrize(("motion", "moves"), [("reduce", "none"), ("no-preference", "settle")])
def test_nothing_moves_for_those_who_asked_for_stillness(
    ada: Site, open_window: Open, motion: str, moves: str
) -> None:
    page = open_window(reduced_motion=motion)
    page.goto(f"{ada.address}/u/ada")

    assert page.locator(".sheet").evaluate("element => getComputedStyle(element).animationName") == moves


def test_buttons_keep_an_edge_in_a_high_contrast_mode(ada: Site, open_window: Open) -> None:
    page = open_window(forced_colors="active")
    page.goto(f"{ada.address}/u/ada")

    edges = page.get_by_role("button", name="Dismiss").evaluate(
        "element => [getComputedStyle(element).borderTopColor, getComputedStyle(element).backgroundColor]"
    )

    assert edges[0] != edges[1]


def test_a_hostile_title_is_nothing_but_text(ada: Site, open_window: Open) -> None:
    title = '<img src=x onerror="document.title=1"><style>*{display:none}</style><script>document.title=1</script>'
    ada.add("eve", title)
    page = open_window(script=True)

    page.goto(f"{ada.address}/u/eve")

    assert page.locator("h1").inner_text() == title
    assert page.title().startswith("<img")
