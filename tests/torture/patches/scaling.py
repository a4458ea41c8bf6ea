"""Without what makes several processes over one database and one bus safe."""

from collections.abc import Sequence

from oo.adapters.sql.postgres import Connection, PostgresCommits
from oo.adapters.sql.writer import Change, Outcome
from oo.worker import _Listening
from tests.torture.filebus import FileBus
from tests.torture.patches.replacing import Original, replace


def acknowledged_before_commit(_: FileBus) -> None:
    """Tell the bus that events were dealt with, and then record them."""

    def step(_: Original, self: _Listening) -> float:
        deliveries = self.consumer.fetch(100, 1.0)
        for delivery in deliveries:
            delivery.acknowledge()
        self._taken([delivery.event for delivery in deliveries])
        return 0.0

    replace(_Listening, "__call__", step)


def read_committed(_: FileBus) -> None:
    """Let transactions of several processes go on side by side, each seeing what the others have committed so far."""

    def attempt(
        _: Original, self: PostgresCommits, changes: Sequence[Change], *, alone: bool
    ) -> Sequence[Outcome]:
        connection: Connection = self._connected()
        try:
            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            return self._transact(connection, changes, alone=alone)
        finally:
            if not connection.closed:
                connection.execute("ROLLBACK")

    replace(PostgresCommits, "_attempt", attempt)
