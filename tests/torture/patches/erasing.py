"""Without what makes an erasure whole and final, and without what keeps poison."""

from typing import Any

from oo.adapters.sql.bus import BusTransaction
from oo.adapters.sql.transaction import SqlTransaction
from oo.domain.event import MOST_REFUSALS
from tests.torture.filebus import FileBus
from tests.torture.patches.replacing import Afterwards, Original, in_a_second_transaction, replace


def without_tombstone(_: FileBus) -> None:
    """Delete every row, and remember nothing."""

    def put(_: Original, __: SqlTransaction, ___: Any) -> None:
        """Put none."""

    replace(SqlTransaction, "put_tombstone", put)


def rows_in_a_second_transaction(_: FileBus) -> None:
    """Delete the rows after the transaction of the tombstone."""
    afterwards = Afterwards(in_a_second_transaction)

    def erase(original: Original, self: SqlTransaction, user_id: str) -> None:
        assert afterwards.put_off(lambda later: original(later, user_id)), "people are erased in a write"

    replace(SqlTransaction, "erase", erase)


def poison_dropped(_: FileBus) -> None:
    """Take what is refused for dead at once, and keep nothing of it."""

    def refuse(_: Original, __: BusTransaction, *___: Any) -> int:
        return MOST_REFUSALS

    replace(BusTransaction, "refuse", refuse)
