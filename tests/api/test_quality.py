"""GET /quality, the meters of data quality, and the service's own checks."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from oo.domain.facts import TaskUpsert
from oo.domain.instant import DAY, HOUR, MINUTE
from oo.usecases.app import App
from tests.api.calling import at, error, new_id, now_ms, ok, send, task, user
from tests.api.conforming import Conforming
from tests.api.inside import Inside
from tests.api.test_operations import meter, samples
from tests.quality.receiver import Receiver, receiving
from tests.support.service import Service, opened, serving

SOON_SEC = 20


def moods(user_id: str, *, last_ms: int) -> list[dict[str, Any]]:
    """Forty check-ins, one an hour, the last one so long from now."""
    return [
        {
            "type": "mood.checkin",
            "event_id": f"{user_id}.{number}",
            "user_id": user_id,
            "at": at(last_ms - number * HOUR),
            "score": 0.5,
        }
        for number in range(40)
    ]


def eventually(ask: Any, wanted: Any) -> None:
    until = time.monotonic() + SOON_SEC
    while (got := ask()) != wanted and time.monotonic() < until:
        time.sleep(0.05)
    assert got == wanted


def open_alerts(client: httpx2.Client) -> list[tuple[str, str]]:
    return [(each["kind"], each["subject"]) for each in ok(client.get("/quality"))["alerts"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def test_the_answer_is_what_openapi_says_with_every_batched_feature(api: Conforming) -> None:
    seen = ok(api.get("/quality"))

    features = {
        each["name"] for each in ok(api.get("/features"))["features"] if each["freshness"] == "batched"
    }
    assert seen["features"].keys() == features
    assert seen["ok"] == (seen["alerts"] == [])


def test_the_example_in_openapi_is_an_answer_of_its_schema(api: Conforming) -> None:
    schemas = api.document["components"]["schemas"]
    validator = jsonschema_rs.validator_for(
        {"$ref": "#/components/schemas/QualityAnswer", "components": {"schemas": schemas}}
    )

    for example in schemas["QualityAnswer"]["examples"]:
        validator.validate(example)
        assert not validator.is_valid(example | {"more": 1})
        assert not validator.is_valid(example | {"alerts": [{}]})


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_is_asked_and_never_told(api: Conforming, method: str) -> None:
    error(api.request(method, "/quality", json={}), 405, "method_not_allowed")


def test_it_takes_neither_body_nor_parameters(api: Conforming) -> None:
    operation = api.document["paths"]["/quality"]["get"]

    assert "requestBody" not in operation
    assert operation.get("parameters", []) == []


def test_asking_changes_nothing_and_raises_no_alert(app: App) -> None:
    inside = Inside(app)
    who = new_id("u")
    inside.send(user(who), *moods(who, last_ms=-3 * DAY))
    inside.now_ms = now_ms()

    seen = ok(inside.get("/quality"))

    assert seen["sources"]["mood.checkin"]["silent"] is True
    assert (seen["ok"], seen["alerts"]) == (True, [])


def test_a_measurement_is_on_the_meters(app: App) -> None:
    inside = Inside(app)
    inside.now_ms = now_ms()
    who = new_id("u")
    inside.send(user(who), task(who, "k"), *moods(who, last_ms=-HOUR))
    ok(inside.post("/recommend", json={"user_id": who}))
    before = inside.get("/metrics").text

    inside.get("/quality")

    page = inside.get("/metrics").text
    assert "oo_feature_fresh_share" not in before
    assert 'oo_feature_fresh_share{feature="completion_rate_30d"} 1.0' in page
    assert 'oo_feature_null_share{feature="preferred_hour"} 1.0' in page
    assert 'oo_feature_fallback_share{feature="preferred_hour"} 1.0' in page
    assert 'oo_source_silent_seconds{source="mood.checkin"} 3' in page


def test_a_source_that_names_itself_makes_no_meter_of_its_own(app: App) -> None:
    inside = Inside(app)
    inside.now_ms = now_ms()
    who = new_id("u")
    for source in (f"made-up-{who}", "todoist"):
        inside.send(user(who), {"type": "source.synced", "user_id": who, "source": source, "at": at(-MINUTE)})
    inside.get("/quality")

    page = inside.get("/metrics").text
    assert 'oo_source_silent_seconds{source="source.synced/other"}' in page
    assert 'oo_source_silent_seconds{source="source.synced/todoist"}' in page
    assert "made-up" not in page


@pytest.fixture
def watched(tmp_path: Any, receiver: Receiver) -> Iterator[Service]:
    with serving(tmp_path, OO_QUALITY_EVERY_SEC="1", OO_ALERT_WEBHOOK=receiver.url) as service:
        yield service


def test_the_service_raises_and_clears_alerts_by_itself_and_tells_of_them(
    watched: Service, receiver: Receiver
) -> None:
    client = watched.client
    send(client, user("ada"), *moods("ada", last_ms=-3 * DAY))
    eventually(lambda: open_alerts(client), [("silent", "mood.checkin")])
    logged = watched.wait_for_log({"event": "alert raised", "subject": "mood.checkin"})
    shown = watched.shell.here("quality")
    eventually(lambda: meter(client, "oo_quality_alerts", kind="silent", subject="mood.checkin"), 1)

    send(
        client,
        {"type": "mood.checkin", "event_id": "now", "user_id": "ada", "at": at(-1000), "score": 1.0},
    )
    eventually(lambda: open_alerts(client), [])
    watched.wait_for_log({"event": "alert cleared", "subject": "mood.checkin"})
    eventually(lambda: [each["event"] for each in receiver.posted], ["raised", "cleared"])
    eventually(lambda: "oo_quality_alerts" in {each.name for each in samples(client)}, wanted=False)

    assert (logged["kind"], logged["level"]) == ("silent", "warning")
    assert shown.code == 1
    assert "silent since" in shown.out
    assert meter(client, "oo_quality_checks_total", outcome="done") >= 2


def test_a_service_that_starts_on_a_store_of_days_ago_raises_nothing(tmp_path: Any) -> None:
    then = now_ms() - 3 * DAY
    with opened(tmp_path) as app:
        for number in range(50):
            who = f"u{number}"
            app.people.add(who, "UTC", now_ms=then)
            app.tasks.add(TaskUpsert(user_id=who, task_id="k", at_ms=then, title="x"), now_ms=then)
            assert app.recommend(who, now_ms=then, tip_id=f"t{number}").tip is not None

    with serving(tmp_path, OO_QUALITY_EVERY_SEC="1") as service:
        eventually(lambda: meter(service.client, "oo_quality_checks_total", outcome="done") > 0, wanted=True)
        seen = ok(service.client.get("/quality"))

    assert {each["active"] for each in seen["features"].values()} == {50}
    assert seen["alerts"] == []


def test_a_service_whose_webhook_fails_goes_on_and_counts_it(watched: Service, receiver: Receiver) -> None:
    receiver.behaviour = 500
    send(watched.client, user("ada"), *moods("ada", last_ms=-3 * DAY))

    watched.wait_for_log({"event": "the webhook did not take an alert", "reason": "it answered 500"})
    eventually(lambda: meter(watched.client, "oo_quality_undelivered_total") >= 2, wanted=True)

    assert open_alerts(watched.client) == [("silent", "mood.checkin")]
    assert "s3cret" not in watched.log_text


def test_zero_turns_the_checks_off(tmp_path: Any) -> None:
    with serving(tmp_path, OO_QUALITY_EVERY_SEC="0") as service:
        send(service.client, user("ada"), *moods("ada", last_ms=-3 * DAY))
        time.sleep(1.5)

        assert open_alerts(service.client) == []
        assert meter(service.client, "oo_quality_checks_total") == 0
