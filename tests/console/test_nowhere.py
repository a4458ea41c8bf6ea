"""An address that leads nowhere is a page for a browser, and JSON for a program."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from oo.api.service import Limits, build
from oo.console import nowhere, person, reference
from tests.support.stores import world

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def client() -> Iterator[TestClient]:
    """Hand out the whole service, as `oo serve` builds it."""
    with world() as made:
        service = build(
            made.app,
            hosts=frozenset({"testserver"}),
            limits=Limits(body_bytes=1_000, body_sec=5),
            clock=lambda: 0,
            new_id=lambda: "id",
            pages=(
                person.router(made.app, clock=lambda: 0, new_id=lambda: "id"),
                reference.router(),
                nowhere.router(),
            ),
        )
        yield TestClient(service)


@pytest.mark.parametrize("path", ["/nope", "/u/ada/../../etc", "/admin/nothing", "/a%00b", "/" + "x" * 5_000])
def test_a_browser_gets_a_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "There is nothing here." in answer.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_a_program_gets_the_one_error_shape(client: TestClient, accept: str) -> None:
    answer = client.get("/nope", headers={"accept": accept})

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_what_is_there_is_as_ever_for_a_browser(client: TestClient) -> None:
    assert client.get("/healthz", headers=BROWSER).json()["status"]
    assert client.get("/docs", headers=BROWSER).status_code == 200
    posted = client.post("/nope", json={}, headers=BROWSER)
    assert (posted.status_code, posted.json()["error"]["code"]) == (404, "not_found")
