"""A real NATS server with JetStream for tests: a process of its own on loopback, its files in a folder of its own."""

import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nats

from tests.support.asynchronous import run
from tests.support.process import Program

SERVER = Path(sys.executable).with_name("nats-server")


class Server:
    """A server that can be killed and started again, on the same port and over the same files."""

    def __init__(self, folder: Path, port: int, options: Sequence[str] = ()) -> None:
        self.folder, self.port = folder, port
        folder.mkdir(parents=True, exist_ok=True)
        self.program = Program(
            command=[SERVER, "-js", "-a", "127.0.0.1", "-p", port, "-sd", folder, *options],
            log=folder / "server.log",
        )

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        self.program.start()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until it takes connections."""
        self.program.wait_until(self._answers)

    def kill(self) -> None:
        """End it as a power cut of its process would."""
        self.program.kill()

    @property
    def log(self) -> str:
        return self.program.said

    def publish(self, *messages: tuple[str, bytes]) -> None:
        """Publish as another system would: without an id of the message."""

        async def publish() -> None:
            client = await nats.connect(self.url, allow_reconnect=False)
            jetstream = client.jetstream()
            for subject, body in messages:
                await jetstream.publish(subject, body, timeout=5)
            await client.close()

        run(publish())

    def add_stream(self, name: str, subjects: list[str], **limits: Any) -> None:
        """Make a stream, as whoever runs the bus may have done."""

        async def add() -> None:
            client = await nats.connect(self.url, allow_reconnect=False)
            await client.jetstream().add_stream(name=name, subjects=subjects, **limits)
            await client.close()

        run(add())

    def change_stream(self, name: str, **limits: Any) -> None:
        """Change the limits of a stream."""

        async def change() -> None:
            client = await nats.connect(self.url, allow_reconnect=False)
            jetstream = client.jetstream()
            config = (await jetstream.stream_info(name)).config
            await jetstream.update_stream(config.evolve(**limits))
            await client.close()

        run(change())

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
    server = Server(folder / "nats", free_port())
    try:
        if start:
            server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(server.folder, ignore_errors=True)


def free_port() -> int:
    """Return a port of this machine that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
