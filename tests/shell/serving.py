"""Holds a store as a service does, and nothing else: prints a line when commands can run through it, ends on SIGTERM.

The store is the one that OO_DATABASE names. Run as `python serving.py`.
"""

import signal
import sys
from types import FrameType

from oo.compose import served
from oo.domain.errors import OoError
from oo.settings import load_settings


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    with served(load_settings()):
        print("serving", flush=True)  # noqa: T201  # it is how it tells
        signal.pause()


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


if __name__ == "__main__":
    try:
        main()
    except OoError as error:
        sys.exit(f"oo: {error}")
