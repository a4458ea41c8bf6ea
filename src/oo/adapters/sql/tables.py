"""The tables. Every time is integer epoch milliseconds UTC; JSON is text that oO encodes itself."""

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
Sequence = BigInteger().with_variant(Integer, "sqlite")
"""An auto-incremented key: only plain INTEGER is one on SQLite."""


def _text(name: str, *, nullable: bool = False, primary_key: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable, primary_key=primary_key)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _user(*, primary_key: bool = False) -> Column[str]:
    return Column("user_id", Text, ForeignKey("users.user_id"), nullable=False, primary_key=primary_key)


def _seq() -> Column[int]:
    return Column("seq", Sequence, primary_key=True, autoincrement=True)


users = Table("users", metadata, _text("user_id", primary_key=True), _time("arrived_at_ms"))

user_zones = Table(
    "user_zones",
    metadata,
    _user(primary_key=True),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    _text("tz"),
)

signals = Table(
    "signals",
    metadata,
    _seq(),
    _user(),
    _text("key"),
    _text("type"),
    _text("subject_id", nullable=True),
    _time("at_ms"),
    _time("arrived_at_ms"),
    Column("local_hour", SmallInteger, nullable=False),
    Column("local_weekday", SmallInteger, nullable=False),
    _text("body"),
    Column("amount", Double, nullable=True),
    UniqueConstraint("key"),
    Index("ix_signals_subject", "user_id", "subject_id", "at_ms"),
    Index("ix_signals_user_type_at", "user_id", "type", "at_ms"),
    sqlite_autoincrement=True,
)
"""Every fact that is neither a tip nor a reaction: its key makes it enter once.

`subject_id` is the task, the decision, the calendar's entry or the source it is about. `amount` is what features add
up: the milliseconds of a session, the score of a mood.
"""

tasks = Table(
    "tasks",
    metadata,
    _user(primary_key=True),
    _text("task_id", primary_key=True),
    _text("title"),
    _text("due", nullable=True),
    _text("created", nullable=True),
    _text("start", nullable=True),
    Column("priority", SmallInteger, nullable=False),
    _text("category", nullable=True),
    _text("source", nullable=True),
    _time("at_ms"),
    _time("created_ms"),
    _time("changed_at_ms"),
    _time("completed_at_ms", nullable=True),
    _time("deleted_at_ms", nullable=True),
    _text("reaction", nullable=True),
    _time("reacted_at_ms", nullable=True),
    _time("snooze_until_ms", nullable=True),
    _time("live_from_ms"),
    Index("ix_tasks_live", "user_id", "live_from_ms"),
)
"""The state of each task: the fold of its facts in `signals` and of the reactions to its tips."""

task_states = Table(
    "task_states",
    metadata,
    _user(primary_key=True),
    _text("task_id", primary_key=True),
    Column("from_ms", BigInteger, primary_key=True, autoincrement=False),
    _time("until_ms"),
    _time("came_ms"),
    _text("state"),
    _text("category", nullable=True),
    Column("priority", SmallInteger, nullable=False),
    _time("closed_ms", nullable=True),
    Column("local_hour", SmallInteger, nullable=True),
    Column("local_weekday", SmallInteger, nullable=True),
    Index("ix_task_states_came", "user_id", "came_ms", "from_ms", "until_ms", "state"),
    Index("ix_task_states_closed", "user_id", "closed_ms", "from_ms", "until_ms", "state"),
)
"""What each task was from when to when: `[from_ms, until_ms)`. Features look at it as of any instant."""

calendar_entries = Table(
    "calendar_entries",
    metadata,
    _user(primary_key=True),
    _text("event_id", primary_key=True),
    _time("at_ms"),
    _time("start_ms"),
    _time("end_ms"),
    Column("busy", SmallInteger, nullable=False),
    Index("ix_calendar_entries_end", "user_id", "end_ms", "start_ms", "busy"),
)
"""The latest state of each entry of a calendar."""

decisions = Table(
    "decisions",
    metadata,
    _text("decision_id", primary_key=True),
    _text("user_id"),
    _time("at_ms"),
    _text("candidates", nullable=True),
    _text("probabilities", nullable=True),
    _text("context", nullable=True),
    _text("profile_features", nullable=True),
    _text("policy", nullable=True),
    _text("scores", nullable=True),
    Column("chosen", Integer, nullable=True),
    Index("ix_decisions_user_at", "user_id", "at_ms"),
)
"""What each choice was made from, as JSON, so that it can be replayed.

The last three are of decisions that a program asked for, whose answer is given again; those of tips have them in
`tip_views`. Such a decision may be about somebody of whom no record has come.
"""

tip_views = Table(
    "tip_views",
    metadata,
    _text("tip_id", primary_key=True),
    _user(),
    _time("served_at_ms"),
    _time("shown_at_ms", nullable=True),
    _time("arrived_at_ms"),
    Column("local_hour", SmallInteger, nullable=False),
    Column("local_weekday", SmallInteger, nullable=False),
    _text("candidate_id"),
    _text("category", nullable=True),
    _text("text", nullable=True),
    _text("policy", nullable=True),
    Column("propensity", Double, nullable=True),
    _text("prompt_version", nullable=True),
    Index("ix_tip_views_user_served", "user_id", "served_at_ms", "tip_id"),
    Index("ix_tip_views_candidate", "user_id", "candidate_id"),
)
"""Every tip that was served."""

tip_feedback = Table(
    "tip_feedback",
    metadata,
    _seq(),
    Column("tip_id", Text, ForeignKey("tip_views.tip_id"), nullable=False),
    _user(),
    _time("at_ms"),
    _time("until_ms"),
    _text("reaction"),
    Column("rank", SmallInteger, nullable=False),
    _time("snooze_until_ms"),
    _time("dwell_ms"),
    Column("local_hour", SmallInteger, nullable=False),
    Column("local_weekday", SmallInteger, nullable=False),
    _time("arrived_at_ms"),
    UniqueConstraint("tip_id", "at_ms", "rank", "snooze_until_ms"),
    # These two cover what the profile's aggregates read, so that a window is read from its index alone.
    Index("ix_tip_feedback_user_at", "user_id", "at_ms", "until_ms", "reaction", "dwell_ms", "local_hour"),
    Index("ix_tip_feedback_in_force", "tip_id", "at_ms", "until_ms", "reaction"),
    sqlite_autoincrement=True,
)
"""Every reaction that was given; it is in force in `[at_ms, until_ms)`. No snooze time of its own is 0."""

tip_scores = Table(
    "tip_scores",
    metadata,
    _text("decision_id", primary_key=True),
    _text("policy", primary_key=True),
    _text("user_id"),
    _text("role"),
    _text("dimensions"),
    Column("probabilities", LargeBinary, nullable=False),
    Column("row", LargeBinary, nullable=False),
    Column("chosen", Integer, nullable=False),
    Index("ix_tip_scores_user_policy", "user_id", "policy"),
)
"""How each policy saw a decision: little-endian float64 arrays, `row` being what it learns from."""

user_profile_features = Table(
    "user_profile_features",
    metadata,
    _user(primary_key=True),
    _text("name", primary_key=True),
    Column("value", Double, nullable=True),
    _text("value_text", nullable=True),
    _time("updated_at"),
    Column("support", BigInteger, nullable=False),
    _text("fingerprint"),
)
"""The profile store: `updated_at` is the instant as of which the value was computed."""

feature_definitions = Table(
    "feature_definitions",
    metadata,
    _text("name", primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("fingerprint"),
    _time("since_ms"),
)
"""Every version of a feature that this store has served, and what it meant."""

feature_log = Table(
    "feature_log",
    metadata,
    _seq(),
    _text("decision_id"),
    _user(),
    _time("decided_at_ms"),
    _text("features"),
    Index("ix_feature_log_decided", "decided_at_ms", "seq"),
    sqlite_autoincrement=True,
)
"""What decisions about a sample of people were made from, as it was served: each envelope by name, as JSON."""

policy_state = Table(
    "policy_state",
    metadata,
    _user(primary_key=True),
    _text("policy", primary_key=True),
    _text("dimensions"),
    Column("sums", LargeBinary, nullable=False),
    Column("updates", BigInteger, nullable=False),
    _time("updated_at_ms"),
)
"""What each policy has learned about each person, as data sums."""

rewards = Table(
    "rewards",
    metadata,
    _seq(),
    _text("decision_id"),
    _user(),
    Column("reward", Double, nullable=True),
    _time("at_ms"),
    _time("arrived_at_ms"),
    Index("ix_rewards_decision", "decision_id", "seq"),
    Index("ix_rewards_user", "user_id", "decision_id", "seq"),
    sqlite_autoincrement=True,
)
"""The reward ledger: the last entry of a decision is in force; null takes the reward back."""

outbox = Table(
    "outbox",
    metadata,
    _seq(),
    _text("subject"),
    _text("key"),
    _text("user_id"),
    _time("created_at_ms"),
    _time("published_at_ms", nullable=True),
    Index("ix_outbox_published", "published_at_ms", "seq"),
    sqlite_autoincrement=True,
)
"""Events to publish. They name their fact by its key; its content is read from the ledger when it is published.

`published_at_ms` is when the bus had it; null while it waits.
"""

waiting = Table(
    "waiting",
    metadata,
    _seq(),
    _text("key"),
    _text("awaits"),
    _text("user_id"),
    _text("type"),
    _text("body"),
    _time("arrived_at_ms"),
    _text("refusal", nullable=True),
    UniqueConstraint("key"),
    Index("ix_waiting_awaits", "awaits", "seq"),
    sqlite_autoincrement=True,
)
"""Facts that wait for another one, or that were refused when it came."""

commits = Table(
    "commits",
    metadata,
    _text("writer", primary_key=True),
    Column("number", BigInteger, nullable=False),
    _time("at_ms"),
)
"""The last transaction of each writer over a connection that can be lost: by it one is found again, or is not."""
