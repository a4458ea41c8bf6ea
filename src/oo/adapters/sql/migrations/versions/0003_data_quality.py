"""Data quality: baselines of distributions, and alerts."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    _create_quality_baselines()
    _create_quality_alerts()


def _create_quality_baselines() -> None:
    op.create_table(
        "quality_baselines",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("taken_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("null_share", sa.Double(), nullable=False),
        sa.Column("fallback_share", sa.Double(), nullable=False),
        sa.Column("numbers", sa.LargeBinary(), nullable=True),
        sa.Column("categories", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_quality_baselines"),
    )


def _create_quality_alerts() -> None:
    op.create_table(
        "quality_alerts",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("cleared_at_ms", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("hint", sa.Text(), nullable=False),
        sa.Column("posted", sa.SmallInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_quality_alerts"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quality_alerts_cleared", "quality_alerts", ["cleared_at_ms", "posted"])
