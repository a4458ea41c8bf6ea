"""A NATS server that lets oO do less than it needs, or not in at all: what is said names what to change."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from oo.adapters.nats import Nats
from oo.domain.errors import BusUnavailable
from oo.ports import Message
from tests.api.calling import send, user
from tests.faults.test_bus import act, ready, wait_until
from tests.support.nats import Server, free_port
from tests.support.service import serving

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "connect-a-bus.md"
REDELIVER_SEC = 0.5
TIP = Message(subject="signals.tip.served", id="m1", body=b"1")
OTHERS = '{ user: other, password: "other" }'


def documented() -> str:
    """The configuration that the documentation shows, with a password, and another user who may do everything."""
    found = PAGE.read_text("utf-8").partition("```conf\n")[2].partition("```")[0]
    assert "authorization {" in found
    return found.replace('"…"', '"secret"').replace("users = [", f"users = [\n    {OTHERS}")


def without(grant: str) -> str:
    config = documented()
    assert config.count(f'"{grant}"') == 1
    return config.replace(f'"{grant}"', '"nothing"')  # nothing at all would be everything


@contextmanager
def configured(folder: Path, config: str) -> Iterator[Server]:
    """Run a server by a configuration inside the block."""
    file = folder / "nats.conf"
    file.write_text(config, "utf-8")
    server = Server(folder / "nats", free_port(), ["-c", str(file)])
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a server have less time for its answer: to what it denies it gives none."""
    for module in ("bus", "connecting"):
        monkeypatch.setattr(f"oo.adapters.nats.{module}.ANSWER_SEC", 1.0)


@contextmanager
def reached(server: Server, let_in: str = "nats://oo:secret@") -> Iterator[Nats]:
    bus = Nats([f"{let_in}127.0.0.1:{server.port}"], name="oo", redeliver_sec=REDELIVER_SEC)
    try:
        yield bus
    finally:
        bus.close()


def used(bus: Nats) -> None:
    """Do everything that oO does with a bus: twice over, since the server says late what it denies."""
    for number in range(2):
        bus.publish([TIP, Message(subject="feedback.reward", id=f"m{number}", body=b"2")])
        for stream in ("signals", "feedback"):
            for _ in range(2):
                for delivery in bus.consumer(stream).fetch(1, 0.2):
                    delivery.acknowledge()
                    time.sleep(0.1)


def test_what_the_documentation_grants_is_enough(tmp_path: Path) -> None:
    with configured(tmp_path, documented()) as server, reached(server) as bus:
        used(bus)

        time.sleep(2 * REDELIVER_SEC)
        assert bus.consumer("signals").fetch(1, 0.2) == [], "what was acknowledged does not come again"


GRANTS = {
    "signals.>": 'publish to "signals.>"',
    "feedback.>": 'publish to "feedback.>"',
    "$JS.API.STREAM.NAMES": 'publish to "$JS.API.STREAM.NAMES"',
    "$JS.API.STREAM.CREATE.*": 'publish to "$JS.API.STREAM.CREATE.*"',
    "$JS.API.CONSUMER.>": 'publish to "$JS.API.CONSUMER.>"',
    "$JS.ACK.>": 'publish to "$JS.ACK.>"',
    "_INBOX.>": 'subscribe to "_INBOX.>"',
}


@pytest.mark.parametrize("grant", GRANTS)
def test_what_is_not_granted_is_said_with_what_to_grant(tmp_path: Path, grant: str) -> None:
    with (
        configured(tmp_path, without(grant)) as server,
        reached(server) as bus,
        pytest.raises(BusUnavailable, match="The bus refuses: permissions violation for ") as refused,
    ):
        used(bus)

    assert GRANTS[grant] in str(refused.value)
    assert "secret" not in str(refused.value)


def test_every_grant_of_the_documentation_is_tried() -> None:
    granted = documented().partition("permissions")[2]
    assert set(granted.split('"')[1::2]) == set(GRANTS)


def test_a_subject_that_is_denied_is_told_by_readyz_and_the_log_and_nothing_else_stops(
    tmp_path: Path,
) -> None:
    config = documented().replace('"signals.>"', '"signals.user", "signals.task.>"')
    with (
        configured(tmp_path, config) as server,
        serving(tmp_path, OO_BUS=f"nats://oo:secret@127.0.0.1:{server.port}") as service,
    ):
        send(service.client, user("ada"))
        act(service, "ada", 1)
        said = (
            'The bus refuses: permissions violation for publish to "signals.tip.served".'
            ' Let its user publish to "signals.>", in the server\'s configuration.'
        )
        wait_until(lambda: ready(service)["status"] == "degraded", "it is said")
        assert ready(service)["reason"] == f"publishing: {said}"
        assert service.stop() == 0

    stopped = [line["event"] for line in service.log if "has stopped" in line["event"]]
    assert stopped == [f"publishing has stopped: {said}"]


@pytest.mark.parametrize("let_in", ["nats://oo:wrong@", "nats://"])
def test_who_is_not_let_in_is_told_of_the_password(tmp_path: Path, let_in: str) -> None:
    with (
        configured(tmp_path, documented()) as server,
        reached(server, let_in) as bus,
        pytest.raises(BusUnavailable, match=r"Authorization Violation.* name and the password") as refused,
    ):
        bus.publish([TIP])

    assert "wrong" not in str(refused.value)


def test_a_bus_that_is_to_be_encrypted_is_told_no_password_in_the_clear(tmp_path: Path) -> None:
    with configured(tmp_path, documented()) as server, reached(server, "tls://oo:secret@") as bus:
        with pytest.raises(BusUnavailable, match=r"OO_BUS says tls://, and the server does not encrypt"):
            bus.publish([TIP])

        assert "secret" not in server.log
        assert "Authorization" not in server.log


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here, which makes certificates")
@pytest.mark.parametrize("scheme", ["nats", "tls"])
def test_a_certificate_that_nobody_here_trusts_is_said_and_one_that_is_trusted_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {certificate} -days 2".split()
    named = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*made, *named], check=True, capture_output=True, timeout=30)
    config = f'{documented()}\ntls {{ cert_file: "{certificate}", key_file: "{key}" }}\n'
    with configured(tmp_path, config) as server:
        with (
            reached(server, f"{scheme}://oo:secret@") as bus,
            pytest.raises(BusUnavailable, match=r"certificate verify failed.* SSL_CERT_FILE names another"),
        ):
            bus.publish([TIP])

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with reached(server, f"{scheme}://oo:secret@") as bus:
            used(bus)
