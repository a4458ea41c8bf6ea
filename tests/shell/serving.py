"""Holds a store as a service does, and nothing else: prints a line when commands can run through it, ends on SIGTERM.

The store is the one that OO_DATABASE names. Run as `python serving.py`.
"""

import signal
import sys

from oo.compose import served
from oo.domain.errors import OoError
from oo.settings import load_settings


def main() -> None:
    # Blocked in every thread that is started from here on: else one of them may take it, and nobody wakes up.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    with served(load_settings()):
        print("serving", flush=True)  # noqa: T201  # it is how it tells
        signal.sigwait({signal.SIGTERM})


if __name__ == "__main__":
    try:
        main()
    except OoError as error:
        sys.exit(f"oo: {error}")
