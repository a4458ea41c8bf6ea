"""People's data over HTTP: all of it in a zip, and then none of it, whatever comes in later."""

import io
import zipfile

import httpx2

from oo.sources.event_log import parse
from tests.api.calling import CANDIDATES, at, error, mood, new_id, ok, post, send, task, user
from tests.support.service import Service


def events(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as found:
        return found.read("events.jsonl").decode().splitlines()


def test_everything_about_a_person_comes_as_a_zip_of_their_events(api: httpx2.Client) -> None:
    person = new_id("ada")
    send(api, user(person), task(person, "k1"), mood(person))
    tip = post(api, "/recommend", user_id=person)
    post(api, "/feedback", tip_id=tip["tip_id"], reaction="done")

    answer = api.get(f"/users/{person}/export")

    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="oo-export-{person}.zip"'
    kinds = [parse(line).type for line in events(answer)]
    assert kinds == ["user", "tip.feedback", "mood.checkin", "task.upsert", "tip.served"]
    assert api.get(f"/users/{person}/export").content == answer.content


def test_nobody_is_exported_or_erased_who_was_never_there(api: httpx2.Client) -> None:
    error(api.get("/users/nobody-at-all/export"), 404, "unknown_user")
    error(api.delete("/users/nobody-at-all"), 404, "unknown_user")
    error(api.get("/users/no%20id/export"), 422)
    error(api.delete("/users/no%20id"), 422)


def test_a_person_is_erased_once_and_for_all(api: httpx2.Client) -> None:
    person = new_id("ada")
    send(api, user(person), task(person, "k1"))
    tip = post(api, "/recommend", user_id=person)

    assert ok(api.delete(f"/users/{person}")) == {"status": "erased"}
    assert ok(api.delete(f"/users/{person}")) == {"status": "erased"}

    error(api.get(f"/users/{person}/export"), 404, "unknown_user")
    error(api.post("/recommend", json={"user_id": person}), 404, "unknown_user")
    error(api.post("/feedback", json={"tip_id": tip["tip_id"], "reaction": "done"}), 404, "unknown_tip")
    error(api.post("/score", json={"user_id": person, "candidates": CANDIDATES}), 404, "erased_user")
    late = [user(person), task(person, "k2"), mood(person, at=at())]
    answer = ok(api.post("/signals", json=late))
    assert (answer["accepted"], answer["waiting"], len(answer["refused"])) == (0, 0, 3)
    assert all("was erased" in refusal["message"] for refusal in answer["refused"])
    assert ok(api.delete(f"/users/{person}")) == {"status": "erased"}


def test_the_page_that_adds_people_says_who_was_erased(service: Service, api: httpx2.Client) -> None:
    person = new_id("ada")
    send(api, user(person))
    ok(api.delete(f"/users/{person}"))

    answer = service.client.post("/u", data={"name": person, "tz": "UTC"})

    assert answer.status_code == 422
    assert "was erased" in answer.text
