"""Publish the outbox: every event in order, at least once, read from the ledger when it goes out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from oo.domain.event import OutboxEvent
from oo.domain.facts import Fact, TipServed
from oo.domain.instant import DAY
from oo.ports import Bus, Message, Reader, Store
from oo.sources.event_log import to_line

BATCH = 200
"""At most so many events are published between two records of it in the store."""
KEPT_MS = 7 * DAY
"""So long is an event that was published kept in the outbox."""
_SHADOW = "signals.shadow."


@dataclass(frozen=True, slots=True, kw_only=True)
class Publish:
    """Takes events from a store's outbox to a bus."""

    store: Store
    bus: Bus

    def __call__(self, *, now_ms: int, mine: Callable[[], bool] = lambda: True) -> int:
        """Publish the next events and return how many; 0 where none waits.

        They are recorded as published only once the bus has them: whatever ends this in between, they are published
        again, under the same ids. Where the bus refuses one, those before it are recorded, and nothing behind it is
        published. `mine` is asked before each whether it is still the caller who publishes. Raises `BusUnavailable`.
        """
        events = self.store.read(lambda reader: reader.unpublished(BATCH))
        taken: list[int] = []
        try:
            self.bus.publish(self._messages(events, taken, mine))
        except _AnothersTurn:
            pass
        except Exception:
            self._mark(taken, now_ms)
            raise
        else:
            taken = [event.number for event in events]  # a bus that nobody listens to has asked for none
        self._mark(taken, now_ms)
        return len(taken)

    def forget(self, *, now_ms: int) -> None:
        """Forget events that were published `KEPT_MS` ago."""
        self.store.write(lambda transaction: transaction.forget_published(now_ms - KEPT_MS))

    def _mark(self, numbers: Sequence[int], now_ms: int) -> None:
        if numbers:
            self.store.write(lambda transaction: transaction.mark_published(numbers, now_ms))

    def _messages(
        self, events: Sequence[OutboxEvent], taken: list[int], mine: Callable[[], bool]
    ) -> Iterator[Message]:
        """Yield the message of each event, and note the event once the next one is asked for: the bus has it then.

        One whose fact was erased meanwhile has no message.
        """
        for event in events:
            if not mine():
                raise _AnothersTurn
            fact = self.store.read(lambda reader, event=event: content(reader, event))  # type: ignore[misc]
            if fact is not None:
                yield Message(
                    subject=event.subject, id=event.message_id, body=to_line(fact).encode("utf-8", "replace")
                )
            taken.append(event.number)


class _AnothersTurn(Exception):
    """Between two events it has become another process's turn to publish."""


def content(reader: Reader, event: OutboxEvent) -> Fact | None:
    """Return the fact that an event names, None where it is there no more."""
    kind, _, rest = event.key.partition(":")
    match kind:
        case "tip":
            tip = reader.tip_served(rest)
            if tip is not None and event.subject.startswith(_SHADOW):
                return _as_seen_by(reader, tip, event.subject.removeprefix(_SHADOW))
            return tip
        case "feedback":
            given = reader.reactions(rest.split("/")[1])
            return next((fact for fact in given if fact.key == event.key), None)
        case _:
            return reader.signal(event.key)


def _as_seen_by(reader: Reader, tip: TipServed, policy: str) -> TipServed | None:
    """Return a served tip with the probabilities that a shadow gave, under the name `shadow:<policy>`."""
    score = next((each for each in reader.scores(tip.tip_id) if each.policy == policy), None)
    if score is None:
        return None
    return replace(
        tip,
        policy=f"shadow:{policy}",
        propensity=float(score.probabilities[score.chosen]) or None,
        probabilities=tuple(map(float, score.probabilities)),
    )
