"""A service under attack: every example of its OpenAPI document finds what it names, and nothing may change that."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.api.calling import CANDIDATES, error, ok, send, served, task, user
from tests.support.service import Service, opened, serving, unlike_the_ledger

ADA, EVE, TIP, DECISION = "ada", "eve", "5f1c0a94e1d7b2aa", "d1"
"""Those of the examples in the OpenAPI document; Eve is there to be erased."""


@contextmanager
def attacked(folder: Path) -> Iterator[Service]:
    """Serve a store in which the examples find what they name; at the end it has to be whole."""
    with serving(folder) as service:
        send(
            service.client,
            user(ADA),
            user(EVE),
            task(ADA, "k1"),
            task(ADA, "k2"),
            served(ADA, TIP, "2026-09-01T07:30:00Z"),
        )
        body = {"user_id": ADA, "candidates": CANDIDATES, "decision_id": DECISION}
        ok(service.client.post("/score/egreedy/v2", json=body))
        yield service
    with opened(folder) as app:
        assert unlike_the_ledger(app) == []


def assert_refused(answer: httpx2.Response, what: str) -> None:
    """A 4xx in the one error shape, short, and with nothing in it that a terminal or a page would act on."""
    assert 400 <= answer.status_code < 500, (what, answer.status_code, answer.text[:300])
    error(answer, answer.status_code)
    assert answer.text.isprintable(), what
    assert len(answer.text) < 2_000, what


def assert_alive(service: Service) -> None:
    assert ok(service.client.get("/healthz")) == {"status": "ok"}


def standing(service: Service) -> dict[str, Any]:
    """What a refused request must not change."""
    page = service.client.get("/metrics").text.splitlines()
    names = ("oo_signals_total", "oo_tips_total", "oo_reactions_total")
    return {
        "meters": [line for line in page if line.startswith(names) and 'fate="refused"' not in line],
        "values": ok(service.client.get(f"/users/{ADA}/profile")),
        "learned": [
            ok(service.client.get(f"/stats/{policy}?user_id={ADA}"))
            for policy in ("egreedy/v1", "egreedy/v2", "linucb/v1")
        ],
    }
