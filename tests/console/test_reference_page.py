"""The reference of the API as a page: every call of the service's own OpenAPI document, and nothing that runs."""

import pytest
from starlette.testclient import TestClient

from oo.api.service import Limits, build
from oo.console import openapi, reference
from oo.usecases.app import App


@pytest.fixture
def client(app: App) -> TestClient:
    limits = Limits(body_bytes=100_000, body_sec=5)
    service = build(
        app,
        hosts=frozenset({"testserver"}),
        limits=limits,
        clock=lambda: 0,
        new_id=lambda: "r1",
        pages=(reference.router(),),
    )
    return TestClient(service)


def test_every_call_has_a_section_with_all_that_it_takes_and_answers(client: TestClient) -> None:
    page = client.get("/docs").text
    found = openapi.calls(client.get("/openapi.json").json())

    assert len(found) > 10
    for call in found:
        _, _, section = page.partition(f'<section id="{call.anchor}"')
        section = section.partition("</section>")[0]
        missing = [
            each.name for each in (*call.parameters, *call.takes, *call.answers) if each.name not in section
        ]
        assert section, call.path
        assert missing == [], call.path


def test_every_call_with_a_body_shows_one(client: TestClient) -> None:
    found = openapi.calls(client.get("/openapi.json").json())

    assert [call.path for call in found if call.takes and not call.example] == []


def test_anchors_are_told_apart(client: TestClient) -> None:
    anchors = [call.anchor for call in openapi.calls(client.get("/openapi.json").json())]

    assert len(set(anchors)) == len(anchors)


def test_nothing_on_the_page_runs(client: TestClient) -> None:
    answer = client.get("/docs")

    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    assert " style=" not in answer.text
