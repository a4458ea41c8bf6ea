"""The `Bus` port's contract, run over every adapter: another one joins by an entry in `ADAPTERS`."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from oo.adapters.inprocess import InProcess
from oo.adapters.nats import Nats
from oo.domain.errors import BusUnavailable
from oo.ports import MAX_PENDING, Bus, Consumer, Message
from tests.support.nats import serving_nats

WAIT_SEC = 10.0
SOON_SEC = 0.3


@contextmanager
def inprocess(_: Path) -> Iterator[Bus]:
    yield InProcess()


@contextmanager
def jetstream(folder: Path) -> Iterator[Bus]:
    with serving_nats(folder) as server:
        yield Nats([server.url], name="oo")


ADAPTERS: Mapping[str, Callable[[Path], AbstractContextManager[Bus]]] = {
    "inprocess": inprocess,
    "nats": jetstream,
}


@pytest.fixture(params=ADAPTERS)
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    with ADAPTERS[request.param](tmp_path) as opened:
        for stream in ("signals", "feedback"):
            opened.consumer(stream).fetch(1, 0.05)  # it has everything from when it was first asked for
        yield opened
        opened.close()


def message(number: int, subject: str = "signals.mood.checkin") -> Message:
    return Message(subject=subject, id=f"m{number}", body=b"%d" % number)


def bodies(consumer: Consumer, count: int) -> list[bytes]:
    """Fetch and acknowledge so many messages."""
    found: list[bytes] = []
    until = time.monotonic() + WAIT_SEC
    while len(found) < count and time.monotonic() < until:
        for delivery in consumer.fetch(count - len(found), 0.5):
            found.append(delivery.event.body)
            delivery.acknowledge()
    return found


def test_what_is_published_is_delivered_in_order_with_its_subject(bus: Bus) -> None:
    bus.publish(message(number, f"signals.task.{number}") for number in range(50))

    consumer = bus.consumer("signals")
    first = consumer.fetch(1, WAIT_SEC)[0]
    assert (first.event.subject, first.event.body, first.event.tries) == ("signals.task.0", b"0", 1)
    first.acknowledge()
    assert bodies(consumer, 49) == [b"%d" % number for number in range(1, 50)]


def test_each_stream_has_its_own_subjects(bus: Bus) -> None:
    bus.publish([message(1), message(2, "feedback.reward")])

    assert bodies(bus.consumer("feedback"), 1) == [b"2"]
    assert bodies(bus.consumer("signals"), 1) == [b"1"]
    assert bus.consumer("signals").fetch(1, SOON_SEC) == []


def test_a_subject_may_hold_the_name_of_a_policy(bus: Bus) -> None:
    bus.publish([message(1, "signals.shadow.egreedy/v2")])

    assert bus.consumer("signals").fetch(1, WAIT_SEC)[0].event.subject == "signals.shadow.egreedy/v2"


def test_the_same_id_again_is_published_once(bus: Bus) -> None:
    bus.publish([message(1), message(1)])
    bus.publish([message(1), message(2)])

    assert bodies(bus.consumer("signals"), 2) == [b"1", b"2"]
    assert bus.consumer("signals").fetch(1, SOON_SEC) == []


def test_what_is_acknowledged_does_not_come_again(bus: Bus) -> None:
    bus.publish([message(1)])

    assert bodies(bus.consumer("signals"), 1) == [b"1"]
    assert bus.consumer("signals").fetch(1, SOON_SEC) == []


def test_what_is_to_be_retried_comes_again_and_not_too_soon(bus: Bus) -> None:
    bus.publish([message(1)])
    consumer = bus.consumer("signals")

    for tries in (1, 2, 3):
        delivery = consumer.fetch(1, WAIT_SEC)[0]
        assert delivery.event.tries == tries
        delivery.retry(0.5)
        assert consumer.fetch(1, 0.1) == []
    consumer.fetch(1, WAIT_SEC)[0].acknowledge()
    assert consumer.fetch(1, SOON_SEC) == []


def test_one_that_is_retried_holds_up_no_other(bus: Bus) -> None:
    bus.publish([message(1), message(2)])
    consumer = bus.consumer("signals")

    consumer.fetch(1, WAIT_SEC)[0].retry(5)

    assert bodies(consumer, 1) == [b"2"]


def test_only_so_many_are_delivered_before_one_is_acknowledged(bus: Bus) -> None:
    bus.publish(message(number) for number in range(MAX_PENDING + 10))
    consumer = bus.consumer("signals")

    out = [each for _ in range(6) for each in consumer.fetch(100, SOON_SEC)]
    assert len(out) == MAX_PENDING
    for delivery in out[:20]:
        delivery.acknowledge()
    assert len(bodies(consumer, 10)) == 10


def test_a_fetch_returns_as_soon_as_something_comes(bus: Bus) -> None:
    timer = threading.Timer(0.3, bus.publish, [[message(1)]])
    timer.start()
    began = time.monotonic()

    assert len(bus.consumer("signals").fetch(10, WAIT_SEC)) == 1
    assert time.monotonic() - began < WAIT_SEC / 2
    timer.join()


def test_a_fetch_that_finds_nothing_ends_in_its_time(bus: Bus) -> None:
    began = time.monotonic()

    assert bus.consumer("signals").fetch(10, SOON_SEC) == []
    assert SOON_SEC * 0.9 <= time.monotonic() - began < 2


def test_many_threads_may_publish_at_once(bus: Bus) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda part: bus.publish(message(part * 25 + n) for n in range(25)), range(4)))

    assert sorted(map(int, bodies(bus.consumer("signals"), 100))) == list(range(100))


def test_a_bus_may_be_closed_twice(bus: Bus) -> None:
    bus.close()
    bus.close()


def test_a_server_that_is_not_there_is_said_to_be_and_used_when_it_is(tmp_path: Path) -> None:
    with serving_nats(tmp_path, start=False) as server:
        bus = Nats([server.url], name="oo")
        with pytest.raises(BusUnavailable, match="does not answer"):
            bus.publish([message(1)])
        with pytest.raises(BusUnavailable, match="does not answer"):
            bus.consumer("signals").fetch(1, SOON_SEC)

        server.start()

        bus.publish([message(1)])
        assert bodies(bus.consumer("signals"), 1) == [b"1"]
        bus.close()


def test_what_was_published_and_not_acknowledged_outlives_a_kill_of_the_server(tmp_path: Path) -> None:
    with serving_nats(tmp_path) as server:
        bus = Nats([server.url], name="oo")
        bus.publish(message(number) for number in range(20))
        assert bodies(bus.consumer("signals"), 5) == [b"%d" % number for number in range(5)]

        server.kill()
        with pytest.raises(BusUnavailable):
            bus.publish([message(20)])
        server.start()

        bus.publish([message(19), message(20)])
        # An acknowledgement that the server had not written yet is lost with it: any of the five may come again.
        consumer, rest = bus.consumer("signals"), list[int]()
        until = time.monotonic() + WAIT_SEC
        while len(rest) < 16 and time.monotonic() < until:
            rest += [number for number in map(int, bodies(consumer, 1)) if number >= 5]
        assert rest == list(range(5, 21))
        bus.close()


def test_what_is_not_acknowledged_comes_again_after_the_time_that_was_asked_for(tmp_path: Path) -> None:
    """A consumer that the server knows from before takes the new time over."""
    with serving_nats(tmp_path) as server:
        first = Nats([server.url], name="oo")
        first.publish([message(1)])
        assert first.consumer("signals").fetch(1, SOON_SEC)[0].event.body == b"1"
        first.close()

        second = Nats([server.url], name="oo", redeliver_sec=1)
        (again,) = second.consumer("signals").fetch(1, WAIT_SEC)

        assert (again.event.body, again.event.tries) == (b"1", 2)
        second.close()


def test_a_message_that_the_server_never_takes_holds_up_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serving_nats(tmp_path) as server:
        bus = Nats([server.url], name="oo")
        large = Message(subject="signals.mood.checkin", id="large", body=b"x" * 2_000_000)

        bus.publish([large, message(1)])

        assert bodies(bus.consumer("signals"), 1) == [b"1"]
        assert "2000000 bytes is too large" in caplog.text
        bus.close()


def test_a_stream_that_has_the_subjects_already_is_used(tmp_path: Path) -> None:
    with serving_nats(tmp_path) as server:
        server.add_stream("EVERYTHING", ["signals.>", "feedback.>"])
        bus = Nats([server.url], name="oo")

        bus.publish([message(1), message(2, "feedback.reward")])

        assert [body for _, body in server.stored("EVERYTHING")] == [b"1", b"2"]
        assert bodies(bus.consumer("feedback"), 1) == [b"2"]
        bus.close()


def test_a_wait_that_is_over_between_two_questions_to_the_server_is_no_bus_that_does_not_answer(
    tmp_path: Path,
) -> None:
    # The client asks twice, and says it in another way when there is no time left for the second.
    with serving_nats(tmp_path) as server:
        bus = Nats([server.url], name="oo")
        consumer = bus.consumer("signals")
        consumer.fetch(10, 0.1)

        found = [consumer.fetch(10, waits / 20_000) for waits in range(1, 200)]

        assert found == [[]] * 199
        bus.close()
