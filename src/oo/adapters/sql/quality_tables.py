"""The tables of data quality: what distributions are compared with, and alerts."""

from sqlalchemy import BigInteger, Column, Double, Index, Integer, LargeBinary, SmallInteger, Table, Text

from oo.adapters.sql.tables import Sequence, metadata

quality_baselines = Table(
    "quality_baselines",
    metadata,
    Column("name", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("taken_at_ms", BigInteger, nullable=False),
    Column("row_count", BigInteger, nullable=False),
    Column("null_share", Double, nullable=False),
    Column("fallback_share", Double, nullable=False),
    Column("numbers", LargeBinary, nullable=True),
    Column("categories", Text, nullable=True),
)
"""How each feature was distributed: a sample of its numbers as little-endian float64, or JSON of its categories."""

quality_alerts = Table(
    "quality_alerts",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("since_ms", BigInteger, nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    Column("cleared_at_ms", BigInteger, nullable=True),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("posted", SmallInteger, nullable=False),
    Column("failures", Integer, nullable=False),
    Index("ix_quality_alerts_cleared", "cleared_at_ms", "posted"),
    sqlite_autoincrement=True,
)
"""Every alert; open while `cleared_at_ms` is null. `posted` counts what the webhook took: its begin, its end."""
