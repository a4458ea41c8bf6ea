"""Whatever a log holds, every call goes on answering, and what is learned stays what the ledger adds up to."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.api.calling import Signal, at, candidate
from tests.api.conforming import Conforming
from tests.support.service import ANSWER_SEC, opened, serving, unlike_the_ledger

PEOPLE = ("ada", "bob", "eve")
POLICIES = ("egreedy/v1", "egreedy/v2", "linucb/v1")
DAYS = ("due", "created", "start")
REACTIONS = ("done", "dismiss", "snooze", "none")
ZONES = (
    "UTC",
    "Pacific/Kiritimati",
    "Pacific/Niue",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Monrovia",
)
EDGES = ("1970-01-01T00:00:00Z", "2026-03-29T02:30:00+02:00", "2026-11-01T05:30:00Z", "9999-12-31T23:59:59Z")
NEAR_MS = (-(10**9), -1_000, -1, 0, 1_000, 3_600_000, 10**8)
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**62,
    -(2**63),
    1e308,
    5e-324,
    "",
    "\u202e",
    "é" * 50,
    [],
    [1],
    {},
    {"a": {"b": [1]}},
    0.5,
)
TEXTS = ("x", " y ", "\u202ex", "t" * 5_000, "<b>")
STEPS = 60


@dataclass(frozen=True)
class Chance:
    """Draws lines of the event log that are well formed, or nearly, and calls about what they name."""

    draw: random.Random

    def of(self, *options: Any) -> Any:
        return self.draw.choice(options)

    def some(self, **fields: Any) -> dict[str, Any]:
        """Half of the fields."""
        return {name: value for name, value in fields.items() if self.draw.random() < 0.5}

    def moment(self) -> str:
        return str(self.of(*EDGES, *(at(near) for near in NEAR_MS)))

    def tip_id(self, person: str) -> str:
        return f"{person}.t{self.draw.randrange(8)}"

    def task_id(self) -> str:
        return f"k{self.draw.randrange(1, 4)}"

    def candidates(self) -> list[Signal]:
        odd = self.draw.random() < 0.4
        names = self.draw.sample(("k1", "k2", "k3", "k4"), self.draw.randrange(5))
        if odd:
            return [
                {"id": name, **self.some(priority=self.of(*VALUES), colour=self.of(*VALUES))}
                for name in names
            ]
        return [candidate(name, priority=1 + number) for number, name in enumerate(names)]

    def tip(self, person: str) -> Signal:
        offered = self.candidates()
        number = max(len(offered), 1)
        features = {"preferred_hour": self.of(*VALUES), "completion_rate_30d": self.of(0.5, *VALUES)}
        return {
            "tip_id": self.tip_id(person),
            "candidate_id": offered[0]["id"] if offered else "k1",
            "candidates": offered,
            "propensity": 1 / number,
            **self.some(
                probabilities=[1 / number] * len(offered),
                policy=self.of(*POLICIES, "made/up"),
                text=self.of(*TEXTS),
                category=self.of("", "日本", None),
                context={"hour_of_day": self.of(0, 23, -7, 1e9, None), "day_of_week": self.of(0, 6, 99)},
                profile_features=self.of(None, {}, self.some(**features)),
                shown_at=self.moment(),
            ),
        }

    def fields(self, kind: str, person: str) -> Signal:
        found: Signal = {}
        match kind:
            case "user":
                found = {"tz": self.of(*ZONES)}
            case "tip.served":
                found = self.tip(person)
            case "tip.feedback":
                found = {"tip_id": self.tip_id(person), "reaction": self.of(*REACTIONS)}
                if found["reaction"] == "snooze":
                    found |= self.some(snooze_until=self.moment())
            case "reward":
                found = {"policy": self.of(*POLICIES, "made/up"), "reward": self.draw.random()}
                found["decision_id"] = self.tip_id(person)
            case "task.upsert":
                days = {name: self.of(self.moment(), "1970-01-01", "9999-12-31") for name in DAYS}
                found = {"task_id": self.task_id(), "title": self.of(*TEXTS), **self.some(**days, priority=4)}
            case "task.completed":
                found = {"task_id": self.task_id()}
        return found

    def signals(self) -> list[Signal]:
        kinds = (
            "user",
            "tip.served",
            "tip.feedback",
            "reward",
            "task.upsert",
            "task.completed",
            "policy.reset",
        )
        people = self.draw.choices(PEOPLE, k=self.of(1, 3, 20))
        found = [(self.draw.choices(kinds, (2, 6, 6, 2, 4, 1, 1))[0], person) for person in people]
        return [
            {"type": kind, "user_id": person, "at": self.moment(), **self.fields(kind, person)}
            for kind, person in found
        ]

    def calls(self, step: int) -> Iterator[tuple[str, str, Any]]:
        yield "POST", "/signals", self.signals()
        for person in PEOPLE:
            yield "POST", "/recommend", {"user_id": person, "explain": True, "fresh": self.of(True, False)}
            yield "GET", f"/users/{person}/profile", None
            yield "GET", f"/stats/{self.of(*POLICIES)}?user_id={person}", None
        person = self.of(*PEOPLE)
        reaction = {"tip_id": self.tip_id(person), "reaction": self.of(*REACTIONS)}
        yield "POST", "/feedback", reaction | self.some(at=self.moment())
        yield "POST", "/reward", {"decision_id": self.tip_id(person), "reward": self.draw.random()}
        yield (
            "POST",
            "/score",
            {"user_id": person, "candidates": [candidate("k1")], "decision_id": f"d{step}"},
        )
        yield "POST", "/reward", {"decision_id": f"d{step}", "reward": self.draw.random()}
        yield "POST", f"/users/{person}/profile/rebuild", None


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_a_log_holds_every_call_goes_on_answering(tmp_path: Path, seed: int) -> None:
    chance, understood = Chance(random.Random(seed)), 0
    with serving(tmp_path) as service:
        with Conforming(base_url=service.address, timeout=ANSWER_SEC, trust_env=False) as api:
            for step in range(STEPS):
                for method, path, body in chance.calls(step):
                    answer = api.request(method, path, **({} if body is None else {"json": body}))
                    assert answer.status_code < 500, (path, body, answer.text, service.log_text[-5_000:])
                    assert path != "/signals" or answer.status_code == 200, (body, answer.text)
                    understood += answer.status_code == 200
        assert understood > STEPS * 8
        assert [line for line in service.log if line["level"] == "error"] == []

    with opened(tmp_path) as app:
        assert unlike_the_ledger(app) == []
