"""Who of several processes does what one has to do for all."""

from typing import Protocol


class Duties(Protocol):
    """What this process does for all that use a store. Every method may be called from any thread."""

    def has(self, duty: str) -> bool:
        """Return whether this process has a duty: it gets one that nobody has, until it ends or loses the store.

        Raises `StoreError` where that cannot be found out; then it has none. For a moment after it was lost, unknown to
        who had it, a duty may be somebody else's already: what is done under one must bear being done twice.
        """

    def close(self) -> None:
        """Let go of every duty."""
