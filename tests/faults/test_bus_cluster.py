"""A bus of three servers: whichever of them is lost, events go out and come in, and nothing counts twice."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from oo.adapters.nats import Nats
from oo.domain.errors import BusUnavailable
from oo.ports import Message
from oo.sources.event_log import to_line
from tests.api.calling import send, user
from tests.faults.test_bus import (
    act,
    assert_all_of_it_is_on_the_bus_once,
    drained,
    meter,
    ready,
    recorded,
    wait_until,
)
from tests.faults.test_bus_workers import REDELIVER_SEC, mood
from tests.support.nats_cluster import NatsCluster
from tests.support.service import Service, serving

ELECTED_SEC = 45.0
"""Within this time, on a slow machine, those that are left agree on who leads."""
ACCEPTED = 'oo_bus_received_total{fate="accepted"}'


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[NatsCluster]:
    made = NatsCluster(tmp_path)
    try:
        made.start()
        made.wait_ready()
        yield made
    finally:
        made.close()


@pytest.fixture
def service(tmp_path: Path, cluster: NatsCluster) -> Iterator[Service]:
    settings = {"OO_BUS": cluster.url, "OO_BUS_REPLICAS": "3", "OO_BUS_REDELIVER_SEC": REDELIVER_SEC}
    with serving(tmp_path, **settings) as running:
        wait_until(lambda: ready(running) == {"status": "ready"}, "the bus is reached")
        send(running.client, user("ada"))
        yield running


def test_with_the_leader_lost_events_go_out_and_come_in(
    tmp_path: Path, cluster: NatsCluster, service: Service
) -> None:
    act(service, "ada", 0)
    wait_until(lambda: drained(service), "the outbox is empty")
    theirs = mood(1)

    cluster.nodes[cluster.leader()].kill()
    act(service, "ada", 1)
    cluster.publish(("signals.theirs", to_line(theirs).encode()))

    wait_until(lambda: meter(service, ACCEPTED) == 1, "theirs is recorded", ELECTED_SEC)
    wait_until(lambda: drained(service), "the outbox is empty")
    assert service.stop() == 0
    assert recorded(tmp_path)[theirs.key] == theirs


def test_what_goes_out_while_servers_are_lost_is_on_the_bus_once(
    tmp_path: Path, cluster: NatsCluster, service: Service
) -> None:
    for number in range(6):
        act(service, "ada", number)
        lost = cluster.nodes[number % 3]
        lost.kill()
        act(service, "ada", 10 + number)
        lost.program.start()
    cluster.wait_ready()
    wait_until(lambda: drained(service), "the outbox is empty")

    assert service.stop() == 0
    assert_all_of_it_is_on_the_bus_once(cluster, tmp_path)


def test_streams_are_kept_by_as_many_servers_as_was_asked(cluster: NatsCluster) -> None:
    bus = Nats(cluster.url.split(","), name="oo", replicas=3)
    wait_until(lambda: _published(bus, 1), "all servers know of each other")
    bus.close()

    assert cluster.kept_by("SIGNALS") == cluster.kept_by("FEEDBACK") == 3


def test_a_stream_that_is_there_is_used_as_it_is(cluster: NatsCluster) -> None:
    cluster.nodes[0].add_stream("THEIRS", ["signals.>"])
    bus = Nats(cluster.url.split(","), name="oo", replicas=3)
    wait_until(lambda: _published(bus, 1), "all servers know of each other")
    bus.close()

    assert cluster.kept_by("THEIRS") == 1
    assert cluster.stored("THEIRS") == [("signals.user", b"1")]


def test_a_server_that_neither_answers_nor_refuses_is_passed_over(cluster: NatsCluster) -> None:
    first = Nats(cluster.url.split(","), name="oo", replicas=3)
    wait_until(lambda: _published(first, 0), "the streams are made while all answer")
    first.close()
    os.kill(cluster.nodes[0].program.pid, signal.SIGSTOP)
    for number in range(1, 4):
        bus = Nats(cluster.url.split(","), name="oo", replicas=3)
        wait_until(lambda of=bus, n=number: _published(of, n), "the bus takes it")  # type: ignore[misc]
        bus.close()


def _published(bus: Nats, number: int) -> bool:
    try:
        bus.publish([Message(subject="signals.user", id=f"m{number}", body=b"1")])
    except BusUnavailable:
        return False
    return True
