"""Tombstones, and the statements that leave nothing of a person.

What is to be deleted follows from the tables: every one that has a `user_id`, those that refer to others first. A table
that is added is part of it without a word here.
"""

import functools

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ClauseElement,
    Column,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    union,
)

from oo.adapters.sql.tables import decisions, metadata, tip_views, waiting

tombstones = Table(
    "tombstones",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("salt", Text, nullable=False),
    Column("erased_at_ms", BigInteger, nullable=False),
    Column("lifted_at_ms", BigInteger, nullable=True),
    Column("purged_at_ms", BigInteger, nullable=True),
)
"""Who was erased, as a salted digest of their id. Nearly always there is one salt."""

_USER: BindParameter[str] = bindparam("user_id")


@functools.cache
def personal() -> tuple[Table, ...]:
    """Return every table that holds rows about people, those that refer to others before these."""
    return tuple(table for table in reversed(metadata.sorted_tables) if "user_id" in table.c)


def _of_theirs(column: "Column[str]", table: Table) -> Select[str]:
    return select(literal("tip:") + column).where(table.c.user_id == _USER)


def erasure() -> dict[str, ClauseElement]:
    """Return the statements, by name."""
    tables = personal()
    return {
        # Whoever reacted to another person's tip was refused, and the refusal names the tip.
        "erase_awaiting": delete(waiting).where(
            or_(
                waiting.c.awaits.in_(_of_theirs(tip_views.c.tip_id, tip_views)),
                waiting.c.awaits.in_(_of_theirs(decisions.c.decision_id, decisions)),
            )
        ),
        **{f"erase_{table.name}": delete(table).where(table.c.user_id == _USER) for table in tables},
        **{
            f"count_{table.name}": select(func.count()).select_from(table).where(table.c.user_id == _USER)
            for table in tables
        },
        "people_named": union(
            *(select(table.c.user_id).where(table.c.user_id.is_not(None)) for table in tables)
        ),
        "tombstones": select(tombstones).order_by(tombstones.c.erased_at_ms, tombstones.c.digest),
        "tombstone": select(tombstones).where(tombstones.c.digest == bindparam("digest")),
        "tombstone_salts": select(tombstones.c.salt).distinct(),
        "waiting_of": select(waiting.c.type, waiting.c.body).where(waiting.c.user_id == _USER),
    }
