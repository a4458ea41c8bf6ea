"""More than the service gets through: some are served, the rest are turned away in words, and nothing is half done."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Self

import pytest

from oo.compose import compose
from oo.domain.facts import Fact, MoodCheckin
from oo.settings import Settings
from tests.api.calling import Signal, mood, ok, send, task, user
from tests.api.test_operations import meter
from tests.faults.flooding import Answered, flood, resident_bytes, statuses
from tests.faults.freezing import postgresql_stopped, sqlite_held
from tests.faults.wire import head
from tests.support.postgres import database
from tests.support.service import ANSWER_SEC, Service, serving

CLIENTS = 500
MOST = 60
HELD_SEC = 3.0
LOOK_SEC = 2.5
"""An operator's question has its answer by then: the service gives the store two seconds for it."""


@contextmanager
def in_sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder / 'oo.db'}"


@contextmanager
def in_postgresql(_: Path) -> Iterator[str]:
    with database() as url:
        yield url


Held = Callable[[Path], AbstractContextManager[None]]
STORES: dict[str, tuple[Callable[[Path], AbstractContextManager[str]], Held]] = {
    "sqlite": (in_sqlite, sqlite_held),
    "postgresql": (in_postgresql, lambda _: postgresql_stopped()),
}


class Looking:
    """Somebody who looks at the service all the while, and notes what is not as it should be."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.looks = 0
        self.wrong: list[str] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.is_set():
            for path, wanted, within in (
                ("/healthz", {200}, 1.5),
                ("/metrics", {200}, LOOK_SEC + 1.5),
                ("/readyz", {200, 503}, LOOK_SEC + 1.5),
            ):
                began = time.monotonic()
                status = self.service.client.get(path).status_code
                took = time.monotonic() - began
                if status not in wanted or took > within:
                    self.wrong.append(f"{path}: {status} after {took:.1f} s")
                self.looks += 1


@pytest.mark.parametrize("store", STORES)
def test_a_flood_over_a_store_that_stands_still_is_served_in_part_and_refused_in_words(
    store: str, tmp_path: Path
) -> None:
    made, held = STORES[store]
    with made(tmp_path) as url:
        with serving(tmp_path, OO_DATABASE=url, OO_MOST_REQUESTS=str(MOST)) as service:
            send(service.client, user("ada"), mood("ada", event_id="before"))
            flood(service.port, "/signals", [mood("ada", event_id="warm")] * MOST)
            before = resident_bytes(service.process.pid)
            sent = [mood("ada", event_id=f"e{number}") for number in range(CLIENTS)]
            with Looking(service) as looking:
                answers = _flooded(service, sent, lambda: held(tmp_path))

            assert statuses(answers).keys() == {200, 503}, statuses(answers)
            assert statuses(answers)[200] >= MOST
            assert looking.wrong == []
            assert looking.looks >= 3
            assert resident_bytes(service.process.pid) - before < 100 * 2**20
            assert meter(service.client, "oo_http_requests_turned_away_total") == statuses(answers)[503]
            send(service.client, mood("ada", event_id="after"))
            assert ok(service.client.get("/readyz"))["status"] == "ready"

        refused = [answer for answer in answers if answer.status == 503]
        assert {answer.headers.get("retry-after") for answer in refused} == {"1"}
        assert {answer.document["error"]["code"] for answer in refused} == {"overloaded"}
        recorded = [
            each["event_id"] for each, answer in zip(sent, answers, strict=True) if answer.status == 200
        ]
        assert sorted(_moods(url)) == sorted(["before", "warm", *recorded, "after"])
        warned = [line for line in service.log if line["event"] == "overloaded"]
        assert 1 <= len(warned) <= 6, "it says so once a second, not once a request"


def _flooded(
    service: Service, sent: Sequence[Signal], held: Callable[[], AbstractContextManager[None]]
) -> list[Answered]:
    """Send everything at once while nothing can be written, and let the store go on after a while."""
    answers: list[Answered] = []
    sending = threading.Thread(target=lambda: answers.extend(flood(service.port, "/signals", sent)))
    with held():
        sending.start()
        time.sleep(HELD_SEC)
    sending.join()
    return answers


def _moods(url: str) -> list[str]:
    app = compose(Settings(database=url))
    found: list[Fact] = app.store.read(lambda reader: list(reader.facts("ada")))
    app.close()
    return [fact.event_id for fact in found if isinstance(fact, MoodCheckin)]


def test_bodies_that_do_not_come_take_up_no_room(tmp_path: Path) -> None:
    with serving(tmp_path, OO_MOST_REQUESTS="4") as service, ExitStack() as stack:
        top = head(
            "POST /recommend HTTP/1.1",
            f"127.0.0.1:{service.port}",
            "Content-Type: application/json",
            "Content-Length: 100",
        )
        for _ in range(40):
            connection = stack.enter_context(
                socket.create_connection(("127.0.0.1", service.port), ANSWER_SEC)
            )
            connection.sendall(top)
        send(service.client, user("ada"), task("ada", "k1"))
        assert ok(service.client.post("/recommend", json={"user_id": "ada"}))["tip_id"]


def test_a_store_that_cannot_be_written_for_long_is_a_503_and_never_a_500(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        send(service.client, user("ada"))
        with sqlite_held(tmp_path):
            answer = service.client.post("/signals", json=mood("ada"))
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert answer.json()["error"]["code"] == "store_busy"
        send(service.client, mood("ada"))


def test_fifty_clients_at_once_are_all_served(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        send(service.client, user("ada"))
        for _ in range(6):  # more than may be under way, one after the other
            answers = flood(service.port, "/signals", [mood("ada") for _ in range(50)])
            assert set(statuses(answers)) == {200}
