"""The tables of the bus: events to publish, and those that came and could not be recorded."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from oo.adapters.sql.tables import Sequence, metadata

dead_events = Table(
    "dead_events",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("user_id", Text, nullable=True),
    Column("reason", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("died_at_ms", BigInteger, nullable=False),
    UniqueConstraint("digest"),
    Index("ix_dead_events_user", "user_id"),
    sqlite_autoincrement=True,
)
"""What came over the bus and was refused, dead once that was too often; `user_id` is whom it names, if anybody."""
