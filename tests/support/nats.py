"""A real NATS server with JetStream for tests: a process of its own on loopback, its files in a folder of its own."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nats

from tests.support.asynchronous import run

SERVER = Path(sys.executable).with_name("nats-server")
START_SEC = 20.0
STOP_SEC = 20.0


@dataclass(slots=True)
class Server:
    """A server that can be killed and started again, on the same port and over the same files."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    options: Sequence[str] = field(default=())

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [SERVER, "-js", "-a", "127.0.0.1", "-p", str(self.port), "-sd", self.folder, *self.options],
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SEC
        while not self._answers():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < until, self.log
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut of its process would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(STOP_SEC)
            self.process = None

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text("utf-8")

    def publish(self, *messages: tuple[str, bytes]) -> None:
        """Publish as another system would: without an id of the message."""

        async def publish() -> None:
            client = await nats.connect(self.url, allow_reconnect=False)
            jetstream = client.jetstream()
            for subject, body in messages:
                await jetstream.publish(subject, body, timeout=5)
            await client.close()

        run(publish())

    def add_stream(self, name: str, subjects: list[str]) -> None:
        """Make a stream, as whoever runs the bus may have done."""

        async def add() -> None:
            client = await nats.connect(self.url, allow_reconnect=False)
            await client.jetstream().add_stream(name=name, subjects=subjects)
            await client.close()

        run(add())

    def has_stream(self, name: str) -> bool:
        """Whether there is a stream of that name."""

        async def has() -> bool:
            client = await nats.connect(self.url, allow_reconnect=False)
            try:
                return name in {each.config.name for each in await client.jetstream().streams_info()}
            finally:
                await client.close()

        return run(has())

    def stored(self, stream: str = "SIGNALS") -> list[tuple[str, bytes]]:
        """Everything that a stream holds, in order: subject and body."""

        async def read() -> list[tuple[str, bytes]]:
            client = await nats.connect(self.url, allow_reconnect=False)
            jetstream = client.jetstream()
            state = (await jetstream.stream_info(stream)).state
            found = []
            for number in range(state.first_seq, state.last_seq + 1) if state.messages else ():
                message = await jetstream.get_msg(stream, number)
                found.append((message.subject or "", message.data or b""))
            await client.close()
            return found

        return run(read())

    def consumer(self, name: str, stream: str = "SIGNALS") -> Any:
        """What the server says of a consumer."""

        async def read() -> Any:
            client = await nats.connect(self.url, allow_reconnect=False)
            info = await client.jetstream().consumer_info(stream, name)
            await client.close()
            return info

        return run(read())

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False


@contextmanager
def serving_nats(folder: Path, *, start: bool = True) -> Iterator[Server]:
    """Run a server inside the block; it and its files are gone after it."""
    assert SERVER.exists(), "the development set has the server: make env"
    server = Server(folder / "nats", _free_port())
    try:
        if start:
            server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
