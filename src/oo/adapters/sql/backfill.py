"""Fill derived tables from the facts of a store that is older than they are: what its migrations run."""

from collections.abc import Iterator

from sqlalchemy import Connection, insert, select, update

from oo.adapters.sql.bodies import amount_of, decode_fact, subject_of, task_state_row
from oo.adapters.sql.tables import (
    calendar_entries,
    signals,
    task_states,
    tasks,
    tip_feedback,
    tip_views,
    user_zones,
)
from oo.domain.facts import (
    AppSession,
    CalendarEvent,
    Fact,
    MoodCheckin,
    Reaction,
    SourceSynced,
    TaskFact,
    TipFeedback,
)
from oo.domain.person import Person, ZoneSpan
from oo.domain.task_history import history


def fill_signals(connection: Connection) -> None:
    """Write what features read of signals into columns of their own."""
    for kind in (AppSession.type, MoodCheckin.type, SourceSynced.type):
        for seq, fact in list(_facts(connection, kind)):
            connection.execute(
                update(signals)
                .where(signals.c.seq == seq)
                .values(amount=amount_of(fact), subject_id=subject_of(fact))
            )


def fill_calendar(connection: Connection) -> None:
    """Write the latest state of each entry of a calendar."""
    latest: dict[tuple[str, str], CalendarEvent] = {}
    for _, fact in _facts(connection, CalendarEvent.type):
        assert isinstance(fact, CalendarEvent)  # noqa: S101  # the type says so
        known = latest.get((fact.user_id, fact.event_id))
        if known is None or fact.at_ms >= known.at_ms:
            latest[fact.user_id, fact.event_id] = fact
    for fact in latest.values():
        connection.execute(
            insert(calendar_entries).values(
                user_id=fact.user_id,
                event_id=fact.event_id,
                at_ms=fact.at_ms,
                start_ms=fact.start_ms,
                end_ms=fact.end_ms,
                busy=int(fact.busy),
            )
        )


def fill_task_states(connection: Connection) -> None:
    """Write what each task was from when to when."""
    for user_id, task_id in connection.execute(select(tasks.c.user_id, tasks.c.task_id)).all():
        spans = history(
            _of_task(connection, user_id, task_id),
            _reactions(connection, user_id, task_id),
            _person(connection, user_id),
        )
        for span in spans:
            connection.execute(insert(task_states).values(**task_state_row(user_id, task_id, span)))


def _facts(connection: Connection, kind: str) -> Iterator[tuple[int, Fact]]:
    rows = connection.execute(select(signals.c.seq, signals.c.body).where(signals.c.type == kind))
    for seq, body in rows:
        yield seq, decode_fact(kind, body)


def _of_task(connection: Connection, user_id: str, task_id: str) -> list[TaskFact]:
    rows = connection.execute(
        select(signals.c.type, signals.c.body).where(
            signals.c.user_id == user_id, signals.c.subject_id == task_id
        )
    )
    facts = [decode_fact(kind, body) for kind, body in rows]
    return [fact for fact in facts if isinstance(fact, TaskFact)]


def _reactions(connection: Connection, user_id: str, task_id: str) -> list[TipFeedback]:
    f, v = tip_feedback.c, tip_views.c
    rows = connection.execute(
        select(f.tip_id, f.at_ms, f.reaction, f.snooze_until_ms)
        .select_from(tip_feedback.join(tip_views, v.tip_id == f.tip_id))
        .where(v.user_id == user_id, v.candidate_id == task_id)
    )
    return [
        TipFeedback(
            user_id=user_id,
            tip_id=tip_id,
            at_ms=at_ms,
            reaction=Reaction(reaction),
            snooze_until_ms=until or None,
        )
        for tip_id, at_ms, reaction, until in rows
    ]


def _person(connection: Connection, user_id: str) -> Person:
    z = user_zones.c
    rows = connection.execute(select(z.from_ms, z.tz).where(z.user_id == user_id).order_by(z.from_ms))
    return Person(user_id, tuple(ZoneSpan(*row) for row in rows))
