"""Services to measure, each a process of its own, and loads on them by `load.py`."""

import itertools
import json
import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
HERE = Path(__file__).parent
PATIENCE_SEC = 30.0
"""So long may a service take to start or stop, and a load beyond its time."""
CUTS = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A service that runs."""

    pid: int
    port: int

    def cpu_sec(self) -> float:
        """Return the processor time that it took so far; 0 where the system does not say it in Linux's way."""
        try:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A load that ended: the time of each answer by route, how late requests left, and what it took."""

    ms: Mapping[str, list[float]]
    late_ms: list[float]
    tips: list[str]
    wall_sec: float
    generator_cpu_sec: float
    cpu_sec: float

    @property
    def every_ms(self) -> list[float]:
        """The times of all answers."""
        return list(itertools.chain.from_iterable(self.ms.values()))


def sent(target: Target, plan: Mapping[str, Any], **changed: Any) -> Done:
    """Let `load.py` send a plan, and return what became of it; a request that fails ends the benchmark."""
    whole = {**plan, **changed, "port": target.port}
    before = target.cpu_sec()
    told = ran(
        sys.executable, HERE / "load.py", told=json.dumps(whole), most_sec=whole["seconds"] + PATIENCE_SEC
    )
    outcome = json.loads(told)
    wrong = outcome.pop("wrong")
    assert not wrong, f"the service failed: {wrong}"
    return Done(**outcome, cpu_sec=target.cpu_sec() - before)


def ran(*command: object, told: str = "", most_sec: float | None = None) -> str:
    """Run one of our own commands to its end, and return what it prints."""
    words = [str(word) for word in command]
    ended = subprocess.run(  # noqa: S603  # our own
        words, input=told, stdout=subprocess.PIPE, timeout=most_sec, check=True, text=True
    )
    return ended.stdout


@contextmanager
def started(command: Sequence[str | Path], log: Path) -> Iterator[Target]:
    """Run a service, whose command ends with a port, inside the block; its log goes to a file, as it would be kept."""
    port = free_port()
    with (
        log.open("wb") as written,
        subprocess.Popen(  # noqa: S603  # our own
            [*command, str(port)], stdout=written, stderr=written
        ) as process,
    ):
        try:
            _wait_for(process, port, log)
            yield Target(pid=process.pid, port=port)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SEC)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + PATIENCE_SEC
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f"A service did not start:\n{log.read_text()}")


def rate(slices: Sequence[Done]) -> float:
    """Return the answers a second of loads, one after the other."""
    return sum(len(done.every_ms) for done in slices) / sum(done.wall_sec for done in slices)


def cpu_ms(slices: Sequence[Done]) -> float:
    """Return the processor time that a service took for a request."""
    requests = sum(len(done.every_ms) for done in slices)
    return round(1_000 * sum(done.cpu_sec for done in slices) / requests, 3)


def quantiles(ms: Sequence[float]) -> dict[str, float]:
    """Return the cuts of some times by name."""
    ordered = sorted(ms)
    return {name: round(ordered[math.ceil(share * len(ordered)) - 1], 2) for name, share in CUTS.items()}
