"""Who is not the owner learns nothing from a service, brings nothing into it, and cannot keep the owner out."""

import json
import os
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from oo import __version__
from oo.adapters.remote import channel
from oo.adapters.remote.reception import MOST_GUESTS
from oo.compose import compose, served
from oo.domain.errors import StoreBusy, StoreError
from oo.settings import Settings
from oo.usecases.app import App

WAIT_SEC = 30
SOON_SEC = 10.0
"""A command that is let in at all is let in long before that."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(database=f"sqlite:///{tmp_path / 'oo.db'}", busy_wait_sec=0)


@pytest.fixture
def served_app(settings: Settings) -> Iterator[App]:
    with served(settings) as app:
        yield app


def file(settings: Settings) -> Path:
    return Path(f"{settings.sqlite_path()}.service")


def announced(settings: Settings) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file(settings).read_text())
    return found


def connected(settings: Settings) -> socket.socket:
    return socket.create_connection((channel.LOOPBACK, announced(settings)["port"]), WAIT_SEC)


def introduced(settings: Settings) -> socket.socket:
    connection = connected(settings)
    channel.introduce(connection, bytes.fromhex(announced(settings)["key"]))
    return connection


def guests() -> int:
    return sum(thread.name == "oo-guest" for thread in threading.enumerate())


def assert_a_command_runs(settings: Settings) -> None:
    began = time.monotonic()
    app = compose(settings.model_copy(update={"busy_wait_sec": WAIT_SEC}))
    app.people.add("ada", "UTC", now_ms=0)
    assert [person.user_id for person in app.people.all()] == ["ada"]
    app.close()
    assert time.monotonic() - began < SOON_SEC


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SEC
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Trap:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.mark),)


def closed_by_the_service(connection: socket.socket) -> bool:
    """Read to the end: it says nothing more than its random bytes, and goes."""
    try:
        said = b"".join(iter(lambda: connection.recv(4096), b""))
    except ConnectionError:
        return True
    return len(said) == 32


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\0" * 64,
        b"\xff" * 1_000_000,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".ljust(64),
        os.urandom(64),
        os.urandom(63),
    ],
    ids=["nothing", "zeros", "a megabyte", "http", "garbage", "one byte short"],
)
def test_whoever_talks_otherwise_is_shown_out(settings: Settings, served_app: App, said: bytes) -> None:
    with connected(settings) as connection:
        with suppress(OSError):  # shown out before the end of it
            connection.sendall(said)
            connection.shutdown(socket.SHUT_WR)
        assert closed_by_the_service(connection)

    assert_a_command_runs(settings)
    wait_until(lambda: guests() == 0)


def test_nothing_is_unpickled_from_who_has_another_key(
    settings: Settings, served_app: App, tmp_path: Path
) -> None:
    trap = pickle.dumps((("people", "all"), (Trap(tmp_path / "mark"),), {}))
    with connected(settings) as connection, suppress(ConnectionError):
        theirs, ours = channel._exactly(connection, 32), os.urandom(32)
        connection.sendall(ours + channel._proof(b"another key", b"command", theirs + ours))
        channel.send(connection, trap)
        assert connection.recv(1) == b""

    assert not (tmp_path / "mark").exists()
    assert_a_command_runs(settings)


def test_a_proof_is_of_no_use_a_second_time(settings: Settings, served_app: App) -> None:
    key = bytes.fromhex(announced(settings)["key"])
    with connected(settings) as first, connected(settings) as second:
        theirs, ours = channel._exactly(first, 32), os.urandom(32)
        channel._exactly(second, 32)
        proof = ours + channel._proof(key, b"command", theirs + ours)
        first.sendall(proof)
        assert len(channel._exactly(first, 32)) == 32

        second.sendall(proof)

        assert second.recv(1) == b""


def test_who_drips_is_given_no_more_time_than_who_is_silent(settings: Settings, served_app: App) -> None:
    began = time.monotonic()
    with connected(settings) as dripping, connected(settings) as silent:
        with suppress(ConnectionError):
            while time.monotonic() - began < WAIT_SEC:
                dripping.sendall(b"x")
                time.sleep(0.2)
        assert time.monotonic() - began < channel.PROOF_SEC + SOON_SEC

        assert closed_by_the_service(silent)
    assert time.monotonic() - began < channel.PROOF_SEC + SOON_SEC
    assert_a_command_runs(settings)


def test_a_thousand_who_connect_and_say_nothing_keep_nobody_out(
    settings: Settings, served_app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "PROOF_SEC", WAIT_SEC)  # nobody goes because time is up

    with ExitStack() as held, ThreadPoolExecutor(8) as threads:
        crowd = list(threads.map(lambda _: connected(settings), range(500)))
        assert_a_command_runs(settings)
        crowd += list(threads.map(lambda _: connected(settings), range(500)))
        for connection in crowd:
            held.enter_context(connection)

        assert_a_command_runs(settings)
        assert guests() <= MOST_GUESTS + 10, "those who were shown out may be on their way"

    wait_until(lambda: guests() == 0)


def test_a_crowd_that_comes_and_goes_keeps_nobody_out(settings: Settings, served_app: App) -> None:
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            connection = connected(settings)
            connection.recv(32)
            connection.close()

    crowd = [threading.Thread(target=come_and_go) for _ in range(4)]
    for thread in crowd:
        thread.start()
    try:
        for _ in range(20):
            assert_a_command_runs(settings)
    finally:
        stop.set()
        for thread in crowd:
            thread.join(WAIT_SEC)


def test_the_owner_too_can_come_only_so_often_at_a_time(settings: Settings, served_app: App) -> None:
    with ExitStack() as held:
        for _ in range(MOST_GUESTS):
            held.enter_context(introduced(settings))

        with pytest.raises(StoreBusy, match="Another process has the store"):
            compose(settings)
        assert guests() == MOST_GUESTS

    assert_a_command_runs(settings)


def test_what_a_command_asked_for_before_it_was_killed_is_done(settings: Settings, served_app: App) -> None:
    with introduced(settings) as connection:
        channel.send(connection, pickle.dumps((("people", "add"), ("bob", "UTC"), {"now_ms": 0})))

    wait_until(lambda: [person.user_id for person in served_app.people.all()] == ["bob"])
    wait_until(lambda: guests() == 0)


@pytest.mark.parametrize(
    "said",
    [
        b"\0\0\1\0half a message",
        b"\xff\xff\xff\xff",
        b"\0\0\0\7garbage",
        b"\0\0\0\0",
        len(pickle.dumps(1)).to_bytes(4, "big") + pickle.dumps(1),
    ],
    ids=["half a message", "a length alone", "garbage", "nothing", "no request"],
)
def test_a_request_that_is_none_costs_the_service_nothing(
    settings: Settings, served_app: App, said: bytes
) -> None:
    with introduced(settings) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        b"".join(iter(lambda: connection.recv(4096), b""))

    assert_a_command_runs(settings)
    wait_until(lambda: guests() == 0)


Impostor = Callable[[socket.socket], None]


def says_nothing(connection: socket.socket) -> None:
    connection.recv(1)


def says_anything(connection: socket.socket) -> None:
    connection.sendall(os.urandom(64))


def goes_at_once(connection: socket.socket) -> None:
    del connection


def repeats_what_it_hears(connection: socket.socket) -> None:
    connection.sendall(os.urandom(32))
    connection.sendall(channel._exactly(connection, 64)[32:])


@pytest.mark.parametrize("impostor", [says_nothing, says_anything, goes_at_once, repeats_what_it_hears])
def test_whoever_listens_where_a_service_was_is_not_taken_for_it(
    settings: Settings, tmp_path: Path, impostor: Impostor
) -> None:
    """As after `kill -9`: the file is there, and the port was taken by somebody else, who has not seen the file."""
    trap = pickle.dumps((True, Trap(tmp_path / "mark")))
    holder = compose(settings)
    with socket.create_server((channel.LOOPBACK, 0)) as listener:

        def attend() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(WAIT_SEC)
                impostor(connection)
                with suppress(OSError):  # shown the door
                    channel.send(connection, trap)
                    connection.recv(1)

        plant(settings, listener.getsockname()[1])
        thread = threading.Thread(target=attend)
        thread.start()
        with pytest.raises(StoreBusy, match="Another process has the store"):
            compose(settings)
        thread.join(WAIT_SEC)

    holder.close()
    assert not (tmp_path / "mark").exists()
    compose(settings).close()


def test_two_commands_cannot_be_made_to_take_each_other_for_the_service(settings: Settings) -> None:
    """Each is handed what the other says, so that each hears a proof that was made with the right key."""
    key = os.urandom(32)
    (ours, theirs), (mine, yours) = socket.socketpair(), socket.socketpair()
    with ours, theirs, mine, yours, ThreadPoolExecutor(2) as threads:
        commands = [threads.submit(channel.introduce, connection, key) for connection in (ours, mine)]
        theirs.sendall(b"\1" * 32)
        random, proof = channel._exactly(theirs, 32), channel._exactly(theirs, 32)
        yours.sendall(random)
        channel._exactly(yours, 64)
        yours.sendall(proof)
        theirs.sendall(proof)

        for command in commands:
            with pytest.raises(PermissionError, match="does not have the key"):
                command.result(WAIT_SEC)


def plant(settings: Settings, port: int = 1, version: str = __version__) -> None:
    document = {"version": version, "pid": 1, "port": port, "key": "00" * 32}
    file(settings).write_text(json.dumps(document))
    file(settings).chmod(0o600)


def others_can_read_it(settings: Settings, elsewhere: Path) -> None:
    file(settings).chmod(0o640)


def others_can_write_it(settings: Settings, elsewhere: Path) -> None:
    file(settings).chmod(0o602)


def it_is_a_link(settings: Settings, elsewhere: Path) -> None:
    file(settings).rename(elsewhere)
    file(settings).symlink_to(elsewhere)


def it_is_a_pipe(settings: Settings, elsewhere: Path) -> None:
    file(settings).unlink()
    os.mkfifo(file(settings), 0o600)


def it_is_a_folder(settings: Settings, elsewhere: Path) -> None:
    file(settings).unlink()
    file(settings).mkdir(0o700)


def it_is_empty(settings: Settings, elsewhere: Path) -> None:
    file(settings).write_text("")


def it_is_huge(settings: Settings, elsewhere: Path) -> None:
    file(settings).write_bytes(b" " * 10_000_000 + file(settings).read_bytes())


def it_is_of_another_shape(settings: Settings, elsewhere: Path) -> None:
    file(settings).write_text("[1, 2]")


def its_port_is_none(settings: Settings, elsewhere: Path) -> None:
    file(settings).write_text(json.dumps(announced(settings) | {"port": 1 << 16}))


def its_key_is_none(settings: Settings, elsewhere: Path) -> None:
    file(settings).write_text(json.dumps(announced(settings) | {"key": "not hexadecimal"}))


def its_key_is_another(settings: Settings, elsewhere: Path) -> None:
    file(settings).write_text(json.dumps(announced(settings) | {"key": "00" * 32}))


def it_is_of_another_owner(settings: Settings, elsewhere: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    os.chown(file(settings), 12345, 12345)


@pytest.mark.parametrize(
    "changed",
    [
        others_can_read_it,
        others_can_write_it,
        it_is_of_another_owner,
        it_is_a_link,
        it_is_a_pipe,
        it_is_a_folder,
        it_is_empty,
        it_is_huge,
        it_is_of_another_shape,
        its_port_is_none,
        its_key_is_none,
        its_key_is_another,
    ],
)
def test_a_file_that_is_not_the_owners_own_leads_nowhere(
    settings: Settings, tmp_path: Path, changed: Callable[[Settings, Path], None]
) -> None:
    with served(settings):
        assert_a_command_runs(settings)
        changed(settings, tmp_path / "elsewhere")

        with pytest.raises(StoreBusy, match="Another process has the store"):
            compose(settings)

    compose(settings).close()


def test_a_link_that_waits_beside_the_store_is_replaced_and_not_written_through(
    settings: Settings, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    file(settings).symlink_to(elsewhere)

    with served(settings):
        assert_a_command_runs(settings)
        assert not file(settings).is_symlink()

    assert elsewhere.read_text() == "mine"
    assert not file(settings).exists()


def test_the_file_is_for_its_owner_alone_whatever_the_umask(settings: Settings) -> None:
    before = os.umask(0)
    try:
        with served(settings):
            assert file(settings).stat().st_mode & 0o777 == 0o600
            assert [each.name for each in file(settings).parent.glob("*.service*")] == ["oo.db.service"]
    finally:
        os.umask(before)


def test_a_service_removes_no_file_but_its_own(settings: Settings) -> None:
    with served(settings):
        plant(settings)

    assert file(settings).exists()


def test_a_service_that_cannot_write_its_file_serves_all_the_same(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    file(settings).mkdir()

    with served(settings) as app:
        assert app.people.all() == []

    assert "no command can run through this service" in caplog.text
    assert [each.name for each in file(settings).parent.glob("*.service*")] == ["oo.db.service"]


def test_a_service_of_another_version_is_named_and_not_spoken_to(settings: Settings, served_app: App) -> None:
    file(settings).write_text(json.dumps(announced(settings) | {"version": "9.9.9"}))

    with pytest.raises(StoreError, match=r"is of oO 9\.9\.9, and this is .* use the same version"):
        compose(settings)


def test_a_file_of_another_version_that_nobody_stands_behind_is_nothing(settings: Settings) -> None:
    holder = compose(settings)
    plant(settings, version="9.9.9")

    with pytest.raises(StoreBusy, match="Another process has the store"):
        compose(settings)

    holder.close()
    compose(settings).close()
