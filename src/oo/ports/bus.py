"""What carries events between systems."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from oo.domain.event import ReceivedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is published: `body` under a `subject`; the bus takes another message of the same `id` for a repetition."""

    subject: str
    id: str
    body: bytes


class Delivery(Protocol):
    """A message that was delivered to a consumer, for the `tries`th time; it comes again until it is acknowledged."""

    @property
    def event(self) -> ReceivedEvent:
        """What came."""

    def acknowledge(self) -> None:
        """Say that it was dealt with; where that is lost on the way, it comes again."""

    def retry(self, after_sec: float) -> None:
        """Ask for it again, but not before that time."""


class Consumer(Protocol):
    """Somebody who is delivered every message of a stream, at least once, across restarts of either side."""

    def fetch(self, most: int, wait_sec: float) -> Sequence[Delivery]:
        """Return at most so many messages, as soon as there are any; none if none comes in that time.

        What is not acknowledged in `REDELIVER_SEC`, unless the bus was told another time, is delivered again. Raises
        `BusUnavailable`.
        """


class Bus(Protocol):
    """Carries messages between systems. Every method may be called from any thread."""

    def publish(self, messages: Iterable[Message]) -> None:
        """Publish in order; each is on the bus before the next one is sent, and all of them on return.

        The same id again within two minutes is published once. Raises `BusUnavailable`: some may be on the bus then.
        """

    def consumer(self, stream: str) -> Consumer:
        """Return the consumer of `signals` or `feedback`: of all that is published under the stream's name."""

    def close(self) -> None:
        """Let go of the bus."""


REDELIVER_SEC = 30.0
"""So long may a consumer take over what it fetched."""
MAX_PENDING = 256
"""At most so many messages are delivered and not yet acknowledged."""
