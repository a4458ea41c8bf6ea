"""Take over a list that lives elsewhere: record what it says that is not known yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from oo.domain.facts import CalendarEvent, Fact, TaskClosed, TaskUpsert
from oo.domain.instant import local_day, start_of
from oo.domain.outcome import Fate, Outcome
from oo.domain.task import same_content
from oo.ports import Reader, Store, Transaction
from oo.usecases import find
from oo.usecases.ingest import Ingest


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver:
    """Records the news in lists that tell how things stand, and not what happened."""

    store: Store
    ingest: Ingest

    def __call__(self, lines: Sequence[Sequence[Fact]], *, now_ms: int) -> list[Outcome]:
        """Record what each line of a list says that is new; return the outcome of each fact, line by line in order.

        A version of a task or of a calendar's entry that equals the one in force is a duplicate, whenever it was read.
        So is the version on a line that closes a known task, since tools drop the priority there: that it is closed is
        the news.
        """

        def change(transaction: Transaction) -> list[Outcome]:
            return [
                self._one(
                    transaction,
                    fact,
                    closes=any(isinstance(other, TaskClosed) for other in line),
                    now_ms=now_ms,
                )
                for line in lines
                for fact in line
            ]

        return self.store.write(change)

    def _one(self, transaction: Transaction, fact: Fact, *, closes: bool, now_ms: int) -> Outcome:
        match fact:
            case TaskUpsert():
                news: Fact | None = _version(transaction, fact, closes=closes)
            case TaskClosed():
                news = _closing(transaction, fact)
            case CalendarEvent():
                news = _entry(transaction, fact, now_ms)
            case _:
                news = fact
        if news is None:
            return Outcome(key=fact.key, fate=Fate.DUPLICATE)
        return self.ingest.within(transaction, [news], now_ms=now_ms).outcomes[0]


def _version(reader: Reader, fact: TaskUpsert, *, closes: bool) -> TaskUpsert | None:
    """Return a version that is news. One like that in force is, where the list itself had closed the task before."""
    known = reader.task(fact.user_id, fact.task_id)
    if known is None:
        return fact
    if closes:
        return None
    if not same_content(fact, known.content):
        return fact
    if known.completed_at_ms is None and known.deleted_at_ms is None:
        return None
    closed_ms = _last_closed_ms(reader, fact)
    return None if closed_ms is None else replace(fact, at_ms=max(fact.at_ms, closed_ms + 1))


def _last_closed_ms(reader: Reader, fact: TaskUpsert) -> int | None:
    facts = reader.task_facts(fact.user_id, fact.task_id)
    closings = [other for other in facts if isinstance(other, TaskClosed)]
    last = max(closings, key=lambda closing: closing.at_ms, default=None)
    return last.at_ms if last is not None and last.source == fact.source else None


def _closing(reader: Reader, fact: TaskClosed) -> TaskClosed | None:
    """Return a closing that is news, dated so that it closes the task as the same list showed it before.

    Lists date by the day, and people put in days gone by. A day before the task's own creation is another matter: that
    was a task that was called the same.
    """
    known = reader.task(fact.user_id, fact.task_id)
    if known is None:
        return fact
    facts = reader.task_facts(fact.user_id, fact.task_id)
    since_ms = _since_ms(reader, fact)
    told = any(type(other) is type(fact) and other.at_ms >= since_ms for other in facts)
    if told or known.closed_by(known.completed_at_ms) or known.closed_by(known.deleted_at_ms):
        return None
    if known.content.created and fact.at_ms < known.created_ms:
        return fact
    return replace(fact, at_ms=max(fact.at_ms, known.content.at_ms))


def _since_ms(reader: Reader, fact: TaskClosed) -> int:
    """Return since when an earlier closing was this one: for the last instant of a day, since that day began."""
    person = find.person(reader, fact.user_id)
    tz = person.tz_at(fact.at_ms)
    day = local_day(fact.at_ms, tz)
    return fact.at_ms if local_day(fact.at_ms + 1, tz) == day else start_of(day, tz)


def _entry(reader: Reader, fact: CalendarEvent, now_ms: int) -> CalendarEvent | None:
    """Return the state of a calendar's entry if it is news: as of now where the calendar does not say since when."""
    known = reader.calendar_event(fact.user_id, fact.event_id)
    if known is None:
        return fact
    if replace(fact, at_ms=known.at_ms) == known:
        return None
    return fact if fact.at_ms > known.at_ms else replace(fact, at_ms=max(now_ms, known.at_ms + 1))
