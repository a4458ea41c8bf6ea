"""Events: facts on their way to other systems and from them, and those that could not be recorded."""

import hashlib
from dataclasses import dataclass

MOST_REFUSALS = 5
"""An event that is refused so often is dead. A store that could not be written has refused nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEvent:
    """A row of the outbox: that a fact, named by its key, is to be published under a subject."""

    number: int
    subject: str
    key: str
    user_id: str
    created_at_ms: int

    @property
    def message_id(self) -> str:
        """The event's id on the bus: the same whenever this row is published, and no other row's, of any store."""
        named = f"{self.subject}\n{self.key}\n{self.number}\n{self.created_at_ms}"
        return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many events wait to be published, since when the oldest does, and how many came and are dead."""

    count: int
    oldest_ms: int | None
    dead: int

    def age_ms(self, now_ms: int) -> int:
        """Return for how long the oldest has waited; 0 where nothing waits."""
        return 0 if self.oldest_ms is None else max(0, now_ms - self.oldest_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedEvent:
    """What came over the bus: `body` is a line of the event log, or ought to be; `tries` counts this delivery."""

    subject: str
    body: bytes
    tries: int

    @property
    def digest(self) -> str:
        """What it is known by, however often it comes: a digest of the subject and the body."""
        return hashlib.blake2b(self.subject.encode() + b"\n" + self.body, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadEvent:
    """What came over the bus and was refused too often: kept, with the last reason, until somebody retries it."""

    number: int
    subject: str
    body: bytes
    user_id: str | None
    reason: str
    tries: int
    died_at_ms: int
