"""Take in events that other systems have published, and keep those that cannot be recorded until somebody looks."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from oo.domain.errors import Conflict, ErasedUser, InvalidId, OoError, StoreError, UnknownEvent
from oo.domain.event import MOST_REFUSALS, Backlog, DeadEvent, ReceivedEvent
from oo.domain.facts import Fact
from oo.domain.ids import checked
from oo.domain.instant import LATEST
from oo.domain.outcome import Fate, Outcome
from oo.ports import Store, Transaction
from oo.sources.event_log import parse
from oo.usecases import find
from oo.usecases.ingest import Ingest

_NAMES = re.compile(rb'"user_id"\s*:\s*"([A-Za-z0-9_.:@-]{1,128})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events of a bus. What came before is a duplicate, however long ago: the store says so, not the bus."""

    store: Store
    ingest: Ingest

    def take(self, events: Sequence[ReceivedEvent], *, now_ms: int) -> list[Outcome]:
        """Record events, all in one transaction, and return what became of each.

        One that is refused is kept, with the reason, and to be tried again; refused five times it is dead. Raises
        `StoreError` where the store cannot be written, which is no event's fault: nothing was recorded, nor counted.
        """
        try:
            return self._within(events, now_ms)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001  # whatever one event sets off, the others are recorded
            if len(events) == 1:
                return [self._failed(events[0], error, now_ms)]
        return [outcome for event in events for outcome in self.take([event], now_ms=now_ms)]

    def try_again(
        self, after_ms: Sequence[int], *, most: int, now_ms: int
    ) -> list[tuple[ReceivedEvent, Outcome]]:
        """Try again at most so many events that were refused: `after_ms[n]` after refusal `n + 1`; see `take`."""
        until_ms = [now_ms - after for after in after_ms]
        events = self.store.read(lambda reader: reader.refused_events(until_ms, most))
        return list(zip(events, self.take(events, now_ms=now_ms), strict=True)) if events else []

    def dead(self) -> list[DeadEvent]:
        """Return the dead events, the oldest first."""
        return self.store.read(lambda reader: reader.dead_events())

    def retry(self, numbers: Sequence[int] | None = None, *, now_ms: int) -> list[tuple[DeadEvent, Outcome]]:
        """Try dead events again, all of them without numbers; what is refused stays dead, with the new reason.

        Raises `UnknownEvent` for a number that is none of theirs; then none was tried.
        """
        known = {event.number: event for event in self.dead()}
        for number in numbers or ():
            if number not in known:
                raise UnknownEvent.closest(str(number), map(str, known), "the dead events")
        wanted = known.values() if numbers is None else [known[number] for number in dict.fromkeys(numbers)]
        return [(event, self._again(event, now_ms)) for event in wanted]

    def republish(self, since_ms: int, until_ms: int = LATEST) -> int:
        """Let what was published before be published again, as far as it happened in `[since_ms, until_ms)`.

        Return how many events that is. Whoever has had them has them twice, under the same ids; the outbox keeps what
        was published for a week.
        """
        return self.store.write(lambda transaction: transaction.publish_again(since_ms, until_ms))

    def backlog(self) -> Backlog:
        """Return what waits to be published, and how much is dead."""
        return self.store.read(lambda reader: reader.backlog())

    def _again(self, dead: DeadEvent, now_ms: int) -> Outcome:
        event = ReceivedEvent(subject=dead.subject, body=dead.body, tries=dead.tries + 1)
        outcome = self.take([event], now_ms=now_ms)[0]
        if outcome.fate is not Fate.REFUSED:
            self.store.write(lambda transaction: transaction.exhume(dead.number))
        return outcome

    def _within(self, events: Sequence[ReceivedEvent], now_ms: int) -> list[Outcome]:
        read = [_read(event) for event in events]

        def change(transaction: Transaction) -> list[Outcome]:
            facts = [each for each in read if not isinstance(each, Outcome)]
            recorded = iter(self.ingest.within(transaction, facts, now_ms=now_ms).outcomes)
            outcomes = [each if isinstance(each, Outcome) else next(recorded) for each in read]
            return [
                _counted(transaction, event, outcome, now_ms)
                for event, outcome in zip(events, outcomes, strict=True)
            ]

        return self.store.write(change)

    def _failed(self, event: ReceivedEvent, error: Exception, now_ms: int) -> Outcome:
        """Refuse an event whose recording broke off."""
        key = _read(event).key
        words = str(error) if isinstance(error, Conflict) else f"{type(error).__name__}: {error}"
        outcome = Outcome(key=key, fate=Fate.REFUSED, message=words)
        return self.store.write(lambda transaction: _counted(transaction, event, outcome, now_ms))


def _read(event: ReceivedEvent) -> Fact | Outcome:
    """Return the fact that an event is, or that it is none."""
    try:
        return parse(event.body)
    except OoError as error:
        return Outcome(key="", fate=Fate.REFUSED, message=str(error))


def _counted(transaction: Transaction, event: ReceivedEvent, outcome: Outcome, now_ms: int) -> Outcome:
    """Count a refusal, of which an event may have so many; the bus counts deliveries, which are no fault of it.

    What is about somebody who was erased is passed over, however wrong: it is neither tried again nor kept as dead.
    """
    if outcome.fate is Fate.REFUSED:
        user_id = _named(event.body)
        if user_id is not None and _is_erased(transaction, user_id):
            return replace(outcome, fate=Fate.DUPLICATE)
        refusals = transaction.refuse(event, user_id, outcome.message, now_ms)
        return replace(outcome, dead=refusals >= MOST_REFUSALS)
    if event.tries > 1:
        transaction.forgive(event)
    return outcome


def _is_erased(transaction: Transaction, user_id: str) -> bool:
    if transaction.person(user_id) is not None:
        return False
    try:
        find.check_not_erased(transaction, user_id)
    except ErasedUser:
        return True
    return False


def _named(body: bytes) -> str | None:
    """Return whom an event names, however wrong the rest of it is; None where nobody can have that name.

    Of what is no JSON object, such as a line that was cut off, it is the first who is named.
    """
    try:
        return checked(json.loads(body)["user_id"])
    except (ValueError, LookupError, TypeError, RecursionError):
        named = _NAMES.search(body)
        return named[1].decode() if named else None
    except InvalidId:
        return None
