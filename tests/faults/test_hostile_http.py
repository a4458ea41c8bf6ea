"""No body and no address breaks the service: it is refused in the one shape, and nothing changes."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from docs import generate
from tests.api.calling import CANDIDATES, error, ok
from tests.faults.attacked import ADA, assert_alive, assert_refused, attacked, standing
from tests.faults.hostile import SEGMENTS, UNREADABLE, Call, calls
from tests.faults.wire import chunked, exchange, head
from tests.support.service import JSON, Service

TEN_MEGABYTES = 10_000_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with attacked(tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.fixture(scope="module")
def every_call(service: Service) -> list[Call]:
    return calls(ok(service.client.get("/openapi.json")))


def test_every_call_takes_its_own_example(service: Service, every_call: list[Call]) -> None:
    for call in every_call:
        answer = service.client.request(call.method, call.path(), json=call.body)
        assert answer.status_code == 200, (str(call), answer.text)


def test_no_body_that_cannot_be_meant_is_taken_by_any_call(service: Service, every_call: list[Call]) -> None:
    before, tried = standing(service), 0
    for call in every_call:
        if call.schema is None:
            continue
        for what, body in call.bodies():
            answer = service.client.request(call.method, call.path(), content=body, headers=JSON)
            if call.template == "/signals" and answer.status_code == 200 and b"[" in body[:1]:
                assert ok(answer)["accepted"] == ok(answer)["waiting"] == 0, what  # refused by its place
            else:
                assert_refused(answer, f"{call}, {what}")
            assert_alive(service)
            tried += 1

    assert tried > 1_500
    assert standing(service) == before


def test_no_signal_with_a_hostile_value_is_kept(service: Service) -> None:
    """Each field of each type of line is replaced: the event log has rules of its own, which OpenAPI does not show."""
    values: list[Any] = [
        None,
        True,
        7,
        -1,
        1.5,
        1e300,
        "",
        "x y",
        "\u202e",
        "x" * 100_000,
        [],
        [1],
        {},
        {"a": 1},
    ]
    for line in generate.EXAMPLE.read_text("utf-8").splitlines():
        signal = json.loads(line)
        batch = [{**signal, field: value} for field in signal for value in values if value != signal[field]]
        batch += [{key: value for key, value in signal.items() if key != field} for field in signal]
        batch += [{**signal, "extra": 1}, {**signal, "": None}, {**signal, "type": signal["type"].upper()}]
        answer = service.client.post("/signals", json=batch)
        report = ok(answer)
        assert answer.text.isprintable()
        assert report["accepted"] + report["duplicates"] + report["waiting"] + len(report["refused"]) == len(
            batch
        )
        assert len(report["refused"]) > len(batch) * 0.6, (signal["type"], report)
        for name, text in UNREADABLE.items():
            body = b'{"type": "%b", "user_id": %b}' % (signal["type"].encode(), text)
            assert_refused(service.client.post("/signals", content=body, headers=JSON), name)
        assert_alive(service)


def test_no_address_that_names_nothing_is_found(service: Service, every_call: list[Call]) -> None:
    before, tried = standing(service), 0
    for call in every_call:
        for name in call.parameters:
            for segment in SEGMENTS:
                # By hand: a client library would tidy the address up.
                body = b"" if call.body is None else json.dumps(call.body).encode()
                headers = [] if call.body is None else ["Content-Type: application/json"]
                top = head(
                    f"{call.method} {call.path(**{name: segment})} HTTP/1.1",
                    f"127.0.0.1:{service.port}",
                    *headers,
                    f"Content-Length: {len(body)}",
                )
                answer = exchange(service.port, top + body)
                if call.template.startswith("/stats") and name == "user_id" and is_id(segment):
                    assert answer.status == 200, "of somebody unknown it knows the prior"
                else:
                    assert_refused(answer.response, f"{call}, {name}={segment[:40]}")
                assert b"X-Injected" not in answer.raw.partition(b"\r\n\r\n")[0]
                tried += 1
    assert_alive(service)
    assert tried > 200
    assert standing(service) == before


def is_id(segment: str) -> bool:
    return re.fullmatch("[A-Za-z0-9_.:@-]{1,128}", unquote(segment)) is not None


@pytest.mark.parametrize(
    "method", ["PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "FROB", "PROPFIND", "X" * 1000]
)
def test_no_call_takes_another_method(service: Service, every_call: list[Call], method: str) -> None:
    for call in every_call:
        taken = {each.method for each in every_call if each.template == call.template}
        if method in taken:
            continue
        answer = service.client.request(method, call.path(), content=b"{}", headers=JSON)

        assert_refused(answer, f"{method} {call}")
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == taken
    assert_alive(service)


@pytest.mark.parametrize(
    "declared",
    [
        None,
        "",
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json, text/plain",
        "application/problem+json",
        "application/\u202ejson",
        "x" * 5_000,
    ],
)
def test_a_body_has_to_be_declared_to_be_json(
    service: Service, every_call: list[Call], declared: str | None
) -> None:
    for call in every_call:
        if call.body is not None:
            headers = {} if declared is None else {"Content-Type": declared.encode()}
            content = json.dumps(call.body).encode()
            answer = service.client.request(call.method, call.path(), content=content, headers=headers)  # type: ignore[arg-type]
            assert answer.status_code == 415
            assert_refused(answer, str(call))


@pytest.mark.parametrize(
    "declared", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"]
)
def test_json_may_be_declared_in_any_way_that_means_it(service: Service, declared: str) -> None:
    content = json.dumps({"user_id": ADA, "candidates": CANDIDATES})

    assert ok(service.client.post("/score", content=content, headers={"Content-Type": declared}))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "identity, gzip", "x"])
def test_a_compressed_body_is_refused_unread(service: Service, coding: str) -> None:
    bomb = gzip.compress(b'{"user_id": "ada"}' + b" " * 50_000_000)

    answer = service.client.post("/recommend", content=bomb, headers={**JSON, "Content-Encoding": coding})

    assert answer.status_code == 415
    assert_refused(answer, coding)


def test_ten_megabytes_are_refused_and_their_sender_can_read_it(
    service: Service, every_call: list[Call]
) -> None:
    """All of it is sent before the answer is read, as most clients do."""
    padding = b" " * TEN_MEGABYTES
    for call in every_call:
        if call.body is None:
            continue
        line, host = f"{call.method} {call.path()} HTTP/1.1", f"127.0.0.1:{service.port}"
        whole = (
            head(line, host, "Content-Type: application/json", f"Content-Length: {TEN_MEGABYTES}") + padding
        )
        parts = [padding[start : start + 60_000] for start in range(0, TEN_MEGABYTES, 60_000)]
        streamed = head(line, host, "Content-Type: application/json", "Transfer-Encoding: chunked") + chunked(
            parts
        )
        for sent in (whole, streamed):
            answer = exchange(service.port, sent)
            assert answer.status == 413, answer.raw[:200]
            assert_refused(answer.response, str(call))
            assert error(answer.response, 413)["message"] == "The body has more than 4,194,304 bytes."
        assert_alive(service)


def test_after_ten_megabytes_the_same_connection_serves_on(service: Service) -> None:
    with httpx2.Client(
        base_url=service.address, trust_env=False, limits=httpx2.Limits(max_connections=1)
    ) as client:
        for _ in range(3):
            assert_refused(
                client.post("/signals", content=b"[" + b" " * TEN_MEGABYTES, headers=JSON), "too large"
            )
            assert ok(client.post("/score", json={"user_id": ADA, "candidates": CANDIDATES}))


def test_a_body_as_large_as_may_be_is_read(service: Service) -> None:
    content = json.dumps({"user_id": ADA, "candidates": CANDIDATES}).encode().ljust(4 * 1024 * 1024)

    assert ok(service.client.post("/score", content=content, headers=JSON))
    assert service.client.post("/score", content=content + b" ", headers=JSON).status_code == 413
