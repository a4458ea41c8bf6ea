"""Fixtures that tests of the whole system share."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oo.compose import compose
from oo.settings import Settings
from oo.usecases.app import App
from tests.shell.running import Shell

# A shell that runs the tests in the background lets them ignore Ctrl+C, and so would every process that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

collect_ignore = ["torture/warmed.py"]
"""Looked through for doctests it would be imported, and what it does then is for another process."""
FIRST = ("tests/torture/test_smoke.py", "tests/contract/test_journeys.py")
"""Each is a minute and more in one piece: begun last, it would be waited for alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest; all others stay as they are."""
    items.sort(key=lambda item: not item.nodeid.startswith(FIRST))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell over a store of its own, which does not exist yet."""
    return Shell(tmp_path)


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Callable[[], App]]:
    """Opens the App over the store that `shell` uses; the caller may close it, or leave that to the test's end."""
    opened: list[App] = []

    def open_one() -> App:
        for app in opened:
            app.close()
        settings = Settings(database=Shell(tmp_path).url, busy_wait_sec=0)
        opened.append(compose(settings))
        return opened[-1]

    yield open_one
    for app in opened:
        app.close()


@pytest.fixture
def app(open_app: Callable[[], App]) -> App:
    """The App over a new store."""
    return open_app()
