"""Run `oo` without a defence: `python -m tests.torture.without NAME serve --port 0`."""

import os
import sys
from pathlib import Path

from oo.cli.main import main
from tests.torture.controls import apply
from tests.torture.filebus import FileBus

if __name__ == "__main__":
    name = sys.argv.pop(1)
    apply(name, FileBus(Path(os.devnull)))
    main()
