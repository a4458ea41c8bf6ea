"""Somebody who comes when there is no room is told so in words, as a page; a program is told as JSON."""

import pytest
from starlette.testclient import TestClient

from oo.api.service import Limits, build
from oo.console import overloaded
from oo.usecases.app import App

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def full(app: App) -> TestClient:
    """A service that has no room for any request."""
    asgi = build(
        app,
        hosts=frozenset({"testserver"}),
        limits=Limits(body_bytes=1000, body_sec=1, requests=0),
        clock=lambda: 0,
        new_id=lambda: "id",
        overloaded=overloaded.answer,
    )
    return TestClient(asgi)


def test_a_browser_gets_a_page_that_asks_again(full: TestClient) -> None:
    answer = full.get("/u/ada", headers=BROWSER)

    assert (answer.status_code, answer.headers["retry-after"], answer.headers["refresh"]) == (503, "2", "5")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "oO has too much to do right now." in answer.text
    assert "Nothing was changed." in answer.text
    assert "content-security-policy" in answer.headers


def test_what_was_posted_is_not_sent_again_by_itself(full: TestClient) -> None:
    answer = full.post("/u/ada/react", headers=BROWSER)

    assert answer.status_code == 503
    assert "refresh" not in answer.headers


def test_a_program_gets_the_one_shape_of_error(full: TestClient) -> None:
    answer = full.post("/recommend", json={"user_id": "ada"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.json()["error"]["code"] == "overloaded"


def test_how_it_is_can_be_asked_all_the_same(full: TestClient) -> None:
    assert full.get("/healthz", headers=BROWSER).status_code == 200
