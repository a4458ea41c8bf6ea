"""Run `oo` from tests: inside this process where that is enough, as a process of its own where it is not."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from oo.cli.failure import reported
from oo.cli.main import oo

OO = Path(sys.executable).with_name("oo")
"""The command as it was installed."""
TIMEOUT_SEC = 60


def in_folder(folder: Path) -> Mapping[str, str]:
    """Return the settings of the store in a folder."""
    return {"OO_DATABASE": f"sqlite:///{folder / 'oo.db'}"}


place: Callable[[Path], Mapping[str, str]] = in_folder
"""Where the store of a folder is; see `tests.support.servers`."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails where there is another thing, or a second one."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell whose store lies in `folder`."""

    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "oo.db"

    @property
    def url(self) -> str:
        """The URL of the store."""
        return self.environment["OO_DATABASE"]

    @property
    def environment(self) -> dict[str, str]:
        """All that a command sees: nothing of the machine's own but the PATH."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "TZ": "UTC",
            **place(self.folder),
        }

    def here(self, *arguments: str) -> Ran:
        """Run `oo` in this process."""
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.environment, clear=True),
            patch.object(sys, "argv", ["oo", *arguments]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = reported(oo, args=list(arguments), prog_name="oo")
        return Ran(code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str) -> Any:
        """Run `oo … --json` in this process and return its answer; it has to succeed."""
        ran = self.here(*arguments, "--json")
        assert (ran.code, ran.err) == (0, ""), ran.err
        return ran.document

    def process(self, *arguments: str | bytes, env: Mapping[str, str | None] | None = None) -> Ran:
        """Run `oo` as a process of its own; `env` adds to its environment, or takes away what is None."""
        environment = {k: v for k, v in {**self.environment, **(env or {})}.items() if v is not None}
        ended = subprocess.run(
            [OO, *arguments], env=environment, capture_output=True, check=False, timeout=TIMEOUT_SEC
        )
        return Ran(ended.returncode, ended.stdout.decode("utf-8", "replace"), ended.stderr.decode())

    def started(self, *arguments: str, **options: Any) -> "subprocess.Popen[bytes]":
        """Start `oo` and return while it runs; whoever asks has to end it."""
        return subprocess.Popen([OO, *arguments], env=self.environment, **options)
