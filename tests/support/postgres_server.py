"""A real PostgreSQL server as a process of its own, on a socket in a folder, which can be killed and started again."""

import atexit
import functools
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.process import Program, children_of, lives, wait_for

WAIT_SEC = 30
USER = "oo"
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "deadlock_timeout": "100ms",
}
FORGETFUL = {"fsync": "off", "full_page_writes": "off"}
"""The machine need not survive a test; the server's own end is survived all the same."""
_INIT = ("-U", USER, "-A", "trust", "-E", "UTF8", "-N", "--locale=C")
_CLIENT = f"postgres: {USER} "
"""How the title of a process begins that serves a client."""


class Postgres:
    """A server over a new folder, which goes with `close`. Its programs run as somebody else where root asks."""

    def __init__(self, settings: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        """Make the data folder, but do not start. `settings` are the server's own, in place of what tests need.

        `folder` is made, where everybody may go; by default it is a temporary one.
        """
        # Short, because the path of a socket may not be long.
        self.folder = folder or Path(tempfile.mkdtemp(prefix="oo-pg-"))
        self.folder.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            self.folder.chmod(0o777)
        made = _run(programs() / "initdb", *_INIT, "-D", self.folder / "data")
        assert made.returncode == 0, made.stderr
        options = {**_SETTINGS, **(settings or {}), "unix_socket_directories": str(self.folder)}
        given = (f"-c{name}={value}" for name, value in options.items())
        self.program = Program(
            command=[programs() / "postgres", "-D", self.folder / "data", *given],
            log=self.folder / "log",
            options=_owner(),
        )

    def url(self, database: str = "postgres", **parameters: str) -> str:
        """Return the URL of one of its databases."""
        given = "&".join(
            f"{name}={value}" for name, value in {"host": str(self.folder), **parameters}.items()
        )
        return f"postgresql://{USER}@/{database}?{given}"

    @property
    def log(self) -> str:
        return self.program.said

    def start(self) -> None:
        """Start it; after a kill it recovers what was committed first."""
        self.program.start()

    def wait_ready(self) -> None:
        """Wait until it lets clients in."""
        self.program.wait_until(self._answers)

    def kill(self) -> None:
        """End the server and every process of it as a power cut would: not one has a word with another."""
        if self.program.process is None:
            return
        with suppress(ProcessLookupError):
            os.kill(self.program.pid, signal.SIGSTOP)  # so that it starts no other meanwhile
        children = [pid for pid, _ in children_of(self.program.pid)]
        for pid in (*children, self.program.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.program.process.wait(WAIT_SEC)
        # What it has left is reaped by another; until then its memory is in use, and a start would be refused.
        wait_for(lambda: not any(map(lives, children)), lambda: f"{children} still run", WAIT_SEC)

    def kill_backend(self, chance: random.Random) -> bool:
        """Kill one process that serves a client, on which the server ends all others and begins anew by itself.

        Returns False where there is none.
        """
        found = sorted(pid for pid, title in children_of(self.program.pid) if title.startswith(_CLIENT))
        if not found:
            return False
        with suppress(ProcessLookupError):
            os.kill(chance.choice(found), signal.SIGKILL)
        return True

    def close(self) -> None:
        """End it, and remove its folder."""
        if self.program.runs:
            os.kill(self.program.pid, signal.SIGINT)  # at once, in good order
            with suppress(subprocess.TimeoutExpired):
                assert self.program.process is not None
                self.program.process.wait(WAIT_SEC)
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@functools.cache
def programs() -> Path:
    """Return the folder of the server's programs; root's may lie where nobody else can read, and are copied."""
    spec = importlib.util.find_spec("pgserver")
    if spec is None or spec.origin is None:
        return _of_the_system()
    site = Path(spec.origin).parent.parent
    if os.geteuid() == 0:
        site = _copied(site)
    return site / "pgserver" / "pginstall" / "bin"


def _copied(site: Path) -> Path:
    """Copy the wheel's programs to where everybody can read them, for as long as this process runs."""
    place = Path(tempfile.mkdtemp(prefix="oo-pg-programs-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    for name in ("pgserver/pginstall", "pgserver.libs"):
        if (site / name).is_dir():
            shutil.copytree(site / name, place / name)
    return place


def _of_the_system() -> Path:
    """Return where this machine's own PostgreSQL is; without one the test is skipped, or fails under CI."""
    installed = [Path(found).parent for found in (shutil.which("initdb"),) if found]
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if installed:
        return installed[-1]
    said = "No PostgreSQL here, and no wheel of it for this Python: the tests over PostgreSQL did not run."
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


def _owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _run(*command: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
        **_owner(),
    )
