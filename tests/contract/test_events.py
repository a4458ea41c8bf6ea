"""What every store keeps of events: the outbox in order until it is published, and what is dead, once."""

import pytest

from oo.domain.event import MOST_REFUSALS, Backlog, ReceivedEvent
from oo.domain.facts import MoodCheckin
from oo.domain.instant import LATEST
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


def test_what_was_published_in_a_span_is_published_again_in_its_order(store: Store) -> None:
    emit(store, 1, 2, 3)
    events = store.read(lambda reader: reader.unpublished(100))
    numbers = [event.number for event in events]
    store.write(lambda transaction: transaction.mark_published(numbers[:2], NOW))
    spans = [(0, events[0].created_at_ms), (events[-1].created_at_ms + 1, LATEST)]
    assert [store.write(lambda t, span=span: t.publish_again(*span)) for span in spans] == [0, 0]  # type: ignore[misc]

    assert store.write(lambda transaction: transaction.publish_again(0, LATEST)) == 2

    assert store.read(lambda reader: reader.unpublished(100)) == events
    assert store.write(lambda transaction: transaction.publish_again(0, LATEST)) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\x00\xfe", "ä".encode()], ids=range(4))
def test_a_dead_event_is_kept_once_byte_for_byte(store: Store, body: bytes) -> None:
    event = ReceivedEvent(subject="signals.mood.checkin", body=body, tries=1)
    other = ReceivedEvent(subject="feedback.reward", body=body, tries=9)
    for refusals in range(1, MOST_REFUSALS + 2):
        assert store.read(lambda reader: reader.backlog()).dead == (refusals > MOST_REFUSALS) * 2
        reason = f"no {refusals}"
        counted = store.write(lambda transaction, reason=reason: transaction.refuse(event, None, reason, NOW))  # type: ignore[misc]
        assert counted == refusals
        if refusals <= MOST_REFUSALS:
            store.write(lambda transaction: transaction.refuse(other, "ada", "no", NOW))
        waits = [1, 1, 1, NOW] if refusals < MOST_REFUSALS else [NOW] * 4
        there = store.read(lambda reader, waits=waits: reader.refused_events(waits, 10))  # type: ignore[misc]
        assert [each.tries for each in there] == [5, 5] * (refusals == MOST_REFUSALS - 1)
        assert store.read(lambda reader: reader.refused_events([NOW - 1] * 4, 10)) == []
    store.write(lambda transaction: transaction.forgive(event))

    first, second = store.read(lambda reader: reader.dead_events())
    assert (first.body, first.tries, first.reason, first.user_id) == (body, 6, "no 6", None)
    assert (second.subject, second.user_id) == ("feedback.reward", "ada")
    assert store.read(lambda reader: reader.backlog()).dead == 2
    store.write(lambda transaction: transaction.exhume(first.number))
    assert store.read(lambda reader: reader.dead_events()) == [second]
