"""A real service for tests: `oo serve` as a process of its own, over a store in a folder of its own."""

import json
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from oo.compose import compose
from oo.ports import Reader
from oo.settings import Settings
from oo.usecases.app import App
from tests.shell.running import OO, Shell

START_SEC = 60.0
STOP_SEC = 30.0
ANSWER_SEC = 60.0
"""A machine that runs many tests at once may be slow; each of these bounds a test that would hang."""
_ADDRESS = re.compile(rb"http://127\.0\.0\.1:\d+")
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Service:
    """A service that runs, its store in `folder`, and a client of it."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    client: httpx2.Client

    @property
    def address(self) -> str:
        """Where it answers, as it said itself."""
        return str(self.client.base_url).rstrip("/")

    @property
    def port(self) -> int:
        port = self.client.base_url.port
        assert port is not None
        return port

    @property
    def shell(self) -> Shell:
        """A shell over the same store."""
        return Shell(self.folder)

    @property
    def log(self) -> list[dict[str, Any]]:
        """Every line logged so far; a line that is no JSON fails."""
        lines = _log(self.folder).read_text("utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def log_text(self) -> str:
        return _log(self.folder).read_text("utf-8")

    def stop(self, within_sec: float = STOP_SEC) -> int:
        """Ask it to end, wait until it has, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within_sec)

    def kill(self) -> None:
        """End it as a power cut would, and let go of it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(STOP_SEC)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.client.close()

    def wait_for_log(self, wanted: Mapping[str, object], within_sec: float = 10) -> dict[str, Any]:
        """Return the first line of the log that holds all of `wanted`: it may be written just after the answer."""
        until = time.monotonic() + within_sec
        while time.monotonic() < until:
            for line in self.log:
                if wanted.items() <= line.items():
                    return line
            time.sleep(0.01)
        raise AssertionError(f"{wanted} was not logged:\n{self.log_text}")


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Service]:
    """Serve the store in `folder`; at the end of the block it has to stop by itself, with exit code 0.

    `settings` are set in its environment; those of the machine are not. A test may end the process itself.
    """
    service = started(folder, **settings)
    try:
        yield service
        if service.process.poll() is None:
            assert service.stop() == 0, service.log_text
    finally:
        service.kill()


def started(folder: Path, command: Sequence[str | Path] = (OO,), **settings: str) -> Service:
    """Start to serve the store in `folder`, and return when it answers; whoever asks has to end it.

    `command` is how `oo` is run.
    """
    with _log(folder).open("ab") as log:
        process = subprocess.Popen(
            [*command, "serve", "--port", "0"],
            env={**Shell(folder).environment, **settings},
            stdout=subprocess.PIPE,
            stderr=log,
        )
    try:
        address = _address(process)
    except BaseException:
        process.kill()
        process.wait(STOP_SEC)
        raise
    return Service(folder, process, httpx2.Client(base_url=address, timeout=ANSWER_SEC, trust_env=False))


@contextmanager
def opened(folder: Path) -> Iterator[App]:
    """Open the App over the store that a service has left in `folder`."""
    app = compose(Settings(database=Shell(folder).url))
    try:
        yield app
    finally:
        app.close()


def unlike_the_ledger(app: App, *user_ids: str) -> list[tuple[str, str]]:
    """Person and policy wherever what is stored as learned is not, byte for byte, what the ledger adds up to."""

    def compared(reader: Reader) -> list[tuple[str, str]]:
        known = user_ids or tuple(person.user_id for person in reader.people())
        return [(user_id, policy) for user_id in known for policy in app.learner.differences(reader, user_id)]

    return app.store.read(compared)


def _log(folder: Path) -> Path:
    return folder / "service.log"


def _address(process: "subprocess.Popen[bytes]") -> str:
    """Read from what the service says where it answers."""
    assert process.stdout is not None
    output, said, until = process.stdout.fileno(), b"", time.monotonic() + START_SEC
    while time.monotonic() < until:
        ready, _, _ = select.select([output], [], [], 0.2)
        part = os.read(output, 65536) if ready else b""
        said += part
        found = _ADDRESS.search(said[: said.rfind(b"\n") + 1])
        if found:
            return found[0].decode()
        if (ready and not part) or process.poll() is not None:
            break
    raise AssertionError(f"the service did not start (exit code {process.poll()}): {said!r}")
