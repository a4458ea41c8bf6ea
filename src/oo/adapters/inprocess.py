"""What one process has to itself: a bus, of which nothing is kept when it ends, and every duty."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from oo.domain.event import ReceivedEvent
from oo.ports import MAX_PENDING, REDELIVER_SEC, Consumer, Delivery, Message

_REPEATED_SEC = 120.0
"""So long is an id remembered, as by a stream of NATS."""


class InProcess:
    """The `Bus` port in memory; see `oo.ports.Bus`. A consumer has what was published since it was first asked for."""

    def __init__(self) -> None:
        """Begin with no consumer."""
        self._changed = threading.Condition()
        self._queues: dict[str, _Queue] = {}
        self._known: OrderedDict[str, float] = OrderedDict()

    def publish(self, messages: Iterable[Message]) -> None:
        with self._changed:
            if not self._queues:
                return  # with nobody to hear it, what would be said is not even read
        for message in messages:
            with self._changed:
                if self._is_new(message.id):
                    self._hand_out(message)

    def consumer(self, stream: str) -> Consumer:
        with self._changed:
            return self._queues.setdefault(stream, _Queue(f"{stream}.", self._changed))

    def close(self) -> None:
        with self._changed:
            self._queues.clear()

    def _hand_out(self, message: Message) -> None:
        event = ReceivedEvent(subject=message.subject, body=message.body, tries=0)
        for queue in self._queues.values():
            if message.subject.startswith(queue.prefix):
                queue.waiting.append(_Waiting(event))
        self._changed.notify_all()

    def _is_new(self, message_id: str) -> bool:
        now = time.monotonic()
        while self._known and next(iter(self._known.values())) < now - _REPEATED_SEC:
            self._known.popitem(last=False)
        return self._known.setdefault(message_id, now) == now


class Alone:
    """The `Duties` port where no other process is; see `oo.ports.Duties`."""

    def has(self, duty: str) -> bool:
        return True

    def close(self) -> None:
        pass


@dataclass(eq=False, slots=True)
class _Waiting:
    """A message until it is acknowledged: not to be delivered before `due`, and delivered already if `out`."""

    event: ReceivedEvent
    due: float = 0.0
    out: bool = False


@dataclass(eq=False, slots=True)
class _Queue:
    prefix: str
    changed: threading.Condition
    waiting: list[_Waiting] = field(default_factory=list)

    def fetch(self, most: int, wait_sec: float) -> Sequence[Delivery]:
        until = time.monotonic() + wait_sec
        with self.changed:
            while True:
                found = [self._deliver(each) for each in self._due(most)]
                left = until - time.monotonic()
                if found or left <= 0:
                    return found
                self.changed.wait(min(left, 0.05))  # something may fall due meanwhile

    def _due(self, most: int) -> Iterator[_Waiting]:
        now = time.monotonic()
        room = MAX_PENDING - sum(each.out and each.due > now for each in self.waiting)
        due = [each for each in self.waiting if each.due <= now]
        yield from due[: max(0, min(most, room))]

    def _deliver(self, waiting: _Waiting) -> "_Delivered":
        waiting.event = replace(waiting.event, tries=waiting.event.tries + 1)
        waiting.due, waiting.out = time.monotonic() + REDELIVER_SEC, True
        return _Delivered(waiting.event, self, waiting)


@dataclass(frozen=True, slots=True)
class _Delivered:
    event: ReceivedEvent
    queue: _Queue
    waiting: _Waiting

    def acknowledge(self) -> None:
        with self.queue.changed:
            if self.waiting in self.queue.waiting:
                self.queue.waiting.remove(self.waiting)

    def retry(self, after_sec: float) -> None:
        with self.queue.changed:
            self.waiting.due, self.waiting.out = time.monotonic() + after_sec, False
