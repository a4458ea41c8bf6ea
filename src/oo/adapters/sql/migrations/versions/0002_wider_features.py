"""What the wider catalogue reads: the states of tasks, the calendar as it stands, amounts; and what was served."""

import sqlalchemy as sa
from alembic import op

from oo.adapters.sql.backfill import fill_calendar, fill_signals, fill_task_states

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables and fill them from the facts that are there."""
    op.add_column("signals", sa.Column("amount", sa.Double(), nullable=True))
    _create_task_states()
    _create_calendar_entries()
    _create_feature_definitions()
    _create_feature_log()
    connection = op.get_bind()
    fill_signals(connection)
    fill_calendar(connection)
    fill_task_states(connection)


def _create_task_states() -> None:
    op.create_table(
        "task_states",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("came_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("priority", sa.SmallInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("local_hour", sa.SmallInteger(), nullable=True),
        sa.Column("local_weekday", sa.SmallInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_task_states_user_id"),
        sa.PrimaryKeyConstraint("user_id", "task_id", "from_ms", name="pk_task_states"),
    )
    for name, clock in (("ix_task_states_came", "came_ms"), ("ix_task_states_closed", "closed_ms")):
        op.create_index(name, "task_states", ["user_id", clock, "from_ms", "until_ms", "state"])


def _create_calendar_entries() -> None:
    op.create_table(
        "calendar_entries",
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=False),
        sa.Column("busy", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_calendar_entries_user_id"),
        sa.PrimaryKeyConstraint("user_id", "event_id", name="pk_calendar_entries"),
    )
    op.create_index("ix_calendar_entries_end", "calendar_entries", ["user_id", "end_ms", "start_ms", "busy"])


def _create_feature_definitions() -> None:
    op.create_table(
        "feature_definitions",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_feature_definitions"),
    )


def _create_feature_log() -> None:
    op.create_table(
        "feature_log",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("decided_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("features", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.user_id"], name="fk_feature_log_user_id"),
        sa.PrimaryKeyConstraint("seq", name="pk_feature_log"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_feature_log_decided", "feature_log", ["decided_at_ms", "seq"])
