"""`oo serve --workers N`: one dies and the others answer, all stop together, and none is left behind."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from oo.cli.supervisor import PAUSE_SEC
from tests.faults.wire import head
from tests.shell.running import Shell
from tests.support.fleet import Service
from tests.support.nats import free_port
from tests.support.postgres import database
from tests.support.process import STOP_SEC, children_of, lives, wait_for

WORKERS = 3
SOON_SEC = 5.0
"""A stop takes so long at most where nothing is under way; one that waited in vain would take longer."""


@contextmanager
def several(folder: Path, url: str) -> Iterator[Service]:
    """Serve with several processes inside the block."""
    service = Service(folder, "service", {**Shell(folder).environment, "OO_DATABASE": url})
    service.program.command = [*service.program.command, "--workers", str(WORKERS)]
    try:
        service.program.start()
        service.program.wait_until(lambda: '{"address"' in service.program.said)
        yield service
    finally:
        processes = members(service) if service.program.runs else []
        service.program.kill()
        service.client.close()
        wait_for(lambda: not any(map(lives, processes)), lambda: "its processes have ended", STOP_SEC)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with database() as url, several(tmp_path, url) as running:
        yield running


def members(service: Service) -> list[int]:
    return [pid for pid, title in children_of(service.program.pid) if "oo.cli.member" in title]


def answer(service: Service, path: str = "/healthz") -> httpx2.Response:
    """Ask on a connection of its own, as somebody who comes anew."""
    return httpx2.get(service.address + path, trust_env=False, timeout=SOON_SEC)


def meter(service: Service, name: str) -> float:
    return sum(
        float(line.split()[-1])
        for line in answer(service, "/metrics").text.splitlines()
        if line.startswith((f"{name} ", f"{name}{{"))
    )


def under_way(service: Service) -> tuple[socket.socket, bytes]:
    """Begin a request, and return its connection and the rest of its body."""
    body = b'{"user_id": "ada"}'.ljust(100)
    top = head(
        "POST /recommend HTTP/1.1",
        f"127.0.0.1:{service.port}",
        "Content-Type: application/json",
        "Content-Length: 100",
    )
    connection = socket.create_connection(("127.0.0.1", service.port), STOP_SEC)
    connection.sendall(top + body[:50])
    wait_for(lambda: meter(service, "oo_http_requests_running") >= 2, lambda: "it is under way", SOON_SEC)
    return connection, body[50:]


def finished(connection: socket.socket, rest: bytes) -> bytes:
    with connection:
        connection.sendall(rest)
        return connection.recv(65536)


def all_gone(*pids: int) -> None:
    wait_for(lambda: not any(map(lives, pids)), lambda: f"{pids} have ended", STOP_SEC)


def test_it_says_once_that_it_serves_and_its_meters_are_those_of_all(service: Service) -> None:
    for _ in range(30):
        assert answer(service).status_code == 200

    said = [json.loads(line) for line in service.program.said.splitlines() if line.startswith('{"address"')]
    assert [(each["address"], each["pid"]) for each in said] == [(service.address, service.program.pid)]
    assert len(members(service)) == WORKERS == meter(service, "oo_processes")
    assert meter(service, 'oo_http_requests_total{method="GET",route="/healthz",status="200"}') == 30
    assert meter(service, "oo_quality_measured_seconds") > 0, "whichever has measured it"


def test_when_one_is_killed_the_others_answer_and_another_one_comes(service: Service) -> None:
    before = members(service)
    answers = 0
    os.kill(before[0], signal.SIGKILL)
    all_gone(before[0])
    fewer = WORKERS - 1
    wait_for(lambda: meter(service, "oo_processes") == fewer, lambda: "one that has ended is none", SOON_SEC)

    while len(members(service)) < WORKERS or meter(service, "oo_processes") < WORKERS:
        assert answer(service).status_code == 200
        answers += 1

    assert answers > 0
    assert set(before[1:]) < set(members(service))
    assert f"server process {before[0]} has ended" in service.program.said
    seen = meter(service, 'oo_http_requests_total{method="GET",route="/healthz",status="200"}')
    assert seen >= answers, "what was counted by one that has ended stays counted"


def test_one_that_dies_again_and_again_is_given_longer_and_longer(service: Service) -> None:
    for _ in range(3):
        [first, *_] = members(service)
        os.kill(first, signal.SIGKILL)
        all_gone(first)
        wait_for(lambda: len(members(service)) == WORKERS, lambda: "another one", STOP_SEC)

    said = [json.loads(line)["event"] for line in service.program.said.splitlines() if "has ended" in line]
    assert len(said) == 3
    assert f"in {PAUSE_SEC[0]:.1f} s" in said[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_what_is_under_way_in_each(service: Service, number: signal.Signals) -> None:
    processes = members(service)
    begun = [under_way(service) for _ in range(4)]
    os.kill(service.program.pid, number)
    wait_for(lambda: not _answers(service), lambda: "nobody new is let in", SOON_SEC)
    assert service.program.runs, "it waits for what is under way"

    assert all(b" 404 " in finished(*each).splitlines()[0] for each in begun), "nobody is called ada"

    assert service.program.process is not None
    assert service.program.process.wait(SOON_SEC) == 0
    all_gone(*processes)


def test_a_signal_to_every_process_at_once_is_no_second_one(service: Service) -> None:
    """So do supervisors that signal a whole group."""
    begun = under_way(service)
    for pid in (*members(service), service.program.pid):
        os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not _answers(service), lambda: "nobody new is let in", SOON_SEC)

    assert b" 404 " in finished(*begun).splitlines()[0]
    assert service.program.process is not None
    assert service.program.process.wait(SOON_SEC) == 0


def test_a_second_signal_ends_all_at_once(service: Service) -> None:
    processes = members(service)
    connection, _ = under_way(service)
    with connection:
        service.program.ask_to_stop()
        wait_for(lambda: not _answers(service), lambda: "nobody new is let in", SOON_SEC)

        assert service.program.stop(SOON_SEC) == 1
    all_gone(*processes)


def test_when_the_supervisor_is_killed_the_others_finish_and_end(service: Service) -> None:
    processes = members(service)
    begun = under_way(service)

    os.kill(service.program.pid, signal.SIGKILL)
    wait_for(lambda: not _answers(service), lambda: "nobody new is let in", SOON_SEC)

    assert b" 404 " in finished(*begun).splitlines()[0]
    all_gone(*processes)


def test_what_is_wrong_at_the_start_is_said_once_and_nobody_is_left(tmp_path: Path) -> None:
    with database() as url:
        wrong = url.replace("/db", "/no-such-db", 1)
        ran = Shell(tmp_path).process("serve", "--port", "0", "--workers", "3", env={"OO_DATABASE": wrong})

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.count("The database could not be reached") == 1
    assert "Traceback" not in ran.err


def test_a_port_in_use_is_refused(tmp_path: Path, service: Service) -> None:
    ran = Shell(tmp_path).process(
        *["serve", "--workers", "2", "--port", str(service.port)], env=dict(service.program.environment or {})
    )

    assert ran.code == 1
    assert f"Port {service.port}" in ran.err


def test_sqlite_has_one_writer(tmp_path: Path) -> None:
    ran = Shell(tmp_path).process("serve", "--workers", "2", "--port", str(free_port()))

    assert ran.code == 1
    assert "More than one worker needs PostgreSQL" in ran.err
    assert not Shell(tmp_path).database.exists()


def _answers(service: Service) -> bool:
    try:
        return answer(service).status_code == 200
    except httpx2.TransportError:
        return False
