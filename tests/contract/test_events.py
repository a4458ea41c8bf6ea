"""What every store keeps of events: the outbox in order until it is published, and what is dead, once."""

import pytest

from oo.domain.event import Backlog, ReceivedEvent
from oo.domain.facts import MoodCheckin
from oo.ports import Store, Transaction
from tests.contract.test_store import opener, store

__all__ = ["opener", "store"]
NOW = 1_788_247_800_000


def emit(store: Store, *numbers: int) -> None:
    def change(transaction: Transaction) -> None:
        for number in numbers:
            fact = MoodCheckin(user_id="ada", at_ms=NOW, event_id=f"e{number}", score=0.5)
            transaction.emit("signals.mood.checkin", fact, NOW + number)

    store.write(change)


def waiting(store: Store, most: int = 100) -> list[str]:
    return [event.key for event in store.read(lambda reader: reader.unpublished(most))]


def test_events_wait_in_order_until_they_are_published(store: Store) -> None:
    emit(store, 1, 2, 3)
    assert waiting(store, 2) == ["mood:ada/e1", "mood:ada/e2"]
    events = store.read(lambda reader: reader.unpublished(100))

    store.write(lambda transaction: transaction.mark_published([events[0].number, events[2].number], NOW))

    assert waiting(store) == ["mood:ada/e2"]
    assert store.read(lambda reader: reader.backlog()) == Backlog(count=1, oldest_ms=NOW + 2, dead=0)
    assert len({event.message_id for event in events}) == 3


def test_a_store_without_events_has_no_backlog(store: Store) -> None:
    assert store.read(lambda reader: reader.backlog()) == Backlog(count=0, oldest_ms=None, dead=0)


def test_what_was_published_is_forgotten_and_what_waits_is_not(store: Store) -> None:
    emit(store, 1, 2)
    [first, second] = store.read(lambda reader: reader.unpublished(100))
    store.write(lambda transaction: transaction.mark_published([first.number], NOW))

    store.write(lambda transaction: transaction.forget_published(NOW + 1))
    store.write(lambda transaction: transaction.mark_published([first.number], NOW))

    assert store.read(lambda reader: reader.unpublished(100)) == [second]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\x00\xfe", "ä".encode()], ids=range(4))
def test_a_dead_event_is_kept_once_byte_for_byte(store: Store, body: bytes) -> None:
    for tries in (5, 6):
        event = ReceivedEvent(subject="signals.mood.checkin", body=body, tries=tries)
        store.write(
            lambda transaction, event=event: transaction.bury(event, None, f"no {event.tries}", NOW)  # type: ignore[misc]
        )
    other = ReceivedEvent(subject="feedback.reward", body=body, tries=5)
    store.write(lambda transaction: transaction.bury(other, "ada", "no", NOW))

    first, second = store.read(lambda reader: reader.dead_events())
    assert (first.body, first.tries, first.reason, first.user_id) == (body, 6, "no 6", None)
    assert (second.subject, second.user_id) == ("feedback.reward", "ada")
    assert store.read(lambda reader: reader.backlog()).dead == 2
    store.write(lambda transaction: transaction.exhume(first.number))
    assert store.read(lambda reader: reader.dead_events()) == [second]
