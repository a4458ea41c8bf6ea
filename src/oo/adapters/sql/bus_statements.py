"""The statements of the outbox and of dead events."""

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    and_,
    bindparam,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)

from oo.adapters.sql.bus_tables import dead_events
from oo.adapters.sql.tables import outbox
from oo.domain.event import MOST_REFUSALS

o, d = outbox.c, dead_events.c
_WAS_PUBLISHED_IN = and_(
    o.published_at_ms.is_not(None),
    o.created_at_ms >= bindparam("since_ms"),
    o.created_at_ms < bindparam("until_ms"),
)
_IS_DEAD = d.tries >= literal_column(str(MOST_REFUSALS))


def _is_due(refusals: int) -> ColumnElement[bool]:
    """Return whether an event was refused so often, and long enough ago."""
    return and_(d.tries == literal_column(str(refusals)), d.died_at_ms <= bindparam(f"until_{refusals}_ms"))


BUS: dict[str, ClauseElement] = {
    "unpublished": select(o.seq, o.subject, o.key, o.user_id, o.created_at_ms)
    .where(o.published_at_ms.is_(None))
    .order_by(o.seq)
    .limit(bindparam("most")),
    "backlog": select(
        func.count(),
        func.min(o.created_at_ms),
        select(func.count()).select_from(dead_events).where(_IS_DEAD).scalar_subquery(),
    ).where(o.published_at_ms.is_(None)),
    "dead_events": select(d.seq, d.subject, d.body, d.user_id, d.reason, d.tries, d.died_at_ms)
    .where(_IS_DEAD)
    .order_by(d.seq),
    "refused_events": select(d.subject, d.body, d.tries)
    .where(or_(*map(_is_due, range(1, MOST_REFUSALS))))
    .order_by(d.seq)
    .limit(bindparam("most")),
    "refused": select(d.tries).where(d.digest == bindparam("digest")),
    "forgive": delete(dead_events).where(d.digest == bindparam("digest"), ~_IS_DEAD),
    "mark_published": update(outbox)
    .where(o.seq == bindparam("of_number"))
    .values(published_at_ms=bindparam("now_ms")),
    "published_in": select(func.count()).select_from(outbox).where(_WAS_PUBLISHED_IN),
    "publish_again": update(outbox).where(_WAS_PUBLISHED_IN).values(published_at_ms=null()),
    "forget_published": delete(outbox).where(o.published_at_ms < bindparam("until_ms")),
    "exhume": delete(dead_events).where(d.seq == bindparam("number")),
}
