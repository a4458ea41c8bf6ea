"""NATS JetStream: two streams, durable pull consumers, and one connection that is made anew when it broke.

The client is asynchronous; it runs on a loop of its own, on a thread of its own, and every call waits for it.
"""

import asyncio
import logging
import random
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error, MaxPayloadError, NoServersError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, StreamConfig
from nats.js.errors import NotFoundError

from oo.domain.errors import BusUnavailable
from oo.domain.event import ReceivedEvent
from oo.domain.instant import DAY
from oo.ports import MAX_PENDING, REDELIVER_SEC, Consumer, Delivery, Message

STREAMS = {"signals": "SIGNALS", "feedback": "FEEDBACK"}
"""The streams that are made where none has the subjects; the first part of their subjects, and their name."""
KEPT_SEC = 7 * DAY / 1000
"""So long does a stream that was made here keep a message."""
REPEATED_SEC = 120.0
"""So long does it know an id again."""
CONNECT_SEC = 3.0
ANSWER_SEC = 5.0
"""So long may the server take for one answer."""
_LAST_SEC = 0.02
"""So long does a socket take to be closed after its owner has asked for it."""
Result = TypeVar("Result")
_IF_LOST = "if it had one before, tell it again what it has lost: oo events republish --since T"
_log = logging.getLogger("oo.bus")


@dataclass(eq=False, slots=True)
class _Connection:
    """A connection, and what was set up over it."""

    client: Client
    jetstream: JetStreamContext
    streams: dict[str, str] = field(default_factory=dict)
    subscriptions: dict[str, JetStreamContext.PullSubscription] = field(default_factory=dict)


class Nats:
    """The `Bus` port over JetStream; see `oo.ports.Bus`. It connects when it is used, and again after every failure."""

    def __init__(
        self, servers: Sequence[str], name: str, *, replicas: int = 1, redeliver_sec: float = REDELIVER_SEC
    ) -> None:
        """Reach any of the `servers` of a cluster, by their URLs; a stream that is made has so many `replicas`.

        Consumers have `name`, under which the servers remember what they have had; what one does not acknowledge in
        `redeliver_sec` is delivered again.
        """
        self._servers, self._name, self._replicas = servers, name, replicas
        self._redeliver_sec = redeliver_sec
        self._connection: _Connection | None = None
        self._connecting: asyncio.Lock | None = None
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="oo-nats", daemon=True)
        self._thread.start()

    def publish(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.run(lambda connection, message=message: _published(connection, message), ANSWER_SEC)  # type: ignore[misc]

    def consumer(self, stream: str) -> Consumer:
        return _Consumer(self, stream, self._name, self._redeliver_sec)

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result(2 * ANSWER_SEC)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ANSWER_SEC)
        self._loop.close()

    def run(self, ask: Callable[[_Connection], Coroutine[Any, Any, Result]], within_sec: float) -> Result:
        """Return the answer of `ask`; after a failure the connection is let go of. Raises `BusUnavailable`."""
        if self._closed:
            raise BusUnavailable("The bus is closed.")
        try:
            return asyncio.run_coroutine_threadsafe(self._asked(ask, within_sec), self._loop).result()
        except CancelledError as error:
            raise BusUnavailable("The bus was closed.") from error

    async def _asked(
        self, ask: Callable[[_Connection], Coroutine[Any, Any, Result]], within_sec: float
    ) -> Result:
        connection = None
        try:
            connection = await self._connected()
            return await asyncio.wait_for(ask(connection), within_sec)
        except (Error, OSError, TimeoutError) as error:
            await self._let_go(connection)
            raise _unavailable(error) from error

    async def _connected(self) -> _Connection:
        self._connecting = self._connecting or asyncio.Lock()
        async with self._connecting:
            if self._connection is None or not self._connection.client.is_connected:
                client = await _connect(self._servers)
                self._connection = _Connection(client, client.jetstream(timeout=ANSWER_SEC))
                await self._find_streams(self._connection)
            return self._connection

    async def _find_streams(self, connection: _Connection) -> None:
        try:
            for first in STREAMS:
                connection.streams[first] = await _stream(connection.jetstream, first, self._replicas)
        except BaseException:
            await self._let_go(connection)
            raise

    async def _ended(self) -> None:
        """Close the connection, and end what the client has begun and left: the loop stops after this."""
        await self._let_go()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(_LAST_SEC)

    async def _let_go(self, broken: _Connection | None = None) -> None:
        """Close the connection, unless it was replaced by another one since it was found broken."""
        connection = broken or self._connection
        if connection is self._connection:
            self._connection = None
        if connection is not None and not connection.client.is_closed:
            await connection.client.close()


async def _connect(servers: Sequence[str]) -> Client:
    """Connect to whichever server answers, in no order, so that not all ask the first; raises what went wrong last."""
    failure: Exception = NoServersError()
    for server in random.sample(servers, len(servers)):
        try:
            return await asyncio.wait_for(_connect_to(server), CONNECT_SEC)
        except (Error, OSError, TimeoutError) as error:
            failure = error
    raise failure


async def _connect_to(server: str) -> Client:
    """Connect, once and soon; raises what went wrong."""
    seen: list[Exception] = []

    async def noted(error: Exception) -> None:
        seen.append(error)

    client = Client()
    try:
        await client.connect(
            server,
            name="oO",
            error_cb=noted,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0.05,  # type: ignore[arg-type]  # a part of a second does as well
            connect_timeout=CONNECT_SEC / 2,  # type: ignore[arg-type]  # likewise
        )
    except BaseException as error:
        # One that took the connection and never spoke keeps it open else.
        await client.close()
        if isinstance(error, NoServersError) and seen:
            raise seen[-1] from error
        raise
    return client


async def _stream(jetstream: JetStreamContext, first: str, replicas: int) -> str:
    """Return the name of the stream that has the subjects, made where there is none."""
    subjects = f"{first}.>"
    try:
        return await jetstream.find_stream_name_by_subject(subjects)
    except NotFoundError:
        config = StreamConfig(
            name=STREAMS[first],
            subjects=[subjects],
            max_age=KEPT_SEC,
            duplicate_window=REPEATED_SEC,
            num_replicas=replicas,
        )
        await jetstream.add_stream(config)
        _log.warning("made the stream %s, which the bus did not have; %s", config.name, _IF_LOST)
        return STREAMS[first]


async def _published(connection: _Connection, message: Message) -> None:
    try:
        await connection.jetstream.publish(
            message.subject, message.body, timeout=ANSWER_SEC, headers={"Nats-Msg-Id": message.id}
        )
    except MaxPayloadError:
        # It would be refused for ever, and everything behind it would wait.
        _log.error("an event of %d bytes is too large for the bus and is left out", len(message.body))


@dataclass(frozen=True, slots=True)
class _Consumer:
    bus: Nats
    stream: str
    name: str
    redeliver_sec: float

    def fetch(self, most: int, wait_sec: float) -> Sequence[Delivery]:
        found = self.bus.run(
            lambda connection: self._fetched(connection, most, wait_sec), wait_sec + 2 * ANSWER_SEC
        )
        return [_Delivered(self.bus, message) for message in found]

    async def _fetched(self, connection: _Connection, most: int, wait_sec: float) -> list[Msg]:
        subscription = connection.subscriptions.get(self.stream)
        if subscription is None:
            subscription = await self._subscribed(connection)
            connection.subscriptions[self.stream] = subscription
        try:
            return await subscription.fetch(most, timeout=wait_sec)
        except TimeoutError:  # the client's own, and asyncio's where no time is left to ask a second time
            return []

    async def _subscribed(self, connection: _Connection) -> JetStreamContext.PullSubscription:
        stream = connection.streams[self.stream]
        config = ConsumerConfig(
            durable_name=self.name,
            filter_subject=f"{self.stream}.>",
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=self.redeliver_sec,
            max_ack_pending=MAX_PENDING,
            max_deliver=-1,
        )
        await connection.jetstream.add_consumer(stream, config)
        return await connection.jetstream.pull_subscribe_bind(consumer=self.name, stream=stream)


@dataclass(frozen=True, slots=True)
class _Delivered:
    bus: Nats
    message: Msg

    @property
    def event(self) -> ReceivedEvent:
        tries = self.message.metadata.num_delivered or 1
        return ReceivedEvent(subject=self.message.subject, body=self.message.data, tries=tries)

    def acknowledge(self) -> None:
        self.bus.run(lambda _: self.message.ack(), ANSWER_SEC)

    def retry(self, after_sec: float) -> None:
        self.bus.run(lambda _: self.message.nak(delay=after_sec), ANSWER_SEC)


def _unavailable(error: Exception) -> BusUnavailable:
    """Say what went wrong, without the address, which may hold a password."""
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return BusUnavailable(f"The bus does not answer ({words}).", "Is it running, and is OO_BUS right?")
