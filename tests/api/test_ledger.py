"""Whatever comes in over HTTP, in whatever order and however much at once: what is learned is what the ledger says."""

import random
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oo import policies
from tests.api.calling import at, candidate, ok, post, send, task, user
from tests.support.service import ANSWER_SEC, Service, opened, serving, unlike_the_ledger

PEOPLE = ("ada", "bob", "eve")
STRANGER = "stranger"
POLICIES = tuple(policies.names())
STEPS = 60
THREADS = 4


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A store on which many programs have acted at once, and what the service said it had learned at the end."""
    folder = tmp_path_factory.mktemp("ledger")
    with serving(folder) as service:
        send(service.client, *(user(person) for person in PEOPLE))
        send(
            service.client,
            *(task(person, f"k{n}", priority=1 + n % 4) for person in PEOPLE for n in range(40)),
        )
        failures: list[BaseException] = []
        programs = [threading.Thread(target=_act, args=(service, n, failures)) for n in range(THREADS)]
        for program in programs:
            program.start()
        for program in programs:
            program.join()
        assert failures == []
        send(service.client, user(STRANGER))
        said = {
            f"{person} {policy}": ok(service.client.get(f"/stats/{policy}", params={"user_id": person}))
            for person in (*PEOPLE, STRANGER)
            for policy in POLICIES
        }
    return folder, said


def _act(service: Service, seed: int, failures: list[BaseException]) -> None:
    try:
        with httpx2.Client(base_url=service.address, timeout=ANSWER_SEC, trust_env=False) as api:
            chance, known = random.Random(seed), list[str]()
            for step in range(STEPS):
                _step(api, chance, known, f"d{seed}.{step}")
    except BaseException as failure:  # noqa: BLE001  # the thread that waits has to hear of it
        failures.append(failure)


def _step(api: httpx2.Client, chance: random.Random, known: list[str], decision_id: str) -> None:
    """Do one thing that a program may do: decide, reward, correct, recommend, react, take back, forget."""
    person = chance.choice((*PEOPLE, STRANGER))
    match chance.randrange(12):
        case 0 | 1 | 2 | 3:
            offers = [
                candidate(
                    f"k{n}",
                    is_overdue=chance.random() < 0.5,
                    priority=n + 1,
                    task_age_days=chance.uniform(0, 90),
                )
                for n in range(4)
            ]
            body = {"user_id": person, "candidates": offers, "decision_id": decision_id}
            post(api, f"/score/{chance.choice(POLICIES)}", **body)
            known.append(decision_id)
        case 4 | 5 | 6 | 7 if known:
            post(api, "/reward", decision_id=chance.choice(known), reward=chance.random())
        case 8 | 9 if person != STRANGER:
            tip = post(api, "/recommend", user_id=person, fresh=True)
            if tip["tip_id"]:
                known.append(tip["tip_id"])
                for after_ms in range(chance.choice((0, 1, 2))):
                    reaction = chance.choice(("done", "dismiss", "snooze", "none"))
                    post(api, "/feedback", tip_id=tip["tip_id"], reaction=reaction, at=at(1000 + after_ms))
        case 10 if person != STRANGER and chance.random() < 0.3:
            post(api, "/reset", user_id=person)
        case _:
            send(api, task(person, decision_id))


def test_what_every_policy_learned_is_what_the_ledger_adds_up_to(lived: tuple[Path, dict[str, Any]]) -> None:
    folder, said = lived

    with opened(folder) as app:
        assert unlike_the_ledger(app, *PEOPLE, STRANGER) == []
        for key, stats in said.items():
            person, policy = key.split()
            refolded = app.store.read(
                lambda reader, p=person, n=policy: app.learner.refold(reader, p, app.learner.policies[n])  # type: ignore[misc]
            )
            stored = app.store.read(lambda reader, p=person, n=policy: reader.policy_state(p, n))  # type: ignore[misc]
            assert stats["updates"] == refolded.updates, key
            assert stored is None or stored.to_bytes() == refolded.to_bytes(), key
    assert sum(stats["updates"] for stats in said.values()) > 50, "there was something to learn"


def test_every_profile_is_what_the_facts_say(lived: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = lived

    with opened(folder) as app:
        for person in PEOPLE:
            rows = app.store.read(lambda reader, p=person: reader.profile_rows(p))  # type: ignore[misc]
            assert rows
            for name, value, _, computed_at_ms, _ in rows:
                computed = app.profiles.as_of(person, at_ms=computed_at_ms).features[name]
                assert value == computed.value, (person, name)


def test_nothing_was_written_twice(lived: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = lived

    with opened(folder) as app:
        for person in (*PEOPLE, STRANGER):
            keys = [fact.key for fact in app.store.read(lambda reader, p=person: list(reader.facts(p)))]  # type: ignore[misc]
            assert len(set(keys)) == len(keys)
