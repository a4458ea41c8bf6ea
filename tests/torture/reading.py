"""What is on a bus of real servers: every message of its streams, and how many a consumer has still to take."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import nats
from nats.errors import Error
from nats.errors import TimeoutError as NothingCame
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from tests.support.asynchronous import run
from tests.support.nats_cluster import NatsCluster

STREAMS = ("SIGNALS", "FEEDBACK")
CONSUMER = "oo"
_BATCH = 1_000
_WAIT_SEC = 5.0
_AGREED_SEC = 30.0


@dataclass(frozen=True, slots=True)
class Message:
    """A message as a stream holds it; `id` is what it was published under, None where that was nothing."""

    subject: str
    id: str | None
    body: bytes


@dataclass(slots=True)
class Read:
    """What was found."""

    messages: list[Message] = field(default_factory=list)
    untaken: int = 0


def read(cluster: NatsCluster, *, messages: bool) -> Read:
    """Look at both streams; a cluster that has just lost a node may take a while to agree on who answers."""
    until = time.monotonic() + _AGREED_SEC
    while True:
        try:
            return run(_read(cluster, messages=messages))
        except (Error, OSError, TimeoutError):
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


async def _read(cluster: NatsCluster, *, messages: bool) -> Read:
    client = await nats.connect(cluster.url.split(","), connect_timeout=_WAIT_SEC)
    made = Read()
    try:
        jetstream = client.jetstream(timeout=_WAIT_SEC)
        for stream in STREAMS:
            made.untaken += await _untaken(jetstream, stream)
            if messages:
                made.messages += [each async for each in _every_message(jetstream, stream)]
    finally:
        await client.close()
    return made


async def _untaken(jetstream: JetStreamContext, stream: str) -> int:
    try:
        found = await jetstream.consumer_info(stream, CONSUMER)
    except NotFoundError:  # nobody has listened yet
        return (await jetstream.stream_info(stream)).state.messages
    return (found.num_pending or 0) + (found.num_ack_pending or 0)


async def _every_message(jetstream: JetStreamContext, stream: str) -> AsyncIterator[Message]:
    left = (await jetstream.stream_info(stream)).state.messages
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE)
    subscription = await jetstream.pull_subscribe(">", stream=stream, config=config)
    while left > 0:
        try:
            fetched = await subscription.fetch(min(left, _BATCH), timeout=_WAIT_SEC)
        except NothingCame:
            raise AssertionError(f"{stream} has {left} messages that it does not deliver") from None
        left -= len(fetched)
        for each in fetched:
            yield Message(each.subject, (each.headers or {}).get("Nats-Msg-Id"), each.data)
    await subscription.unsubscribe()
