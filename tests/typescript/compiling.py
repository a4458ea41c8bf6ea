"""The TypeScript compiler: the pinned one that `make typescript` puts into .venv, else the machine's own."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

_PINNED = Path(sys.prefix) / "typescript" / "node_modules" / ".bin" / "tsc"
_OPTIONS = ("--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--pretty", "false")


@dataclass(frozen=True)
class Compiled:
    """How a compilation ended, and every error of it, a line each."""

    code: int
    errors: list[str]


def compiler() -> str:
    """The compiler of this machine. Without one the tests that need it are skipped, and fail where it is promised."""
    pinned = str(_PINNED) if _PINNED.exists() and shutil.which("node") else None
    found = pinned or shutil.which("tsc")
    if found is None:
        missing = "NOT COMPILED: there is no TypeScript compiler here. Run: make typescript"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def compiled(folder: Path, *names: str) -> Compiled:
    """Compile files of a folder strictly, and write nothing."""
    ended = subprocess.run(
        [compiler(), *_OPTIONS, *names], cwd=folder, capture_output=True, text=True, check=False
    )
    return Compiled(ended.returncode, [line for line in ended.stdout.splitlines() if ": error TS" in line])
