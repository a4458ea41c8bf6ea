"""What tests of the API send, and what they take an answer apart with."""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import httpx2

from oo.domain.instant import format_instant
from oo.features.catalog import CATALOG

Signal: TypeAlias = dict[str, Any]
NOTHING = {
    "tip_id": None,
    "text": None,
    "candidate_id": None,
    "category": None,
    "policy": None,
    "propensity": None,
    "prompt_version": None,
    "source": None,
}
"""An answer of /recommend without a tip, but for its reason."""
BATCHED = {feature.name: feature for feature in CATALOG if feature.freshness == "batched"}


def new_id(prefix: str) -> str:
    """An id that no other test has."""
    return f"{prefix}-{secrets.token_hex(6)}"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def at(after_ms: int = 0, now: int | None = None) -> str:
    """A time so long from now; `now` is given where two times have to be a certain while apart."""
    return format_instant((now_ms() if now is None else now) + after_ms)


def user(user_id: str, tz: str = "UTC", **fields: Any) -> Signal:
    return {"type": "user", "user_id": user_id, "tz": tz, **fields}


def task(user_id: str, task_id: str, **fields: Any) -> Signal:
    known = {"type": "task.upsert", "user_id": user_id, "task_id": task_id, "title": f"Do {task_id}"}
    return known | {"at": "2026-01-01T00:00:00Z"} | fields


def served(user_id: str, tip_id: str, at: str, **fields: Any) -> Signal:
    known = {"type": "tip.served", "user_id": user_id, "tip_id": tip_id, "at": at}
    return known | {"candidate_id": "k1"} | fields


def given(user_id: str, tip_id: str, at: str, reaction: str, **fields: Any) -> Signal:
    known = {"type": "tip.feedback", "user_id": user_id, "tip_id": tip_id, "at": at}
    return known | {"reaction": reaction} | fields


def mood(user_id: str, **fields: Any) -> Signal:
    known = {"type": "mood.checkin", "event_id": new_id("e"), "user_id": user_id, "score": 0.5}
    return known | {"at": "2026-01-01T00:00:00Z"} | fields


def candidate(candidate_id: str, **fields: Any) -> Signal:
    return {"id": candidate_id, "is_overdue": False, "task_age_days": 1.0, "priority": 1} | fields


CANDIDATES = [
    candidate("k1", is_overdue=True, priority=4),
    candidate("k2", task_age_days=30),
    candidate("k3"),
]


def ok(answer: httpx2.Response) -> Any:
    """Return the document of an answer that has to be 200."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return answer.json()


def error(answer: httpx2.Response, status: int, code: str | None = None) -> dict[str, str]:
    """Return the error of an answer that has to be one, in the one shape and no other."""
    assert answer.status_code == status, (answer.status_code, answer.text[:500])
    document = answer.json()
    assert document.keys() == {"error"}
    found: dict[str, str] = document["error"]
    assert found.keys() == {"code", "message", "hint"}
    assert all(part.strip() for part in found.values()), found
    assert code in {None, found["code"]}, found
    return found


def send(api: httpx2.Client, *signals: Signal) -> dict[str, Any]:
    """Send signals, none of which may be refused; return what became of them."""
    answer: dict[str, Any] = ok(api.post("/signals", json=list(signals)))
    assert answer["refused"] == []
    return answer


def post(api: httpx2.Client, path: str, **body: Any) -> Any:
    """Return the document that a call which has to succeed is answered with."""
    return ok(api.post(path, json=body))


def values(api: httpx2.Client, user_id: str) -> dict[str, Any]:
    """Return the value of each profile feature."""
    features = ok(api.get(f"/users/{user_id}/profile"))["features"]
    return {name: envelope["value"] for name, envelope in features.items()}


def stats(api: httpx2.Client, user_id: str, policy: str = "egreedy/v1") -> dict[str, Any]:
    found: dict[str, Any] = ok(api.get(f"/stats/{policy}", params={"user_id": user_id}))
    return found


def decide(api: httpx2.Client, user_id: str, policy: str = "", **fields: Any) -> str:
    """Ask for a decision over one candidate, and return its id."""
    known = {"user_id": user_id, "candidates": [candidate("k1", priority=3)], "decision_id": new_id("d")}
    answer = post(api, f"/score/{policy}" if policy else "/score", **known | fields)
    decision_id: str = answer["decision_id"]
    return decision_id


def at_once(calls: Sequence[Callable[[], httpx2.Response]]) -> list[httpx2.Response]:
    """Make every call on a thread of its own, all at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def statuses(answers: Iterable[httpx2.Response]) -> list[str]:
    """Return the `status` of each answer, sorted."""
    return sorted(ok(answer)["status"] for answer in answers)


def soon(ask: Callable[[], Any], expected: object, within_sec: float = 10) -> None:
    """Assert what `ask` answers, now or shortly: a request is counted and logged just after its answer went out."""
    until = time.monotonic() + within_sec
    while ask() != expected and time.monotonic() < until:
        time.sleep(0.01)
    assert ask() == expected
