"""The id of a request, its line in the log, and the last net under every error."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from oo.usecases.app import App
from tests.api.calling import error, new_id, ok, post, soon
from tests.api.conforming import Conforming
from tests.api.inside import Inside
from tests.support.service import Service, serving

HEADER = "X-Request-ID"


def test_an_id_that_a_client_gives_is_handed_back_and_logged(api: Conforming, service: Service) -> None:
    request_id = new_id("request")

    answer = api.get("/healthz", headers={HEADER: request_id})

    assert answer.headers[HEADER] == request_id
    line = service.wait_for_log({"request_id": request_id})
    assert line["ms"] >= 0
    assert line.keys() == {"method", "path", "status", "ms", "event", "request_id", "level", "process", "at"}
    assert (line["method"], line["path"], line["status"]) == ("GET", "/healthz", 200)
    assert (line["event"], line["level"]) == ("answered", "info")
    assert line["process"] == service.process.pid


def test_a_request_without_an_id_gets_one_of_its_own(api: Conforming, service: Service) -> None:
    ids = [api.get("/healthz").headers[HEADER] for _ in range(5)]

    assert len(set(ids)) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", request_id) for request_id in ids)
    assert service.wait_for_log({"request_id": ids[-1]})["status"] == 200


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "é", '"quoted"', "../../etc", "{}", ";"])
def test_an_id_that_is_none_is_replaced(api: Conforming, sent: str) -> None:
    answer = api.get("/healthz", headers={HEADER.encode(): sent.encode()})

    assert answer.status_code == 200
    assert re.fullmatch("[0-9a-f]{16}", answer.headers[HEADER])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/healthz", 405),
        ("POST", "/recommend", 422),
        ("GET", "/metrics", 200),
        ("GET", "/docs", 200),
    ],
)
def test_every_answer_carries_its_id_and_is_logged(
    api: Conforming, service: Service, method: str, path: str, status: int
) -> None:
    request_id = new_id("request")

    answer = api.request(method, path, headers={HEADER: request_id, "Content-Type": "application/json"})

    assert (answer.status_code, answer.headers[HEADER]) == (status, request_id)
    assert service.wait_for_log({"request_id": request_id})["status"] == status


def test_a_refused_stranger_is_logged_as_well(api: Conforming, service: Service) -> None:
    request_id = new_id("request")

    error(api.get("/healthz", headers={HEADER: request_id, "Origin": "https://evil.example"}), 403)

    assert service.wait_for_log({"request_id": request_id})["status"] == 403


def test_no_answer_is_kept_by_a_browser_or_taken_for_what_it_is_not(api: Conforming) -> None:
    for path in ("/healthz", "/nowhere", "/features", "/metrics"):
        headers = api.get(path).headers
        assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_the_log_holds_nothing_of_what_was_sent(api: Conforming, service: Service, ada: str) -> None:
    secret, request_id = new_id("secret"), new_id("request")
    task = {
        "type": "task.upsert",
        "user_id": ada,
        "task_id": "k1",
        "at": "2026-01-01T00:00:00Z",
        "title": secret,
    }
    headers = {"X-Secret": secret, "Cookie": secret, "Authorization": secret}
    ok(api.post("/signals", json=task, headers=headers))
    tip = post(api, "/recommend", user_id=ada)
    api.post("/feedback", json={"tip_id": tip["tip_id"], "reaction": secret})
    api.post("/signals", json=[{**task, secret: secret}, secret])
    api.post("/signals", content=secret.encode(), headers={"Content-Type": "application/json"})
    api.get(f"/stats/egreedy/v1?user_id={ada}&{secret}={secret}", headers={HEADER: request_id})

    service.wait_for_log({"request_id": request_id})
    assert tip["text"] == secret
    assert secret not in service.log_text


def test_a_path_is_logged_on_one_line_escaped_and_cut(api: Conforming, service: Service) -> None:
    request_id = new_id("request")
    path = "/users/%1b%5b2J%0aforged%e2%80%ae%00" + "x" * 5000

    error(api.get(path, headers={HEADER: request_id}), 405)

    logged = service.wait_for_log({"request_id": request_id})["path"]
    assert logged.startswith("/users/\\x1b[2J\\nforged\\u202e\\x00xxx")
    assert len(logged) < 300
    assert logged.isascii()
    assert logged.isprintable()


def test_for_people_the_log_is_one_line_a_request_that_no_path_can_break(tmp_path: Path) -> None:
    with serving(tmp_path, OO_LOG_FORMAT="text") as service:
        for path in ("/healthz", "/users/%1b%5b2J%0a%0d1970 forged%07", "/%e2%80%a8x"):
            service.client.get(path, headers={HEADER: "the-request"})
        soon(lambda: service.log_text.count("the-request"), 3)

    assert len(service.log_text.splitlines()) == 3
    assert service.log_text.replace("\n", "").isprintable()


def test_the_log_can_be_silenced(tmp_path: Path) -> None:
    with serving(tmp_path, OO_LOG_LEVEL="error") as service:
        ok(service.client.get("/healthz"))

    assert service.log_text == ""


def test_what_nobody_foresaw_is_answered_in_the_one_shape_and_logged_under_its_id(app: App) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("planted: secret")

    inside = Inside(replace(app, recommend=broken))  # type: ignore[arg-type]  # it is broken on purpose

    with capture_logs() as logs:
        answer = inside.post("/recommend", json={"user_id": "ada"}, headers={HEADER: "r1"})

    found = error(answer, 500, "internal")
    assert "r1" in found["hint"]
    assert "planted" not in answer.text
    assert answer.headers[HEADER] == "r1"
    unforeseen, answered = logs
    assert (unforeseen["event"], unforeseen["log_level"], unforeseen["path"]) == (
        "unforeseen",
        "error",
        "/recommend",
    )
    assert (answered["event"], answered["status"]) == ("answered", 500)
    assert ok(inside.get("/healthz"))
