"""No way of speaking HTTP breaks the service: not strangers, broken requests, slow senders, nor mere numbers."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.api.calling import CANDIDATES, ok, post
from tests.faults.attacked import ADA, assert_alive, assert_refused, attacked, standing
from tests.faults.hostile import Call, calls
from tests.faults.wire import Answered, exchange, head, read
from tests.support.service import Service, serving


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with attacked(tmp_path_factory.mktemp("wire")) as running:
        yield running


@pytest.fixture(scope="module")
def every_call(service: Service) -> list[Call]:
    return calls(ok(service.client.get("/openapi.json")))


HOST = "{host}"
"""Stands for the service's own Host."""
STRANGERS: list[tuple[str, str, list[str]]] = [
    ("a name that points here", "evil.example", []),
    ("that name and the port", "evil.example:{port}", []),
    ("another port", "127.0.0.1:1", []),
    ("no port", "127.0.0.1", []),
    ("another loopback address", "127.0.0.2:{port}", []),
    ("a trailing dot", "localhost.:{port}", []),
    ("a name before it", "127.0.0.1:{port}.evil.example", []),
    ("a user before it", "evil@127.0.0.1:{port}", []),
    ("an empty Host", "", []),
    ("two Hosts", HOST, ["Host: {host}"]),
    ("two different Hosts", HOST, ["Host: evil.example"]),
    ("a page of another site", HOST, ["Origin: https://evil.example"]),
    ("another program on this machine", HOST, ["Origin: http://127.0.0.1:1"]),
    ("the same by https", HOST, ["Origin: https://{host}"]),
    ("a page without an address", HOST, ["Origin: null"]),
    ("an empty Origin", HOST, ["Origin: "]),
    ("two Origins", HOST, ["Origin: http://{host}", "Origin: https://evil.example"]),
    ("an Origin that begins like ours", HOST, ["Origin: http://{host}.evil.example"]),
    ("a browser that says so", HOST, ["Sec-Fetch-Site: cross-site"]),
    ("a neighbouring site", HOST, ["Sec-Fetch-Site: same-site"]),
    ("a browser that says something new", HOST, ["Sec-Fetch-Site: elsewhere"]),
]


@pytest.mark.parametrize(
    ("host", "headers"), [each[1:] for each in STRANGERS], ids=[each[0] for each in STRANGERS]
)
def test_no_page_of_another_site_reaches_the_loopback(
    service: Service, every_call: list[Call], host: str, headers: list[str]
) -> None:
    own = f"127.0.0.1:{service.port}"
    before = standing(service)
    for call in every_call:
        if call.body is None and "Sec-Fetch" in "".join(headers) and call.method == "GET":
            continue  # a link on another page may lead here; its page cannot read what it shows
        content = json.dumps(call.body).encode() if call.body is not None else b""
        written = [each.format(host=own, port=service.port) for each in headers]
        top = head(
            f"{call.method} {call.path()} HTTP/1.1",
            host.format(host=own, port=service.port),
            *written,
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        )
        answer = exchange(service.port, top + content)
        assert answer.status == 403, (str(call), answer.raw[:200])
        assert_refused(answer.response, str(call))
    assert standing(service) == before


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("127.0.0.1", {}),
        ("localhost", {}),
        ("LOCALHOST", {}),
        ("[::1]", {}),
        ("127.0.0.1", {"Origin": "http://127.0.0.1:{port}"}),
        ("127.0.0.1", {"Origin": "http://localhost:{port}", "Sec-Fetch-Site": "same-origin"}),
        ("127.0.0.1", {"Sec-Fetch-Site": "none"}),
    ],
)
def test_its_own_pages_and_programs_reach_it(service: Service, host: str, headers: dict[str, str]) -> None:
    written = {name: value.format(port=service.port) for name, value in headers.items()}

    assert ok(
        service.client.post(
            "/score",
            json={"user_id": ADA, "candidates": CANDIDATES},
            headers={"Host": f"{host}:{service.port}", **written},
        )
    )


GET = b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
POST = b"POST /recommend HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
BEFORE_US: list[tuple[str, bytes, int]] = [
    ("a method that is none", GET.replace(b"GET", b"G<>T") + b"\r\n", 400),
    ("no version", b"GET /healthz\r\n\r\n", 400),
    ("TLS", bytes.fromhex("16030100c8010000c40303") + bytes(50), 400),
    ("a raw NUL in the address", GET.replace(b"healthz", b"\x00") + b"\r\n", 400),
    ("raw bytes in the address", GET.replace(b"healthz", b"\xff\xfe") + b"\r\n", 400),
    ("a NUL in a header", GET + b"X: a\x00b\r\n\r\n", 400),
    ("a header without a colon", GET + b"X\r\n\r\n", 400),
    ("a thousand headers", GET + b"X: a\r\n" * 1_000 + b"\r\n", 431),
    ("a header of a megabyte", GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", 431),
    ("an address of a megabyte", GET.replace(b"healthz", b"?" + b"a" * 1_000_000) + b"\r\n", 431),
    ("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
    ("a negative length", POST + b"Content-Length: -2\r\n\r\n{}", 400),
    ("a length in words", POST + b"Content-Length: two\r\n\r\n{}", 400),
    ("a length past 64 bits", POST + b"Content-Length: 99999999999999999999\r\n\r\n{}", 400),
    ("an encoding that is none", POST + b"Transfer-Encoding: gzip\r\n\r\n{}", 400),
]
"""HTTP itself is broken, or past the server's own bounds: Granian answers, without a body, before our code is asked."""
BY_US: list[tuple[str, bytes, int]] = [
    ("no Host", b"GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n", 403),
    ("a Host that is no text", GET.replace(b"{host}", b"\xff\xfe") + b"\r\n", 403),
    ("no length", POST + b"\r\n", 422),
    ("a length and chunks", POST + b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 422),
    ("a chunk of no size", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    ("CONNECT", b"CONNECT evil.example:80 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 404),
    ("OPTIONS *", b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", 404),
    ("a long query", GET.replace(b"healthz", b"nowhere?" + b"a=b&" * 10_000) + b"\r\n", 404),
]
CUT_OFF: list[tuple[str, bytes, int]] = [
    ("a body", POST + b'Content-Length: 100\r\n\r\n{"user_id"', 400),
    ("a chunk", POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}", 400),
    ("the chunks", POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 400),
]


def ids(cases: list[tuple[str, bytes, int]]) -> list[str]:
    return [name for name, _, _ in cases]


@pytest.mark.parametrize(("_", "sent", "status"), BEFORE_US, ids=ids(BEFORE_US))
def test_what_is_no_http_is_answered_by_the_server_alone(
    service: Service, _: str, sent: bytes, status: int
) -> None:
    for _attempt in range(3):
        answer = exchange(service.port, sent.replace(b"{host}", b"127.0.0.1:%d" % service.port))
        assert (answer.status, answer.body) == (status, b""), answer.raw[:200]
        assert_alive(service)


@pytest.mark.parametrize(("what", "sent", "status"), BY_US, ids=ids(BY_US))
def test_odd_http_is_answered_in_the_one_shape(service: Service, what: str, sent: bytes, status: int) -> None:
    for _ in range(3):
        answer = exchange(service.port, sent.replace(b"{host}", b"127.0.0.1:%d" % service.port))
        assert answer.status == status, answer.raw[:200]
        assert_refused(answer.response, what)
        assert_alive(service)


@pytest.mark.parametrize(("what", "sent", "status"), CUT_OFF, ids=ids(CUT_OFF))
def test_what_is_cut_off_is_answered_to_whoever_still_listens(
    service: Service, what: str, sent: bytes, status: int
) -> None:
    for _ in range(3):
        sent_whole = sent.replace(b"{host}", b"127.0.0.1:%d" % service.port)
        answer = exchange(service.port, sent_whole, half_close=True)
        assert answer.status == status, answer.raw[:200]
        assert_refused(answer.response, what)
        with socket.create_connection(("127.0.0.1", service.port), 30) as gone:
            gone.sendall(sent_whole)
        assert_alive(service)


def test_http_2_by_prior_knowledge_is_closed_without_an_answer(service: Service) -> None:
    assert exchange(service.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").raw == b""
    assert_alive(service)


@pytest.mark.parametrize(
    "line",
    ["GET http://{host}/healthz HTTP/1.1", "GET http://evil.example/healthz HTTP/1.1"],
    ids=["own", "foreign"],
)
def test_an_address_with_a_host_in_it_counts_by_its_host_header(service: Service, line: str) -> None:
    """The server does not tell which host an absolute address named; no browser sends one to what is not its proxy."""
    host = f"127.0.0.1:{service.port}"

    assert exchange(service.port, head(line.format(host=host), host)).status == 200
    assert exchange(service.port, head(line.format(host=host), "evil.example")).status == 403


def test_requests_sent_together_are_answered_in_turn(service: Service) -> None:
    """A request hidden behind another one is a request of its own, and checked as one."""
    host = f"127.0.0.1:{service.port}"
    first = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    hidden = head("GET /healthz HTTP/1.1", "evil.example")

    raw = exchange(service.port, first * 5 + hidden).raw

    assert raw.count(b"HTTP/1.1 200 OK") == 5
    assert raw.count(b"HTTP/1.1 403 Forbidden") == 1


def test_a_body_that_does_not_come_in_time_is_answered(tmp_path: Path) -> None:
    with serving(tmp_path, OO_BODY_WAIT_SEC="0.4") as service:
        host = f"127.0.0.1:{service.port}"
        top = head("POST /recommend HTTP/1.1", host, "Content-Type: application/json", "Content-Length: 100")
        with ExitStack() as stack:
            slow = [
                stack.enter_context(socket.create_connection(("127.0.0.1", service.port), 30))
                for _ in range(50)
            ]
            for connection in slow:
                connection.sendall(top + b'{"user')
            assert_alive(service)
            began = time.monotonic()
            answers = [read(connection) for connection in slow]
        assert {answer.status for answer in answers} == {408}
        assert_refused(answers[0].response, "slow")
        assert time.monotonic() - began < 20
        dripping = _dripped(service, top)
        assert dripping.status == 408, "one byte now and then is not in time either"
        assert_alive(service)


def _dripped(service: Service, top: bytes) -> Answered:
    with socket.create_connection(("127.0.0.1", service.port), 30) as connection:
        connection.sendall(top)
        for _ in range(100):
            try:
                connection.sendall(b" ")
            except (BrokenPipeError, ConnectionResetError):
                break
            connection.settimeout(0.05)
            try:
                if connection.recv(1, socket.MSG_PEEK):
                    break
            except TimeoutError:
                pass
        connection.settimeout(30)
        return read(connection)


def test_connections_that_say_nothing_keep_nobody_out(service: Service) -> None:
    host = f"127.0.0.1:{service.port}"
    asked = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    begun = f"POST /recommend HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{"
    with ExitStack() as stack:
        opened_ = [
            stack.enter_context(socket.create_connection(("127.0.0.1", service.port), 30)) for _ in range(600)
        ]
        for connection in opened_[:200]:  # answered once, and kept
            connection.sendall(asked)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK")
        for connection in opened_[200:400]:  # a body that does not come
            connection.sendall(begun.encode())
        for _ in range(20):
            assert post(service.client, "/score", user_id=ADA, candidates=CANDIDATES)
            assert_alive(service)
    assert_alive(service)


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b",".join(b'"k%d":0' % n for n in range(200_000)) + b',"k199999":0}',
        b"[" + b"[]," * 1_000_000 + b"0]",
        b"[" + b"[]," * 99_000 + b"0]",
        b"[" + b"0," * 1_500_000 + b"0]",
        b'{"user_id":"ada","candidates":[' + b"{}," * 900_000 + b"{}]}",
        b'{"user_id":"ada","candidates":[{' + b",".join(b'"k%d":0' % n for n in range(200_000)) + b"}]}",
        b'{"reward":0.' + b"1" * 3_000_000 + b"}",
        b'{"reward":' + b"9" * 3_000_000 + b"}",
    ],
    ids=["keys", "lists", "fewer lists", "numbers", "candidates", "fields", "a fraction", "digits"],
)
def test_no_body_keeps_the_others_waiting(service: Service, body: bytes) -> None:
    """What takes long to read is read beside the requests of others; a quadratic step would take minutes here."""
    host = f"127.0.0.1:{service.port}"
    longest = 0.0
    with socket.create_connection(("127.0.0.1", service.port), 60) as connection:
        top = head(
            "POST /score HTTP/1.1", host, "Content-Type: application/json", f"Content-Length: {len(body)}"
        )
        connection.sendall(top + body)
        sent = time.monotonic()
        connection.settimeout(0)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            began = time.monotonic()
            assert_alive(service)
            longest = max(longest, time.monotonic() - began)
            try:
                connection.recv(1, socket.MSG_PEEK)
                break
            except BlockingIOError:
                continue
        connection.settimeout(30)
        answer = read(connection)
    assert_refused(answer.response, "a large body")
    whole = time.monotonic() - sent
    assert longest < max(1.5, whole / 2), "read in the loop, it would let nobody in between"
