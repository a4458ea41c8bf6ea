"""Services and workers on one PostgreSQL and three NATS servers: each kind is killed in turn, and all counts once."""

import itertools
import json
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from oo.compose import compose
from oo.domain.facts import Fact, MoodCheckin, TipFeedback
from oo.settings import Settings
from oo.sources.event_log import parse, to_line
from oo.usecases.app import App
from tests.support.fleet import Fleet, Kind, fleet
from tests.support.process import START_SEC, wait_for
from tests.support.service import unlike_the_ledger

NOW = 1_788_247_800_000
PEOPLE = ("ada", "bob", "eve", "joe")
KILLS: Sequence[tuple[Kind, int]] = [("service", 0), ("worker", 0), ("nats", 1), ("postgres", 0)]
BETWEEN = 12
"""So many more requests are answered between a kill and the next one."""


def mood(user_id: str, event_id: str) -> MoodCheckin:
    number = int(event_id.rpartition("-")[2])
    return MoodCheckin(user_id=user_id, at_ms=NOW + number, event_id=event_id, score=0.5)


@dataclass
class Person:
    """Acts over HTTP through whichever service answers, and remembers what was acknowledged."""

    user_id: str
    addresses: Sequence[str]
    stopping: threading.Event
    moods: set[str] = field(default_factory=set)
    reactions: list[tuple[str, str]] = field(default_factory=list)
    failure: BaseException | None = None

    def __call__(self) -> None:
        try:
            for number in itertools.count():
                if self.stopping.is_set():
                    return
                self._once(number)
        except BaseException as error:  # noqa: BLE001  # it is raised where the test looks
            self.failure = error

    def _once(self, number: int) -> None:
        fact = mood(self.user_id, f"{self.user_id}-{number}")
        task = {"type": "task.upsert", "user_id": self.user_id, "task_id": f"k{number}", "title": "Do it"}
        said = {**task, "at": "2026-09-01T00:00:00Z"}
        self._ask("/signals", [said, json.loads(to_line(fact))])
        self.moods.add(fact.key)
        tip = self._ask("/recommend", {"user_id": self.user_id, "fresh": True})
        reaction = ("done", "dismiss")[number % 2]
        self._ask("/feedback", {"tip_id": tip["tip_id"], "reaction": reaction})
        self.reactions.append((tip["tip_id"], reaction))

    def _ask(self, path: str, body: Any) -> Any:
        """Ask one service after the other until one has answered; what was recorded already changes nothing."""
        for address in itertools.cycle(self.addresses):
            try:
                answer = httpx2.post(address + path, json=body, timeout=START_SEC, trust_env=False)
            except httpx2.TransportError:
                continue
            if answer.status_code == 200:
                return answer.json()
            assert answer.status_code == 503, answer.text
        raise AssertionError


@dataclass
class Others:
    """Another system, which tells of moods on the bus until each is taken."""

    system: Fleet
    told: set[str] = field(default_factory=set)

    def tell(self, count: int) -> None:
        for _ in range(count):
            number = len(self.told)
            fact = mood(PEOPLE[number % len(PEOPLE)], f"theirs-{number}")
            self.system.nats.publish(("signals.theirs", to_line(fact).encode()))
            self.told.add(fact.key)


@contextmanager
def acting(people: Sequence[Person]) -> Iterator[None]:
    threads = [threading.Thread(target=person) for person in people]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        people[0].stopping.set()
        for thread in threads:
            thread.join(START_SEC)


def test_whatever_is_killed_what_was_acknowledged_counts_once() -> None:
    with fleet(services=2, workers=2, nodes=3, OO_BUS_REDELIVER_SEC="3") as system:
        client = system.services[0].client
        known = [{"type": "user", "user_id": user_id, "tz": "UTC"} for user_id in PEOPLE]
        assert client.post("/signals", json=known).json()["accepted"] == len(PEOPLE)
        stopping, others = threading.Event(), Others(system)
        people = [Person(each, [s.address for s in system.services], stopping) for each in PEOPLE]

        with acting(people):
            for kind, number in KILLS:
                others.tell(5)
                go_on(people)
                system.kill(kind, number, random.Random(number))
                if kind != "postgres":
                    others.tell(5)
                    go_on(people)
                system.start(kind, number)
            system.wait_ready()
            go_on(people)

        app = compose(Settings(database=system.environment["OO_DATABASE"]))
        try:
            settle(app, others)
            assert_whole(app, system, people, others)
        finally:
            app.close()


def go_on(people: Sequence[Person]) -> None:
    """Wait until every person has had a few more answers."""
    before = [len(person.reactions) for person in people]

    def went_on() -> bool:
        for person in people:
            if person.failure is not None:
                raise person.failure
        more = [len(person.reactions) - was for person, was in zip(people, before, strict=True)]
        return min(more) > 0 and sum(more) >= BETWEEN

    wait_for(went_on, lambda: f"people are answered: {before}", START_SEC)


def settle(app: App, others: Others) -> None:
    """Wait until all that others told is recorded, and all that is to be told is told."""
    wait_for(lambda: others.told <= set(facts(app)), lambda: "what others told is recorded", START_SEC)
    wait_for(lambda: app.events.backlog().count == 0, lambda: "the outbox is empty", START_SEC)


def facts(app: App) -> dict[str, Fact]:
    def every(reader: Any) -> dict[str, Fact]:
        found = [fact for user_id in PEOPLE for fact in reader.facts(user_id)]
        assert len({fact.key for fact in found}) == len(found), "nothing is there twice"
        return {fact.key: fact for fact in found}

    return app.store.read(every)


def assert_whole(app: App, system: Fleet, people: Sequence[Person], others: Others) -> None:
    found = facts(app)
    given = {(fact.tip_id, fact.reaction.value) for fact in found.values() if isinstance(fact, TipFeedback)}
    assert others.told <= set(found)
    for person in people:
        assert person.moods <= set(found)
        assert set(person.reactions) <= given
    assert unlike_the_ledger(app) == []
    told = {parse(body).key for subject, body in system.nats.stored() if "shadow" not in subject}
    assert {key for key in found if not key.startswith("reward:")} <= told, "each was published"
    assert app.events.dead() == []
    ran = system.shell.process("check", "--json", env=dict(system.environment))
    assert (ran.code, ran.err) == (0, ""), ran.out
