"""GET /users/{id}/profile, POST /users/{id}/profile/rebuild, GET /features."""

import pytest

from oo.domain.instant import DAY, HOUR, parse_instant
from oo.features.catalog import CATALOG
from oo.usecases.app import App
from tests.api.calling import BATCHED, at, error, given, now_ms, ok, post, send, served, task, user, values
from tests.api.conforming import Conforming
from tests.api.inside import START_MS, Inside


def test_a_profile_has_every_batched_feature_in_its_envelope(api: Conforming, ada: str) -> None:
    answer = ok(api.get(f"/users/{ada}/profile"))

    assert answer.keys() == {"user_id", "features"}
    assert answer["user_id"] == ada
    assert answer["features"].keys() == BATCHED.keys()
    for name, envelope in answer["features"].items():
        assert envelope.keys() == {"value", "status", "computed_at", "ttl_sec"}
        assert envelope["ttl_sec"] == BATCHED[name].ttl_sec
        assert envelope["value"] == BATCHED[name].fallback
        assert envelope["status"] in {"fallback", "missing"}


def test_values_follow_from_what_happened(api: Conforming, ada: str) -> None:
    now = now_ms()
    for number, reaction in enumerate(("done", "done", "dismiss", "none"), 1):
        send(api, served(ada, f"{ada}.{number}", at(-number * DAY, now)))
        send(api, given(ada, f"{ada}.{number}", at(-number * DAY + number * 60_000, now), reaction))
    send(api, served(ada, f"{ada}.old", at(-31 * DAY)))

    answer = ok(api.get(f"/users/{ada}/profile"))["features"]

    assert answer["completion_rate_30d"]["value"] == pytest.approx(2 / 4)
    assert answer["dismiss_rate_30d"]["value"] == pytest.approx(1 / 4)
    assert answer["mean_dwell_ms_30d"]["value"] == pytest.approx((1 + 2 + 3) / 3 * 60_000)
    assert answer["tip_volume_30d"]["value"] == 4
    assert {answer[name]["status"] for name in list(answer)[:5]} == {"fresh"}
    assert answer["app_sessions_30d"]["status"] == "fallback"
    assert all(parse_instant(envelope["computed_at"]) for envelope in answer.values())


def test_a_value_is_computed_anew_only_past_its_ttl(app: App) -> None:
    inside = Inside(app)
    inside.send(user("ada"), task("ada", "k1"))
    ok(inside.post("/recommend", json={"user_id": "ada"}))
    inside.now_ms = START_MS + HOUR + 1
    later = ok(inside.get("/users/ada/profile"))["features"]

    computed = {name: parse_instant(envelope["computed_at"]) - START_MS for name, envelope in later.items()}

    assert computed["tip_volume_30d"] == HOUR + 1, "its TTL is an hour"
    assert computed["completion_rate_30d"] == 0, "its TTL is six hours"


def test_a_rebuild_computes_every_value_anew(app: App) -> None:
    inside = Inside(app)
    inside.send(user("ada"), task("ada", "k1"))
    ok(inside.post("/recommend", json={"user_id": "ada"}))
    inside.now_ms = START_MS + 1000

    rebuilt = ok(inside.post("/users/ada/profile/rebuild"))

    assert {parse_instant(each["computed_at"]) for each in rebuilt["features"].values()} == {inside.now_ms}
    assert ok(inside.get("/users/ada/profile")) == rebuilt


def test_a_rebuild_answers_as_a_read_does(api: Conforming, ada: str) -> None:
    send(api, task(ada, "k1"))
    post(api, "/recommend", user_id=ada)

    rebuilt = ok(api.post(f"/users/{ada}/profile/rebuild"))

    assert {name: envelope["value"] for name, envelope in rebuilt["features"].items()} == values(api, ada)


@pytest.mark.parametrize("call", ["GET {}/profile", "POST {}/profile/rebuild"])
def test_the_profile_of_an_unknown_person_is_not_found(api: Conforming, nobody: str, call: str) -> None:
    method, path = call.format(f"/users/{nobody}").split()

    assert nobody in error(api.request(method, path), 404, "unknown_user")["message"]


def test_the_catalogue_lists_every_feature_as_it_is_declared(api: Conforming) -> None:
    features = ok(api.get("/features"))["features"]

    assert [feature["name"] for feature in features] == [feature.name for feature in CATALOG]
    for found, declared in zip(features, CATALOG, strict=True):
        assert (found["dtype"], found["freshness"]) == (declared.dtype, declared.freshness)
        assert (found["ttl_sec"], found["fallback"]) == (declared.ttl_sec, declared.fallback)
        assert (found["neutral"], found["description"]) == (declared.neutral, declared.description)
        assert tuple(found["invalidated_by"]) == declared.invalidated_by
    assert len({feature["fingerprint"] for feature in features}) == len(features)
