"""The statements of the outbox and of dead events."""

from sqlalchemy import ClauseElement, bindparam, delete, func, select, update

from oo.adapters.sql.bus_tables import dead_events
from oo.adapters.sql.tables import outbox

o, d = outbox.c, dead_events.c

BUS: dict[str, ClauseElement] = {
    "unpublished": select(o.seq, o.subject, o.key, o.user_id, o.created_at_ms)
    .where(o.published_at_ms.is_(None))
    .order_by(o.seq)
    .limit(bindparam("most")),
    "backlog": select(
        func.count(),
        func.min(o.created_at_ms),
        select(func.count()).select_from(dead_events).scalar_subquery(),
    ).where(o.published_at_ms.is_(None)),
    "dead_events": select(d.seq, d.subject, d.body, d.user_id, d.reason, d.tries, d.died_at_ms).order_by(
        d.seq
    ),
    "mark_published": update(outbox)
    .where(o.seq == bindparam("of_number"))
    .values(published_at_ms=bindparam("now_ms")),
    "forget_published": delete(outbox).where(o.published_at_ms < bindparam("until_ms")),
    "exhume": delete(dead_events).where(d.seq == bindparam("number")),
}
