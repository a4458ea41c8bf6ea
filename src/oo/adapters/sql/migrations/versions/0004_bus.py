"""The bus: when an event of the outbox was published, and events that could not be recorded."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Extend the outbox, and create the table."""
    op.add_column("outbox", sa.Column("published_at_ms", sa.BigInteger(), nullable=True))
    op.create_index("ix_outbox_published", "outbox", ["published_at_ms", "seq"])
    op.create_table(
        "dead_events",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("died_at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_dead_events"),
        sa.UniqueConstraint("digest", name="uq_dead_events_digest"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_dead_events_user", "dead_events", ["user_id"])
