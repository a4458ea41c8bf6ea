"""What the page about HTTP sends is what the service takes, and what it shows is what comes back."""

import itertools
import json
import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from oo.api.service import Limits, build
from oo.usecases.app import App
from tests.docs.pages import DOCS, blocks

PAGE = DOCS / "how-to" / "use-over-http.md"
NOW = 1_793_000_000_000
LIMITS = Limits(body_bytes=100_000, body_sec=5)


class Reader:
    """Someone who sends what the page says; the tip's id that it shows stands for the one that they get."""

    def __init__(self, app: App) -> None:
        self.own: dict[str, str] = {}
        self.now_ms = NOW
        service = build(
            app,
            hosts=frozenset({"testserver"}),
            limits=LIMITS,
            clock=self.clock,
            new_id=map(str, itertools.count()).__next__,
        )
        self.client = TestClient(service)

    def clock(self) -> int:
        self.now_ms += 10
        return self.now_ms

    def send(self, text: str) -> Any:
        line, _, body = text.partition("\n")
        method, path = line.split()
        for shown, own in self.own.items():
            body = body.replace(shown, own)
        headers = {"Content-Type": "application/json"} if method == "POST" else {}
        return self.client.request(method, path, content=body, headers=headers).json()


def shape(value: Any) -> Any:
    """The value without what differs from reader to reader: which task was drawn, times, numbers of the model."""
    if isinstance(value, dict):
        own = {"tip_id", "text", "candidate_id", "computed_at"}
        found = {key: "<own>" if key in own else shape(each) for key, each in value.items()}
        return {**found, "dimensions": sorted(value["dimensions"])} if "dimensions" in value else found
    if isinstance(value, list):
        return [shape(each) for each in value]
    return "<number>" if isinstance(value, float) and value not in {0.0, 0.5, 1.0} else value


def test_sending_what_the_page_says_gives_what_it_shows(app: App) -> None:
    reader = Reader(app)
    found = [block for block in blocks(PAGE) if block.kind in {"http", "json"}]
    assert [block.kind for block in found] == ["http", "json"] * (len(found) // 2)

    for request, shown in zip(found[::2], found[1::2], strict=True):
        answer, expected = reader.send(request.text), json.loads(shown.text)
        if "tip_id" in expected:
            reader.own[expected["tip_id"]] = answer["tip_id"]

        assert shape(answer) == shape(expected), request.text


@pytest.mark.parametrize("name", ["OO_MOST_BODY_BYTES", "OO_BODY_WAIT_SEC", "OO_LOG_LEVEL"])
def test_the_settings_that_the_page_names_exist(name: str) -> None:
    page = (DOCS / "reference" / "settings.md").read_text("utf-8")

    assert re.search(rf"`{name}`", page)
