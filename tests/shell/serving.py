"""Holds a store as a service does, and nothing else: prints a line when commands can run through it, ends on SIGTERM.

The store is the one that OO_DATABASE names. Run as `python serving.py`.
"""

import signal
import socket
import sys

from oo.compose import served
from oo.domain.errors import OoError
from oo.settings import load_settings


def main() -> None:
    # Whichever thread the signal reaches, also one that a library has started, a byte comes out here.
    told, teller = socket.socketpair()
    teller.setblocking(False)
    signal.set_wakeup_fd(teller.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    with served(load_settings()):
        print("serving", flush=True)  # noqa: T201  # it is how it tells
        told.recv(1)


if __name__ == "__main__":
    try:
        main()
    except OoError as error:
        sys.exit(f"oo: {error}")
