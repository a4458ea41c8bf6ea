"""The `Bus` port over JetStream.

The client is asynchronous; it runs on a loop of its own, on a thread of its own, and every call waits for it.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from nats.aio.msg import Msg
from nats.errors import Error, MaxPayloadError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import APIError

from oo.adapters.nats.connecting import ANSWER_SEC, Connection, Refused, connect
from oo.adapters.nats.words import hint_for
from oo.domain.errors import BusUnavailable
from oo.domain.event import ReceivedEvent
from oo.ports import MAX_PENDING, REDELIVER_SEC, Consumer, Delivery, Message

_LAST_SEC = 0.02
"""So long does a socket take to be closed after its owner has asked for it."""
Result = TypeVar("Result")
_log = logging.getLogger("oo.bus")


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
        self._connection: Connection | None = None
        self._connecting: asyncio.Lock | None = None
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="oo-nats", daemon=True)
        self._thread.start()

    def publish(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.run(
                lambda connection, message=message: _published(connection, message),  # type: ignore[misc]
                ANSWER_SEC,
                concerning=lambda _, message=message: message.subject,  # type: ignore[misc]
            )

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

    def run(
        self,
        ask: Callable[[Connection], Coroutine[Any, Any, Result]],
        within_sec: float,
        concerning: Callable[[Connection], str] = lambda _: "",
    ) -> Result:
        """Return the answer of `ask`; after a failure the connection is let go of. Raises `BusUnavailable`.

        What the server denies that is `concerning` a subject or a stream's name is a failure of it.
        """
        if self._closed:
            raise BusUnavailable("The bus is closed.")
        try:
            return asyncio.run_coroutine_threadsafe(
                self._asked(ask, within_sec, concerning), self._loop
            ).result()
        except CancelledError as error:
            raise BusUnavailable("The bus was closed.") from error

    def say(self, word: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin to tell the server something that it does not answer, and wait for nothing.

        Where it does not come there, or is denied, whoever asks next is told so.
        """
        if self._closed:
            raise BusUnavailable("The bus is closed.")
        asyncio.run_coroutine_threadsafe(_said(word), self._loop)

    async def _asked(
        self,
        ask: Callable[[Connection], Coroutine[Any, Any, Result]],
        within_sec: float,
        concerning: Callable[[Connection], str],
    ) -> Result:
        connection = None
        try:
            connection = await self._connected()
            try:
                return await asyncio.wait_for(ask(connection), within_sec)
            finally:  # a denial is no answer, and none comes: what was asked for is late, or found nothing
                connection.check(concerning(connection))
        except (Error, OSError, TimeoutError) as error:
            if not isinstance(error, Refused):  # over which others go on
                await self._let_go(connection)
            raise _unavailable(error) from error

    async def _connected(self) -> Connection:
        self._connecting = self._connecting or asyncio.Lock()
        async with self._connecting:
            if self._connection is None or not self._connection.client.is_connected:
                self._connection = await connect(self._servers, self._replicas)
            return self._connection

    async def _ended(self) -> None:
        """Close the connection, and end what the client has begun and left: the loop stops after this."""
        await self._let_go()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.sleep(_LAST_SEC)

    async def _let_go(self, broken: Connection | None = None) -> None:
        """Close the connection, unless it was replaced by another one since it was found broken."""
        connection = broken or self._connection
        if connection is self._connection:
            self._connection = None
        if connection is not None and not connection.client.is_closed:
            await connection.client.close()


async def _said(word: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with suppress(Error, OSError, TimeoutError):  # what is not told comes again
        await word()


async def _published(connection: Connection, message: Message) -> None:
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
            lambda connection: self._fetched(connection, most, wait_sec),
            wait_sec + 2 * ANSWER_SEC,
            concerning=self.name_of,
        )
        return [_Delivered(self, message) for message in found]

    def name_of(self, connection: Connection) -> str:
        """Return the stream's name there."""
        return connection.streams[self.stream]

    async def _fetched(self, connection: Connection, most: int, wait_sec: float) -> list[Msg]:
        subscription = connection.subscriptions.get(self.stream)
        if subscription is None:
            subscription = await self._subscribed(connection)
            connection.subscriptions[self.stream] = subscription
        try:
            return await subscription.fetch(most, timeout=wait_sec)
        except TimeoutError:  # the client's own, and asyncio's where no time is left to ask a second time
            return []

    async def _subscribed(self, connection: Connection) -> JetStreamContext.PullSubscription:
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
    consumer: _Consumer
    message: Msg

    @property
    def event(self) -> ReceivedEvent:
        tries = self.message.metadata.num_delivered or 1
        return ReceivedEvent(subject=self.message.subject, body=self.message.data, tries=tries)

    def acknowledge(self) -> None:
        self.consumer.bus.say(self.message.ack)

    def retry(self, after_sec: float) -> None:
        self.consumer.bus.say(lambda: self.message.nak(delay=after_sec))


def _unavailable(error: Exception) -> BusUnavailable:
    """Say what went wrong, without the address, which may hold a password."""
    if isinstance(error, Refused):
        return BusUnavailable(f"The bus refuses: {error.denied.words}.", error.denied.hint)
    if isinstance(error, APIError):
        return BusUnavailable(
            f"The bus refuses: {error.description}.", "Its server's configuration says why."
        )
    words = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    known = hint_for(words)
    if known is not None:
        return BusUnavailable(f"The bus cannot be used ({words}).", known)
    return BusUnavailable(f"The bus does not answer ({words}).", "Is it running, and is OO_BUS right?")
