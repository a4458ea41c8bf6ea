"""Load on a service on this machine, from a process of its own: a plan comes in, and what became of it goes out.

An open plan has a rate: requests leave at the times of a Poisson process whether or not earlier ones are answered, and
each is timed from when it was due, so that a service that stalls is charged for everyone who waits. A closed plan has
none: each connection asks again as soon as it is answered. A reaction goes to the tip that was recommended last.

Asyncio's usual selectors wake up to a millisecond late; `select` wakes in time, at the price of at most 1,000 sockets.

    python benchmarks/load.py < plan.json       the fields of `Plan`; answers with those of `Outcome`
"""

import asyncio
import gc
import json
import random
import selectors
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TypeAlias

HOST = "127.0.0.1"
PATIENCE_SEC = 20.0
"""So long may the last answers take; what is not answered by then counts as unanswered."""
SNOOZE = timedelta(seconds=3)
TIPS_FROM, TIPS_TO = "/recommend", "/feedback"
Request: TypeAlias = tuple[str, float]
"""A route, and when it was due on the loop's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to send: routes in the order of `turns`, each with its bodies in turn.

    `rate` is requests a second, None for a closed plan. `tips` are open ones to react to; those that are recommended
    meanwhile are added. A closed plan ends early where they run out.
    """

    port: int
    turns: list[str]
    bodies: dict[str, list[str]]
    tips: list[str]
    seconds: float
    connections: int
    rate: float | None = None
    seed: int = 1


@dataclass(slots=True)
class Outcome:
    """What became of a plan: the time of each answer by route, how late each request left, and what went wrong."""

    ms: dict[str, list[float]]
    late_ms: list[float] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)
    tips: list[str] = field(default_factory=list)
    wall_sec: float = 0.0
    generator_cpu_sec: float = 0.0


class Connection(asyncio.Protocol):
    """One connection that is kept alive, with one request under way at most."""

    def __init__(self, answered: Callable[["Connection", int, bytes], None]) -> None:
        """Call `answered` with the status and the body of each answer; status 0 is a connection that was lost."""
        self.asked: Request | None = None
        self._answered = answered
        self._transport: asyncio.Transport | None = None
        self._head, self._received, self._whole = b"", bytearray(), 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: Request, message: bytes) -> None:
        """Send a request."""
        assert self._transport is not None
        self.asked = request
        self._transport.write(message)

    def data_received(self, received: bytes) -> None:
        """Collect an answer, and hand it over when it is whole."""
        self._received += received
        if not self._whole:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = bytes(self._received[:end])
            length = self._head.lower().partition(b"content-length:")[2].partition(b"\r")[0]
            self._whole = end + 4 + int(length)
        if len(self._received) >= self._whole:
            body = bytes(self._received[len(self._head) + 4 :])
            self._received, self._whole = bytearray(), 0
            self._answered(self, int(self._head[9:12]), body)

    def connection_lost(self, _: Exception | None) -> None:
        """Give up what was under way."""
        if self.asked is not None:
            self._answered(self, 0, b"")


class Load:
    """Sends a plan."""

    def __init__(self, plan: Plan) -> None:
        """Encode what is to be sent."""
        self.outcome = Outcome({route: [] for route in plan.turns})
        self._plan = plan
        self._turns = cycle(plan.turns)
        self._bodies = {route: cycle(bodies) for route, bodies in plan.bodies.items()}
        self._tips = list(plan.tips)
        self._idle: deque[Connection] = deque()
        self._waiting: deque[Request] = deque()
        self._connections: list[Connection] = []
        self._quiet = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._ends = 0.0

    async def run(self) -> Outcome:
        """Send everything, wait for the answers, and return what became of it."""
        for _ in range(self._plan.connections):
            made = await self._loop.create_connection(self._connection, HOST, self._plan.port)
            self._connections.append(made[1])
        self._idle.extend(self._connections)
        gc.collect()
        gc.freeze()
        began, cpu = self._loop.time(), time.process_time()
        self._ends = began + self._plan.seconds
        if self._plan.rate is None:
            self._ask_always()
        else:
            await self._ask_at(self._plan.rate)
        await self._settle()
        self.outcome.wall_sec = self._loop.time() - began
        self.outcome.generator_cpu_sec = time.process_time() - cpu
        self.outcome.tips = self._tips
        return self.outcome

    def _connection(self) -> Connection:
        return Connection(self._answered)

    async def _ask_at(self, rate: float) -> None:
        """Send at the times of a Poisson process."""
        chance = random.Random(self._plan.seed)
        due = self._loop.time()
        while (due := due + chance.expovariate(rate)) < self._ends:
            await asyncio.sleep(max(due - self._loop.time(), 0))
            self._waiting.append((next(self._turns), due))
            self._send()

    def _ask_always(self) -> None:
        """Give every connection its first request; `_answered` sends what follows."""
        for _ in self._connections:
            self._next()

    async def _settle(self) -> None:
        """Wait for what is under way."""
        try:
            async with asyncio.timeout_at(self._ends + PATIENCE_SEC):
                while self._waiting or len(self._idle) < len(self._connections):
                    self._quiet.clear()
                    await self._quiet.wait()
        except TimeoutError:
            self._count("unanswered", len(self._waiting) + len(self._connections) - len(self._idle))

    def _count(self, wrong: str, times: int = 1) -> None:
        self.outcome.wrong[wrong] = self.outcome.wrong.get(wrong, 0) + times

    def _next(self) -> None:
        now = self._loop.time()
        if now < self._ends:
            self._waiting.append((next(self._turns), now))
            self._send()

    def _send(self) -> None:
        """Send what has waited longest, if a connection is idle."""
        if not (self._waiting and self._idle):
            return
        route, due = self._waiting.popleft()
        body = next(self._bodies[route])
        if route == TIPS_TO:
            if not self._tips:
                if self._plan.rate is not None:
                    self._count("no tip to react to")
                return
            until = datetime.now(UTC) + SNOOZE
            body = body % (self._tips.pop(), until.isoformat(timespec="milliseconds"))
        self.outcome.late_ms.append((self._loop.time() - due) * 1_000)
        self._idle.popleft().ask((route, due), _encoded(route, body, self._plan.port))

    def _answered(self, connection: Connection, status: int, body: bytes) -> None:
        now = self._loop.time()
        assert connection.asked is not None
        (route, due), connection.asked = connection.asked, None
        if status:
            self._idle.append(connection)
        else:
            self._connections.remove(connection)
        if status == 200:
            self.outcome.ms[route].append((now - due) * 1_000)
        else:
            self._count(f"{route} {status}")
        if route == TIPS_FROM and b'"tip_id":"' in body:
            self._tips.append(json.loads(body)["tip_id"])
        if self._plan.rate is None:
            self._next()
        else:
            self._send()
        self._quiet.set()


def _encoded(route: str, body: str, port: int) -> bytes:
    head = (
        f"POST {route} HTTP/1.1\r\nHost: {HOST}:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode("ascii")


def main() -> None:
    """Read the plan, send it, print the outcome."""
    plan = Plan(**json.load(sys.stdin))

    async def run() -> Outcome:
        return await Load(plan).run()

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        outcome = runner.run(run())
    json.dump(asdict(outcome), sys.stdout)  # the answer


if __name__ == "__main__":
    main()
