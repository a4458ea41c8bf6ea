"""A real browser before a real server of the pages; `serving` is all that knows what is served, and how."""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
from fastapi import FastAPI
from granian.constants import Interfaces
from granian.server.embed import Server
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from oo.console.person import router
from oo.domain.facts import TaskUpsert
from oo.domain.instant import DAY, parse_instant
from oo.usecases.app import App
from tests.support.stores import world

NOW = parse_instant("2026-09-22T07:34:00Z")
"""A Tuesday, 09:34 in Berlin."""
ARGUMENTS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PHONE, DESKTOP, NARROW = (390, 844), (1280, 800), (320, 640)
_STARTED_SEC = 10


@dataclass
class Clock:
    """A clock that moves on by a millisecond whenever it is read."""

    at_ms: int = NOW

    def __call__(self) -> int:
        self.at_ms += 1
        return self.at_ms


@dataclass(frozen=True)
class Site:
    """The pages at an address, and what stands behind them."""

    app: App
    clock: Clock
    address: str

    def add(self, user_id: str, *titles: str, tz: str = "Europe/Berlin") -> None:
        """Let a person in who has these things to do, added one a day until yesterday."""
        self.app.people.add(user_id, tz, now_ms=0)
        for place, title in enumerate(titles, 1):
            fact = TaskUpsert(user_id=user_id, task_id=f"k{place}", at_ms=NOW - place * DAY, title=title)
            self.app.tasks.add(fact, now_ms=NOW - place * DAY)


@contextmanager
def serving(app: App, clock: Callable[[], int]) -> Iterator[str]:
    """Serve the pages over an App on a loopback port, and give their address."""
    numbers, service = count(1), FastAPI()
    service.include_router(router(app, clock=clock, new_id=lambda: f"i{next(numbers)}"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server(service, port=port, interface=Interfaces.ASGINL, websockets=False, log_enabled=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),))
    thread.start()
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join()
        loop.close()


def _wait_for(port: int) -> None:
    waiting = threading.Event()
    for _ in range(_STARTED_SEC * 100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            waiting.wait(0.01)
        else:
            return
    raise TimeoutError("the server did not start")


@pytest.fixture
def site() -> Iterator[Site]:
    """The pages over an empty store, served."""
    clock = Clock()
    with world() as store, serving(store.app, clock) as address:
        yield Site(store.app, clock, address)


@pytest.fixture
def ada(site: Site) -> Site:
    """The pages with ada, who has three things to do."""
    site.add("ada", "Buy milk", "Call the dentist", "Write the report")
    return site


def chromium() -> str:
    """The browser of this machine. Without one the tests that need it are skipped, and fail where it is promised."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        missing = "NOT TESTED IN A BROWSER: there is no Chromium here. Install it: apt-get install chromium"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


Launch = Callable[..., Browser]


@pytest.fixture(scope="session")
def launch() -> Iterator[Launch]:
    """Starts the browser, with more arguments if given."""
    executable = chromium()
    with sync_playwright() as playwright:
        yield lambda *more: playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more])


@pytest.fixture(scope="session")
def browser(launch: Launch) -> Iterator[Browser]:
    """One browser for all tests; each opens windows of its own."""
    started = launch()
    yield started
    started.close()


def complaint_of(message: ConsoleMessage) -> list[str]:
    """What the browser writes to its console; that a page itself is one of status 404 or 422 is none."""
    of_page = message.page is not None and message.location["url"] == message.page.url
    return [] if of_page and "the server responded with a status of 4" in message.text else [message.text]


def press(page: Page, name: str, *, within: str = "body") -> None:
    """Press the button of that name, and wait for the page that it leads to."""
    with page.expect_navigation():
        page.locator(within).get_by_role("button", name=name, exact=True).click()


def strike(page: Page, key: str) -> None:
    """Strike a key that leads to another page, and wait for it."""
    with page.expect_navigation():
        page.keyboard.press(key)


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a window without JavaScript; at the test's end nothing may have been complained of in any."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(
        size: tuple[int, int] = DESKTOP, *, script: bool = False, scheme: str = "light", **more: str
    ) -> Page:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
            java_script_enabled=script,
            bypass_csp=script,
            **more,  # type: ignore[arg-type]
        )
        context.set_default_timeout(60_000)  # milliseconds; a machine may be busy
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.extend(complaint_of(message)))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
