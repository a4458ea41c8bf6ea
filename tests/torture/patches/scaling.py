"""Without what makes several processes over one database and one bus safe."""

from oo.adapters.sql.postgres_claims import Claims
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


def without_claims(_: FileBus) -> None:
    """Let transactions of several processes write about the same side by side."""

    def nothing(_: Original, self: Claims) -> list[int]:
        return []

    replace(Claims, "missing", nothing)
