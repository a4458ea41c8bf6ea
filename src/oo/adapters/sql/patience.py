"""How often, and for how long, something that failed is tried again."""

import random
import time

_LEAST, _MOST = 4, 50
_FIRST_SEC, _LONGEST_SEC = 0.002, 0.5


class Patience:
    """Lasts for `wait_sec`, but for four tries at least and fifty at most; `tries` counts those that failed."""

    def __init__(self, wait_sec: float) -> None:
        """Begin to wait now."""
        self.tries = 0
        self._until = time.monotonic() + wait_sec

    def again(self) -> bool:
        """Count a failure and wait a little, longer each time and never alike; return False when it is enough."""
        self.tries += 1
        if self.tries >= _MOST or (self.tries >= _LEAST and time.monotonic() >= self._until):
            return False
        longest = min(_FIRST_SEC * 2**self.tries, _LONGEST_SEC)
        time.sleep(random.uniform(0, longest))  # noqa: S311  # spreads tries, and keeps nothing secret
        return True
