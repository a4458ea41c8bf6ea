"""Run `oo` with short waits between the tries of an event: `python -m tests.torture.impatient NAME work`.

NAME is a defence that is left out, or `everything`, with which none is.
"""

import os
import sys
from pathlib import Path

from oo import worker
from oo.cli.main import main
from tests.torture.controls import apply
from tests.torture.filebus import FileBus

EVERYTHING = "everything"
_BACKOFF_SEC = (0.1, 0.2, 0.4, 0.8)

if __name__ == "__main__":
    name = sys.argv.pop(1)
    worker.BACKOFF_SEC = _BACKOFF_SEC
    if name != EVERYTHING:
        apply(name, FileBus(Path(os.devnull)))
    main()
