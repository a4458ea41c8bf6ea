"""The fence: every transaction that writes shares a lock, but for one that has to be alone, which has it for itself."""

from typing import Any

_KEY = 0x6F4F_0001
ALONE = f"SELECT pg_advisory_xact_lock({_KEY})".encode()
AMONG_OTHERS = f"SELECT pg_advisory_xact_lock_shared({_KEY})".encode()
HUNG_SEC = 4.0
"""A process that asks nothing for so long in the midst of a transaction hangs."""
_END_HUNG = (
    "SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity JOIN pg_locks USING (pid)"  # noqa: S608  # our own
    " WHERE datname = current_database() AND usename = current_user AND state LIKE 'idle in transaction%%'"
    " AND state_change < clock_timestamp() - make_interval(secs => %s)"
    f" AND locktype = 'advisory' AND objsubid = 1 AND granted AND classid = 0 AND objid = {_KEY}"
)


def ended_the_hung(connection: Any) -> bool:
    """End the sessions of processes that hang within the fence, and with them all that others wait for.

    Returns whether there were any. One that wakes up makes its changes again. The database's own timeouts do not see
    a session that is silent after a pipeline.
    """
    (count,) = connection.execute(_END_HUNG, [HUNG_SEC]).fetchone()
    return bool(count)
