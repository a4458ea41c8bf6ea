"""A JetStream cluster of real NATS servers on loopback, whose nodes can be killed and started again one by one."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import nats
from nats.errors import Error
from nats.js.api import StreamInfo

from tests.support.asynchronous import run
from tests.support.nats import Server, free_port
from tests.support.process import START_SEC, wait_for

_NAME = "oo"


class NatsCluster:
    """One node, or several that agree on what a stream holds. Nothing runs before `start`; `close` ends all."""

    def __init__(self, folder: Path, nodes: int = 3) -> None:
        routes = [f"nats://127.0.0.1:{free_port()}" for _ in range(nodes)] if nodes > 1 else []
        self.nodes = [
            Server(folder / f"nats{number}", free_port(), _options(number, routes)) for number in range(nodes)
        ]

    @property
    def url(self) -> str:
        """What OO_BUS has to be: every node."""
        return ",".join(node.url for node in self.nodes)

    @property
    def replicas(self) -> int:
        """How many nodes keep each stream, so that any one of them may be lost."""
        return len(self.nodes)

    def start(self) -> None:
        """Start every node that does not run, without waiting for it."""
        for node in self.nodes:
            if not node.program.runs:
                node.program.start()

    def wait_ready(self) -> None:
        """Wait until the nodes that run take connections, and those of a cluster have agreed on who leads."""
        for node in self.nodes:
            if node.program.runs:
                node.wait_ready()
        wait_for(self._answers, lambda: "\n".join(node.log for node in self.nodes), START_SEC)

    def close(self) -> None:
        """End every node."""
        for node in self.nodes:
            node.kill()

    def kept_by(self, stream: str) -> int:
        """Return how many nodes keep a stream."""
        info: StreamInfo = run(self._asked(lambda jetstream: jetstream.stream_info(stream)))
        return info.config.num_replicas or 1

    def leader(self, stream: str = "SIGNALS") -> int:
        """Return the number of the node that leads a stream."""
        info: StreamInfo = run(self._asked(lambda jetstream: jetstream.stream_info(stream)))
        assert info.cluster is not None
        assert info.cluster.leader is not None
        return int(info.cluster.leader.removeprefix("n"))

    def publish(self, *messages: tuple[str, bytes]) -> None:
        """Publish as another system would that tries each again until it is acknowledged, and has no ids."""
        for message in messages:
            wait_for(partial(self._published, message), partial(str, message), START_SEC)

    def stored(self, stream: str = "SIGNALS") -> list[tuple[str, bytes]]:
        """Return everything that a stream holds, as a node that runs tells it."""
        return next(node for node in self.nodes if node.program.runs).stored(stream)

    def _published(self, message: tuple[str, bytes]) -> bool:
        return self._done(lambda jetstream: jetstream.publish(*message, timeout=1))

    def _answers(self) -> bool:
        return self._done(lambda jetstream: jetstream.account_info())

    def _done(self, ask: Any) -> bool:
        try:
            run(self._asked(ask))
        except (Error, OSError, TimeoutError):
            return False
        return True

    async def _asked(self, ask: Any) -> Any:
        running = [node.url for node in self.nodes if node.program.runs]
        client = await nats.connect(
            running, allow_reconnect=False, connect_timeout=1, max_reconnect_attempts=1
        )
        try:
            return await ask(client.jetstream(timeout=1))
        finally:
            await client.close()


def _options(number: int, routes: Sequence[str]) -> list[str]:
    """Return what a node is told of itself and of the others."""
    if not routes:
        return []
    others = ",".join(route for place, route in enumerate(routes) if place != number)
    named = ["--name", f"n{number}", "--cluster_name", _NAME, "--cluster", routes[number]]
    return [*named, "--routes", others]
