"""Programs of tests as processes that can be killed and started again as they were; bounded waits for what they do."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

START_SEC = 60.0
STOP_SEC = 30.0
"""A machine that runs many tests at once may be slow; each of these bounds a test that would hang."""
_PROC = Path("/proc")


def wait_for(
    said: Callable[[], object],
    what: Callable[[], str],
    within_sec: float = START_SEC,
    every_sec: float = 0.02,
) -> None:
    """Return as soon as `said` is true; `what` tells, where it does not come to be in time, what is missing."""
    until = time.monotonic() + within_sec
    while not said():
        assert time.monotonic() < until, what()
        time.sleep(every_sec)


def children_of(parent: int) -> list[tuple[int, str]]:
    """Return each process that another one has started, with its title."""
    return [(pid, title) for pid, of, _, title in _every_process() if of == parent]


def lives(pid: int) -> bool:
    """Whether there is a process of that number; one that has ended and was not asked after is none."""
    return any(each == pid and state not in {"Z", "X"} for each, _, state, _ in _every_process())


def _every_process() -> Iterator[tuple[int, int, str, str]]:
    """Yield number, parent, state and title of every process."""
    if not (_PROC / "self").exists():
        yield from _listed()
        return
    for folder in _PROC.glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            state, parent = (folder / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:2]
            title = (folder / "cmdline").read_text("utf-8", "replace").replace("\0", " ")
            yield int(folder.name), int(parent), state, title


def _listed() -> Iterator[tuple[int, int, str, str]]:
    ran = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,stat=,args="],
        capture_output=True,
        text=True,
        check=True,
        timeout=STOP_SEC,
    )
    for line in ran.stdout.splitlines():
        pid, parent, state, *title = line.split(maxsplit=3)
        yield int(pid), int(parent), state[:1], "".join(title)


@dataclass(slots=True, eq=False, kw_only=True)
class Program:
    """A program, in a session of its own, so that a kill reaches whatever it has started and nobody else."""

    command: Sequence[object]
    log: Path
    """What it says on either stream, of all its lives one after the other."""
    environment: Mapping[str, str] | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def pid(self) -> int:
        assert self.process is not None, "it was not started"
        return self.process.pid

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""

    def start(self) -> None:
        """Start it, and do not wait for what it does then."""
        assert not self.runs, "it runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in self.command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.options,
            )

    def wait_until(self, said: Callable[[], object]) -> None:
        """Wait until it does what was asked for; where it ends instead, or takes too long, what it said is shown."""

        def reached() -> object:
            assert self.runs, f"it ended: {self.said}"
            return said()

        wait_for(reached, lambda: f"it did not come up: {self.said}")

    def kill(self) -> None:
        """End it, and all that it has started in its session, as a power cut would."""
        self._signal(signal.SIGKILL)
        self._wait()

    def ask_to_stop(self) -> None:
        """Ask it to end in good order."""
        if self.process is not None and self.runs:
            self.process.send_signal(signal.SIGTERM)

    def stop(self, within_sec: float = STOP_SEC) -> int:
        """Ask it to end, wait until it has, and return its exit code."""
        assert self.process is not None
        self.ask_to_stop()
        return self.process.wait(within_sec)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def _wait(self) -> None:
        if self.process is not None:
            self.process.wait(STOP_SEC)
