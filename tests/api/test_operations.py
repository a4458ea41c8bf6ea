"""GET /healthz, /readyz and /metrics, and how every route answers when the store does not."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from oo import __version__
from oo.usecases.app import App
from tests.api.calling import (
    CANDIDATES,
    at,
    candidate,
    decide,
    error,
    mood,
    ok,
    post,
    send,
    served,
    soon,
    task,
)
from tests.api.conforming import Conforming
from tests.api.inside import Inside


def samples(api: httpx2.Client) -> Iterator[Sample]:
    page = api.get("/metrics")
    assert page.status_code == 200
    for family in text_string_to_metric_families(page.text):
        yield from family.samples


def meter(api: httpx2.Client, name: str, **labels: str) -> float:
    """What a meter shows, summed over the labels that are not named."""
    return sum(
        each.value for each in samples(api) if each.name == name and labels.items() <= each.labels.items()
    )


def test_a_service_that_answers_is_healthy_and_ready(api: Conforming) -> None:
    assert ok(api.get("/healthz")) == {"status": "ok"}
    assert ok(api.get("/readyz")) == {"status": "ready"}


def test_without_its_store_a_service_is_healthy_and_not_ready(app: App) -> None:
    inside = Inside(app)
    ready = inside.get("/readyz")
    app.close()

    assert ok(ready) == {"status": "ready"}
    error(inside.get("/readyz"), 503, "store_closed")
    assert ok(inside.get("/healthz")) == {"status": "ok"}
    assert inside.get("/metrics").status_code == 200


STORED: list[tuple[str, str, Any]] = [
    ("POST", "/recommend", {"user_id": "ada"}),
    ("POST", "/feedback", {"tip_id": "t1", "reaction": "done"}),
    ("POST", "/signals", mood("ada")),
    ("POST", "/signals", [mood("ada")]),
    ("GET", "/users/ada/profile", None),
    ("POST", "/users/ada/profile/rebuild", None),
    ("POST", "/score", {"user_id": "ada", "candidates": CANDIDATES}),
    ("POST", "/score/linucb/v1", {"user_id": "ada", "candidates": CANDIDATES}),
    ("POST", "/reward", {"decision_id": "d1", "reward": 1}),
    ("POST", "/reward/linucb/v1", {"decision_id": "d1", "reward": 1}),
    ("GET", "/stats/linucb/v1?user_id=ada", None),
    ("POST", "/reset", {"user_id": "ada"}),
    ("GET", "/readyz", None),
    ("GET", "/quality", None),
    ("GET", "/users/ada/export", None),
    ("DELETE", "/users/ada", None),
]


@pytest.mark.parametrize(("method", "path", "body"), STORED, ids=lambda each: str(each)[:30])
def test_a_store_that_is_gone_is_answered_with_when_to_try_again(
    app: App, method: str, path: str, body: Any
) -> None:
    inside = Inside(app)
    app.close()

    calls = {"GET": inside.get, "DELETE": inside.delete}
    answer = calls[method](path) if method in calls else inside.post(path, json=body)

    assert "closed" in error(answer, 503, "store_closed")["message"]
    assert int(answer.headers["Retry-After"]) > 0


def test_every_route_that_needs_the_store_is_among_them(api: Conforming) -> None:
    def pattern(path: str) -> str:
        return (
            path.partition("?")[0]
            .replace("/users/ada", "/users/{user_id}")
            .replace("/linucb/v1", "/{policy}/{version}")
        )

    tried = {(method.lower(), pattern(path)) for method, path, _ in STORED}

    every = {(method, path) for path, calls in api.document["paths"].items() for method in calls}
    assert every - tried == {("get", "/features"), ("get", "/healthz"), ("get", "/metrics")}


def test_the_meters_are_in_the_format_of_prometheus(api: Conforming) -> None:
    page = api.get("/metrics")

    assert page.headers["Content-Type"].startswith("text/plain; version=")
    names = {each.name for each in samples(api)}
    assert {"oo_http_requests_total", "oo_http_request_seconds_bucket", "oo_http_requests_running"} <= names
    assert {"process_resident_memory_bytes", "python_info"} <= names
    assert meter(api, "oo_info", version=__version__) == 1


def test_what_the_loop_does_is_counted(api: Conforming, ada: str) -> None:
    def counts() -> list[float]:
        return [
            meter(api, "oo_tips_total", policy="egreedy/v1"),
            meter(api, "oo_reactions_total", reaction="dismiss"),
            *(
                meter(api, "oo_signals_total", fate=fate)
                for fate in ("accepted", "duplicates", "waiting", "refused")
            ),
        ]

    before = counts()
    send(api, task(ada, "k1"))
    again = mood(ada)
    api.post("/signals", json=[again, again, mood(ada, score=2), {**mood(ada), "user_id": f"{ada}.x"}])
    tip_id = post(api, "/recommend", user_id=ada)["tip_id"]
    for _ in range(2):
        post(api, "/feedback", tip_id=tip_id, reaction="dismiss")
    post(api, "/recommend", user_id=ada)

    assert [after - was for after, was in zip(counts(), before, strict=True)] == [1, 1, 2, 1, 1, 1]


def test_requests_are_counted_by_route_and_status_and_never_by_what_was_sent(
    api: Conforming, ada: str
) -> None:
    rewarded = {"method": "POST", "route": "/reward/{policy}/{version}"}

    def counts() -> list[float]:
        every = ({**rewarded, "status": "200"}, {**rewarded, "status": "404"}, {"route": "(none)"})
        return [meter(api, "oo_http_requests_total", **labels) for labels in every]

    before = counts()
    post(api, "/reward/egreedy/v1", decision_id=decide(api, ada), reward=1)
    api.post("/reward/egreedy/v1", json={"decision_id": "x-never", "reward": 1})
    api.get(f"/nowhere/{ada}")
    api.request(f"X{ada}".upper(), "/healthz")

    soon(counts, [was + 1 for was in before])
    assert meter(api, "oo_http_requests_total", method="other") >= 1
    assert ada not in api.get("/metrics").text
    assert ada.upper() not in api.get("/metrics").text


def test_a_policy_that_a_log_names_makes_no_meter_of_its_own(api: Conforming, ada: str) -> None:
    before = meter(api, "oo_tips_total", policy="other")
    send(api, task(ada, "k1"), served(ada, f"{ada}.t", at(-60_000), policy=f"made-up-{ada}"))

    assert post(api, "/recommend", user_id=ada)["policy"] == f"made-up-{ada}"

    assert meter(api, "oo_tips_total", policy="other") == before + 1
    assert ada not in api.get("/metrics").text


def test_time_is_measured_by_route(api: Conforming, ada: str) -> None:
    route = {"method": "POST", "route": "/score"}

    def count() -> float:
        return meter(api, "oo_http_request_seconds_count", **route)

    before = count()
    for _ in range(3):
        post(api, "/score", user_id=ada, candidates=[candidate("k1")])

    soon(count, before + 3)
    assert 0 < meter(api, "oo_http_request_seconds_sum", **route) < 60


def test_no_request_is_left_running_but_the_one_that_asks(api: Conforming) -> None:
    soon(lambda: meter(api, "oo_http_requests_running"), 1)
