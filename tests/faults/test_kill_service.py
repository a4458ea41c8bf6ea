"""What the service answered outlives a `kill -9` and a stop: nothing is lost, and nothing counts twice."""

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from oo.domain.facts import Fact, RewardFact, TipFeedback, TipServed
from oo.usecases.app import App
from tests.api.calling import candidate, ok, send, task, user
from tests.faults.wire import head
from tests.support.service import ANSWER_SEC, Service, opened, serving, started, unlike_the_ledger

ROUNDS = 5
THREADS = 4
ACTING_SEC = 0.5
REACTIONS = ("done", "dismiss", "snooze")
STOP_WITHIN_SEC = 20.0
"""The service gives up after eight seconds what does not end by itself; the rest is for a machine under load."""


@dataclass
class Program:
    """A program that acts for one person, one request after the other, and remembers what was answered.

    A request without an answer is sent again, as it was, when there is a service again.
    """

    person: str
    tips: list[str] = field(default_factory=list)
    reactions: list[tuple[str, str]] = field(default_factory=list)
    decisions: dict[str, bytes] = field(default_factory=dict)
    rewards: dict[str, float] = field(default_factory=dict)
    unanswered: tuple[str, dict[str, Any]] | None = None
    steps: int = 0

    def act(self, address: str) -> None:
        """Act until the service is gone."""
        try:
            with httpx2.Client(base_url=address, timeout=ANSWER_SEC, trust_env=False) as api:
                if self.unanswered is not None:
                    self.call(api, *self.unanswered)
                while True:
                    self.steps += 1
                    self.loop_once(api)
                    self.score_once(api)
        except httpx2.TransportError:
            return

    def loop_once(self, api: httpx2.Client) -> None:
        number = self.steps
        self.call(api, "/signals", task(self.person, f"k{number}", title=f"Do {number}"))
        tip = ok(api.post("/recommend", json={"user_id": self.person, "fresh": True}))
        self.tips.append(tip["tip_id"])
        self.call(api, "/feedback", {"tip_id": tip["tip_id"], "reaction": REACTIONS[number % 3]})

    def score_once(self, api: httpx2.Client) -> None:
        offers = [candidate("k1", priority=1 + self.steps % 4), candidate("k2", task_age_days=self.steps)]
        body = {"user_id": self.person, "candidates": offers, "decision_id": f"{self.person}.{self.steps}"}
        self.call(api, "/score/linucb/v1", body)
        for worth in (0.0, (self.steps % 10) / 10):
            self.call(api, "/reward", {"decision_id": body["decision_id"], "reward": worth})

    def call(self, api: httpx2.Client, path: str, body: dict[str, Any]) -> None:
        self.unanswered = (path, body)
        answer = api.post(path, json=body)
        document = ok(answer)
        self.unanswered = None
        match path:
            case "/signals":
                assert document["accepted"] + document["duplicates"] == 1
            case "/feedback":
                self.reactions.append((body["tip_id"], body["reaction"]))
            case "/reward":
                self.rewards[body["decision_id"]] = body["reward"]
            case _:
                self.decisions[body["decision_id"]] = answer.content


def run(programs: Sequence[Program], address: str, for_sec: float) -> list[threading.Thread]:
    """Let the programs act; return so long after each has had an answer to a reaction, while they go on."""
    before = [len(program.reactions) for program in programs]
    threads = [threading.Thread(target=program.act, args=(address,)) for program in programs]
    for thread in threads:
        thread.start()
    until = time.monotonic() + ANSWER_SEC
    while any(len(each.reactions) == was for each, was in zip(programs, before, strict=True)):
        assert time.monotonic() < until, "nothing was answered"
        time.sleep(0.005)
    time.sleep(for_sec)
    return threads


def facts(app: App, person: str) -> list[Fact]:
    return app.store.read(lambda reader: list(reader.facts(person)))


def assert_nothing_is_lost_or_doubled(app: App, program: Program) -> None:
    """Hold what the store has against what was answered; one request a kill may have been recorded unanswered."""
    found = facts(app, program.person)
    assert len({fact.key for fact in found}) == len(found)
    served = {fact.tip_id for fact in found if isinstance(fact, TipServed)}
    assert set(program.tips) <= served
    assert len(served) - len(program.tips) <= ROUNDS
    given = Counter((fact.tip_id, fact.reaction.value) for fact in found if isinstance(fact, TipFeedback))
    assert set(program.reactions) <= set(given)
    assert set(given.values()) == {1}
    assert len(given) - len(program.reactions) <= 1, "the one that was under way"
    assert_rewards(app, program, found)


def assert_rewards(app: App, program: Program, found: list[Fact]) -> None:
    under_way = (program.unanswered or ("", {}))[1].get("decision_id")
    for decision_id, worth in program.rewards.items():
        if decision_id != under_way:
            in_force = app.store.read(lambda reader, d=decision_id: reader.reward(d))  # type: ignore[misc]
            assert in_force == worth, decision_id
    rewards = Counter((fact.decision_id, fact.reward) for fact in found if isinstance(fact, RewardFact))
    assert set(rewards.values()) <= {1}, "a reward that is in force is not recorded again"


def assert_whole(folder: Path, programs: Sequence[Program]) -> None:
    with opened(folder) as app:
        for program in programs:
            assert_nothing_is_lost_or_doubled(app, program)
        assert unlike_the_ledger(app) == []
        database = app.store.read(lambda _: folder / "oo.db")
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        doubled = (
            "SELECT key FROM outbox WHERE subject = 'signals.tip.feedback' GROUP BY key HAVING count(*) > 1"
        )
        assert connection.execute(doubled).fetchall() == []


def test_what_was_answered_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    programs = [Program(f"p{number}") for number in range(THREADS)]
    for round_ in range(ROUNDS):
        service = started(tmp_path)
        try:
            send(service.client, *(user(program.person) for program in programs))
            threads = run(programs, service.address, ACTING_SEC + 0.037 * round_)
        finally:
            service.kill()
        for thread in threads:
            thread.join()

        assert_whole(tmp_path, programs)

    assert_the_same_answers_are_given_again(tmp_path, programs)


def assert_the_same_answers_are_given_again(folder: Path, programs: Sequence[Program]) -> None:
    with serving(folder) as service:
        for program in programs:
            for decision_id, answer in list(program.decisions.items())[-3:]:
                steps = int(decision_id.rpartition(".")[2])
                again = Program(program.person, steps=steps)
                again.score_once(service.client)
                assert again.decisions[decision_id] == answer
            for tip_id, reaction in program.reactions[-3:]:
                body = {"tip_id": tip_id, "reaction": reaction}
                assert ok(service.client.post("/feedback", json=body)) == {"status": "duplicate"}


def test_a_stop_under_load_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    programs = [Program(f"p{number}") for number in range(THREADS)]
    with serving(tmp_path) as service:
        send(service.client, *(user(program.person) for program in programs))
        threads = run(programs, service.address, ACTING_SEC)
        began = time.monotonic()
        assert service.stop() == 0, service.log_text
        assert time.monotonic() - began < STOP_WITHIN_SEC
        for thread in threads:
            thread.join()

    assert not any(line["level"] == "error" for line in service.log)
    assert_whole(tmp_path, programs)


@dataclass
class Sender:
    """Sends one request after the other on one connection, and notes when each was sent and whether it was answered."""

    port: int
    sent: list[tuple[float, bool]] = field(default_factory=list)

    def __call__(self) -> None:
        offers = [candidate("k1"), candidate("k2", priority=4)]
        body = json.dumps({"user_id": "ada", "candidates": offers}).encode()
        top = f"POST /score HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
        request = f"{top}Content-Length: {len(body)}\r\n\r\n".encode() + body
        with socket.create_connection(("127.0.0.1", self.port), ANSWER_SEC) as connection:
            answered = True
            while answered:
                try:
                    connection.sendall(request)
                    at = time.monotonic()
                    answered = connection.recv(65536).startswith(b"HTTP/1.1 200")
                except OSError:
                    return
                self.sent.append((at, answered))


def test_a_request_that_was_sent_before_the_stop_is_answered(tmp_path: Path) -> None:
    """One sent on a kept connection after it may find the connection closed: its sender has to ask again."""
    with serving(tmp_path) as service:
        senders = [Sender(service.port) for _ in range(16)]
        threads = [threading.Thread(target=sender) for sender in senders]
        for thread in threads:
            thread.start()
        time.sleep(ACTING_SEC)
        asked_to_stop = time.monotonic()
        assert service.stop() == 0, service.log_text
        for thread in threads:
            thread.join()

    every = [each for sender in senders for each in sender.sent]
    assert [at for at, answered in every if at < asked_to_stop and not answered] == []
    assert len(every) > 16
    assert sum(1 for line in service.log if line["path"] == "/score") >= sum(
        answered for _, answered in every
    )


def under_way(service: Service, *, more: bytes = b"") -> socket.socket:
    """Begin a request whose body does not come."""
    top = head(
        "POST /recommend HTTP/1.1",
        f"127.0.0.1:{service.port}",
        "Content-Type: application/json",
        "Content-Length: 100",
    )
    connection = socket.create_connection(("127.0.0.1", service.port), ANSWER_SEC)
    connection.sendall(top + more)
    ok(service.client.get("/healthz"))
    return connection


def test_a_request_under_way_is_finished_before_the_end(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        send(service.client, user("ada"), task("ada", "k1"))
        body = b'{"user_id": "ada"}'.ljust(100)
        with under_way(service, more=body[:50]) as connection:
            service.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            assert service.process.poll() is None, "it waits for what is under way"
            connection.sendall(body[50:])
            answer = connection.recv(65536)
        assert service.process.wait(STOP_WITHIN_SEC) == 0

    assert answer.startswith(b"HTTP/1.1 200 OK")
    tip_id = json.loads(answer.partition(b"\r\n\r\n")[2])["tip_id"]
    with opened(tmp_path) as app:
        assert [fact.tip_id for fact in facts(app, "ada") if isinstance(fact, TipServed)] == [tip_id]


def test_a_client_that_neither_sends_nor_reads_on_holds_up_no_stop(tmp_path: Path) -> None:
    with serving(tmp_path) as service, ExitStack() as stack:
        send(service.client, user("ada"))
        stack.enter_context(under_way(service))
        stack.enter_context(_reading_nothing(service))
        began = time.monotonic()
        assert service.stop() == 0, service.log_text
        assert time.monotonic() - began < STOP_WITHIN_SEC

    with opened(tmp_path) as app:
        assert [person.user_id for person in app.people.all()] == ["ada"]


def _reading_nothing(service: Service) -> socket.socket:
    """Ask for more than the buffers on the way hold, and read none of it."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_000)
    connection.connect(("127.0.0.1", service.port))
    connection.settimeout(0.5)
    request = f"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\n\r\n".encode()
    try:
        for _ in range(2_000):
            connection.sendall(request)
    except TimeoutError:
        pass
    return connection


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with serving(tmp_path) as service, under_way(service):
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert service.process.poll() is None
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(STOP_WITHIN_SEC) == 1
        assert time.monotonic() - began < 3


def test_ctrl_c_stops_it_as_well(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        service.process.send_signal(signal.SIGINT)

        assert service.process.wait(STOP_WITHIN_SEC) == 0


SERVED = """
import sys
from oo.api.server import free_port, serve

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})

port = free_port("127.0.0.1", 0)
serve(app, "127.0.0.1", port, ready=lambda: print(port, flush=True))
"""


def test_the_end_is_clean_however_many_are_connected() -> None:
    """A thread of the server that outlived the interpreter used to abort one stop in twelve."""
    codes = [_ended_with(connections=50) for _ in range(12)]

    assert codes == [0] * 12


def _ended_with(connections: int) -> int:
    with (
        subprocess.Popen([sys.executable, "-c", SERVED], stdout=subprocess.PIPE) as process,
        ExitStack() as stack,
    ):
        assert process.stdout is not None
        try:
            port = int(process.stdout.readline())
            for number in range(connections):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), ANSWER_SEC))
                if number % 2:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    connection.recv(1000)
            process.send_signal(signal.SIGTERM)
            return process.wait(STOP_WITHIN_SEC)
        finally:
            process.kill()
