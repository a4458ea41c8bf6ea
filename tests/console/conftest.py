"""The pages over a store of their own, visited without a browser."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from oo.console.person import router
from oo.domain.facts import Reaction, TaskUpsert
from oo.domain.instant import parse_instant
from oo.usecases.app import App
from tests.console.reading import Page
from tests.support.stores import world

NOW = parse_instant("2026-09-22T07:34:00Z")
"""A Tuesday, 09:34 in Berlin."""


@dataclass
class Clock:
    """A clock that moves on by a millisecond whenever it is read, as far as the real one does between two clicks."""

    at_ms: int = NOW

    def __call__(self) -> int:
        self.at_ms += 1
        return self.at_ms


@dataclass(frozen=True)
class Seen:
    """The page that a request led to."""

    status: int
    url: str
    headers: Mapping[str, str]
    page: Page
    was_redirected: bool


@dataclass(frozen=True)
class Site:
    """The pages, and what stands behind them."""

    app: App
    client: TestClient
    clock: Clock = field(default_factory=Clock)

    def get(self, path: str) -> Seen:
        return self._seen("GET", path, None)

    def post(self, path: str, **data: str) -> Seen:
        """Send a form, and go where it leads."""
        return self._seen("POST", path, data)

    def press(self, seen: Seen, name: str, value: str, **typed: str) -> Seen:
        """Press the button of that name and value on a page, with its form filled in."""
        form = seen.page.form_with("button", name=name, value=value)
        return self.post(form["action"] or "", **{**seen.page.fields(form), name: value, **typed})

    def undo(self, seen: Seen) -> Seen:
        return self.press(seen, "reaction", "none")

    def task(self, user_id: str, title: str, **content: str | int | None) -> str:
        """Put a task on a person's list, created when the clock says, and return its id."""
        task_id = f"k{len(self.app.tasks.of(user_id)) + 1}"
        fact = TaskUpsert(
            user_id=user_id,
            task_id=task_id,
            at_ms=self.clock(),
            title=title,
            **content,  # type: ignore[arg-type]
        )
        return self.app.tasks.add(fact, now_ms=self.clock()).task_id

    def status(self, user_id: str, title: str) -> str:
        """How a task stands, told by its title."""
        now_ms, tz = self.clock.at_ms, self.app.people.get(user_id).tz_at(self.clock.at_ms)
        return next(
            task.status(now_ms, tz) for task in self.app.tasks.of(user_id) if task.content.title == title
        )

    def _seen(self, method: str, path: str, data: Mapping[str, str] | None) -> Seen:
        answer = self.client.request(method, path, data=data)
        assert len(answer.history) <= 1
        assert all(step.status_code == 303 for step in answer.history)
        split = urlsplit(str(answer.url))
        url = f"{split.path}?{split.query}" if split.query else split.path
        return Seen(answer.status_code, url, answer.headers, Page(answer.text), bool(answer.history))


def tip_id(seen: Seen) -> str:
    """The id of the tip that a page shows."""
    return (seen.page.form_with("button", value="done")["action"] or "").rpartition("/")[2]


def reactions(site: Site, tip: str) -> list[Reaction]:
    return [given.reaction for given in site.app.store.read(lambda reader: reader.reactions(tip))]


@contextmanager
def opened() -> Iterator[Site]:
    """Open the pages over an empty store."""
    numbers, clock = count(1), Clock()
    service = FastAPI()
    with world() as store:
        service.include_router(router(store.app, clock=clock, new_id=lambda: f"i{next(numbers)}"))
        with TestClient(service) as client:
            yield Site(store.app, client, clock)


def settled(site: Site) -> Site:
    """Let ada of Berlin in, with three things to do."""
    site.app.people.add("ada", "Europe/Berlin", now_ms=0)
    for title in ("Buy milk", "Call the dentist", "Write the report"):
        site.task("ada", title)
    return site


@pytest.fixture
def site() -> Iterator[Site]:
    """The pages over an empty store."""
    with opened() as pages:
        yield pages


@pytest.fixture
def ada(site: Site) -> Site:
    """The pages, with ada of Berlin, who has three things to do."""
    return settled(site)


@pytest.fixture
def one_task(site: Site) -> Callable[..., Site]:
    """The pages, with ada of Berlin, who has one thing to do, as it is given."""

    def with_task(title: str = "Buy milk", tz: str = "Europe/Berlin", **content: str | int | None) -> Site:
        site.app.people.add("ada", tz, now_ms=0)
        site.task("ada", title, **content)
        return site

    return with_task
