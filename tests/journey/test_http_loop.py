"""The main job over HTTP: a list goes in, one tip comes out, a reaction changes what comes next."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oo.domain.instant import DAY, HOUR, MINUTE, format_instant
from tests.shell.running import Shell
from tests.support.service import Service, opened, serving, unlike_the_ledger

LIST = (
    "(A) 2026-08-01 Call the plumber +house due:2026-08-20\n(B) Write the report +work\nBuy milk @errands\n"
)
TITLES = {"Call the plumber", "Write the report", "Buy milk"}


PEOPLE = ("ada", "bob", "eve", "joe", "kim", "mia")


def imported(folder: Path, *people: str) -> None:
    """Import the same list for each of the people, as one does who has a list already."""
    (folder / "todo.txt").write_text(LIST, "utf-8")
    for person in people:
        Shell(folder).json("import", str(folder / "todo.txt"), "--user", person, "--tz", "Europe/Berlin")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("journey")
    imported(folder, *PEOPLE)
    with serving(folder) as running:
        yield running
    with opened(folder) as app:
        assert unlike_the_ledger(app) == []


@dataclass(frozen=True)
class Person:
    """Somebody with a list, as a program sees them."""

    user_id: str
    api: httpx2.Client

    def recommend(self) -> dict[str, Any]:
        return called(self.api.post("/recommend", json={"user_id": self.user_id}))

    def answer(self, tip: dict[str, Any], reaction: str, **said: Any) -> str:
        time.sleep(0.002)  # two answers in one millisecond would have no order
        body = {"tip_id": tip["tip_id"], "reaction": reaction, **said}
        return str(called(self.api.post("/feedback", json=body))["status"])

    def profile(self) -> dict[str, Any]:
        features = called(self.api.get(f"/users/{self.user_id}/profile"))["features"]
        return {name: envelope["value"] for name, envelope in features.items()}

    def learned(self) -> dict[str, Any]:
        return called(self.api.get("/stats/egreedy/v1", params={"user_id": self.user_id}))


@pytest.fixture
def ada(service: Service, people: Iterator[str]) -> Person:
    """One of the people, whom no other test has met."""
    return Person(next(people), service.client)


@pytest.fixture(scope="module")
def people() -> Iterator[str]:
    return iter(PEOPLE)


def called(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def at(after_ms: int) -> str:
    return format_instant(time.time_ns() // 1_000_000 + after_ms)


def test_a_dismissed_tip_changes_the_profile_and_another_task_comes(ada: Person) -> None:
    before, tip = ada.profile(), ada.recommend()

    assert ada.answer(tip, "dismiss") == "applied"
    after, following = ada.profile(), ada.recommend()

    assert before["dismiss_rate_30d"] == 0
    assert (after["dismiss_rate_30d"], after["completion_rate_30d"], after["tip_volume_30d"]) == (1, 0, 1)
    assert after["mean_dwell_ms_30d"] >= 0
    assert {tip["text"], following["text"]} < TITLES
    assert tip["candidate_id"] != following["candidate_id"]


def test_every_task_comes_once_and_then_nothing_is_left(ada: Person) -> None:
    seen = []
    for reaction in ("done", "dismiss", "done"):
        tip = ada.recommend()
        assert ada.answer(tip, reaction) == "applied"
        seen.append(tip["text"])

    assert set(seen) == TITLES
    assert ada.recommend()["tip_id"] is None
    assert ada.recommend()["reason"] == "no open task: 1 dismissed, 2 done"
    assert ada.profile()["completion_rate_30d"] == pytest.approx(2 / 3)


def test_an_answer_can_be_taken_back(ada: Person) -> None:
    tip = ada.recommend()
    ada.answer(tip, "done")

    assert ada.answer(tip, "none") == "applied"

    values = ada.profile()
    assert (values["completion_rate_30d"], values["preferred_hour"]) == (0, None)
    stats = ada.learned()
    assert (stats["updates"], any(stats["dimensions"].values())) == (0, False)


def test_a_changed_mind_counts_instead_of_the_first_answer(ada: Person) -> None:
    tip = ada.recommend()
    ada.answer(tip, "dismiss")
    ada.answer(tip, "done")

    values = ada.profile()
    assert (values["completion_rate_30d"], values["dismiss_rate_30d"]) == (1, 0)
    assert ada.learned()["updates"] == 1


def test_a_snoozed_task_is_gone_until_its_time(ada: Person) -> None:
    tips = [ada.recommend()]
    ada.answer(tips[0], "snooze", snooze_until=at(DAY))
    for _ in range(2):
        tips.append(ada.recommend())
        ada.answer(tips[-1], "dismiss")

    nothing = ada.recommend()

    assert {tip["text"] for tip in tips} == TITLES
    assert nothing["reason"] == "no open task: 1 snoozed, 2 dismissed"


def test_a_snooze_that_is_over_brings_the_task_back(service: Service) -> None:
    """The list, a tip and its snooze come as signals, with times of their own."""
    served, snoozed = at(-3 * HOUR), at(-2 * HOUR)
    signals = [
        {"type": "user", "user_id": "zoe", "tz": "UTC"},
        {
            "type": "task.upsert",
            "user_id": "zoe",
            "task_id": "k1",
            "at": at(-DAY),
            "title": "Water the plants",
        },
        {"type": "tip.served", "user_id": "zoe", "tip_id": "t1", "at": served, "candidate_id": "k1"},
        {
            "type": "tip.feedback",
            "user_id": "zoe",
            "tip_id": "t1",
            "at": snoozed,
            "reaction": "snooze",
            "snooze_until": at(-MINUTE),
        },
    ]
    assert called(service.client.post("/signals", json=signals))["accepted"] == len(signals)

    tip = called(service.client.post("/recommend", json={"user_id": "zoe", "explain": True}))

    assert (tip["text"], tip["propensity"], tip["reason"]) == ("Water the plants", 1.0, "the only open task")
    assert tip["tip_id"] != "t1"
    assert [each["id"] for each in tip["explanation"]["ranking"]] == ["k1"]


def test_what_was_done_over_http_is_there_for_the_shell(tmp_path: Path) -> None:
    imported(tmp_path, "ada")
    with serving(tmp_path) as service:
        ada = Person("ada", service.client)
        tip = ada.recommend()
        ada.answer(tip, "done")

    tasks = Shell(tmp_path).json("tasks", "list", "ada", "--all")["tasks"]
    values = Shell(tmp_path).json("profile", "ada")["features"]

    assert {task["title"] for task in tasks if task["status"] == "done"} == {tip["text"]}
    assert values["completion_rate_30d"]["value"] == 1
