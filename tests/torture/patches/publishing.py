"""Without what makes events reach the bus whatever happens."""

import hashlib
from collections.abc import Callable

from oo.adapters.sql.sqlite import SqliteStore
from oo.adapters.sql.transaction import SqlTransaction
from oo.domain.facts import Fact
from oo.ports import Message
from oo.sources.event_log import to_line
from oo.usecases.publish import BATCH, Publish
from tests.torture.filebus import FileBus
from tests.torture.patches.replacing import Afterwards, Original, replace


def without_outbox(bus: FileBus) -> None:
    """Publish events straight after the commit, and record none."""

    def publish(_: SqliteStore, __: Original, messages: list[Message]) -> None:
        bus.publish(messages)

    afterwards = Afterwards(publish)

    def emit(_: Original, self: SqlTransaction, subject: str, fact: Fact, now_ms: int) -> None:
        named = hashlib.sha256(f"{subject}\n{fact.key}".encode()).hexdigest()
        message = Message(subject=subject, id=named, body=to_line(fact).encode())
        assert afterwards.put_off(message), "every event is emitted in a write"

    replace(SqlTransaction, "emit", emit)


def _always() -> bool:
    return True


def marked_before(_: FileBus) -> None:
    """Mark events as published, and then publish them."""

    def publish(_: Original, self: Publish, *, now_ms: int, mine: Callable[[], bool] = _always) -> int:
        events = self.store.read(lambda reader: reader.unpublished(BATCH))
        if events:
            messages = list(self._messages(events, [], mine))
            numbers = [event.number for event in events]
            self.store.write(lambda transaction: transaction.mark_published(numbers, now_ms))
            self.bus.publish(messages)
        return len(events)

    replace(Publish, "__call__", publish)
