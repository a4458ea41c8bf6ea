"""Everything of a scaled set-up as real processes: services and workers on one PostgreSQL and one bus.

Each can be killed and started again at the address that it had. Whatever happens, the end of the block ends all.
"""

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

import httpx2

from tests.shell.running import OO, Shell
from tests.support.nats import free_port
from tests.support.nats_cluster import NatsCluster
from tests.support.postgres_server import Postgres
from tests.support.process import Program

ANSWER_SEC = 60.0
Kind: TypeAlias = Literal["service", "worker", "nats", "postgres", "backend"]


class Service:
    """`oo serve` at a port of its own, which it keeps over kills and starts; and a client of it."""

    def __init__(
        self, folder: Path, name: str, environment: Mapping[str, str], oo: Sequence[object] = (OO,)
    ) -> None:
        self.port = free_port()
        self.program = Program(
            command=[*oo, "serve", "--port", self.port, "--json"],
            environment=environment,
            log=folder / f"{name}.log",
        )
        self.client = httpx2.Client(base_url=self.address, timeout=ANSWER_SEC, trust_env=False)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self) -> None:
        """Wait until it answers, and has its store."""
        self.program.wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            return self.client.get("/readyz", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False


class Worker:
    """`oo work`."""

    def __init__(
        self, folder: Path, name: str, environment: Mapping[str, str], oo: Sequence[object] = (OO,)
    ) -> None:
        self.program = Program(
            command=[*oo, "work", "--json"], environment=environment, log=folder / f"{name}.log"
        )

    def wait_ready(self) -> None:
        """Wait until it says that it works."""
        self.program.wait_until(self._says)

    def _says(self) -> bool:
        said = [line for line in self.program.said.splitlines() if line.startswith('{"pid"')]
        return any(json.loads(line)["pid"] == self.program.pid for line in said)


class Fleet:
    """So many services and workers. Made, nothing runs; `start` starts, and `wait_ready` waits."""

    def __init__(
        self,
        folder: Path,
        *,
        services: int,
        workers: int,
        nodes: int,
        settings: Mapping[str, str],
        postgres: Postgres | None = None,
        oo: Sequence[object] = (OO,),
    ) -> None:
        """Lay everything out in `folder`; `oo` is how the command is called."""
        self.folder = folder
        self.nats = NatsCluster(folder, nodes)
        self.postgres = postgres or Postgres()
        self.environment = {
            **Shell(folder).environment,
            "OO_DATABASE": self.postgres.url(),
            "OO_BUS": self.nats.url,
            "OO_BUS_REPLICAS": str(self.nats.replicas),
            **settings,
        }
        self.services = [
            Service(folder, f"service{number}", self.environment, oo) for number in range(services)
        ]
        self.workers = [Worker(folder, f"worker{number}", self.environment, oo) for number in range(workers)]

    @property
    def members(self) -> "Sequence[Service | Worker]":
        """What is oO's own in it."""
        return [*self.services, *self.workers]

    @property
    def shell(self) -> Shell:
        """A shell over the fleet's store: ask it as a process, with `environment`."""
        return Shell(self.folder)

    def program(self, kind: Kind, number: int = 0) -> Program:
        """Return the process of a kind and a number; that of a backend is the database's."""
        match kind:
            case "service":
                return self.services[number].program
            case "worker":
                return self.workers[number].program
            case "nats":
                return self.nats.nodes[number].program
            case _:
                return self.postgres.program

    def start(self, kind: Kind | None = None, number: int = 0) -> None:
        """Start one, or everything that does not run; what needs another waits for it by itself."""
        if kind is not None:
            self.program(kind, number).start()
            return
        self.nats.start()
        if not self.postgres.program.runs:
            self.postgres.start()
            self.postgres.wait_ready()
        for each in self.members:
            if not each.program.runs:
                each.program.start()

    def wait_ready(self) -> None:
        """Wait until everything that runs does what it is for."""
        if self.postgres.program.runs:
            self.postgres.wait_ready()
        if any(node.program.runs for node in self.nats.nodes):
            self.nats.wait_ready()
        for each in self.members:
            if each.program.runs:
                each.wait_ready()

    def kill(self, kind: Kind, number: int = 0, chance: random.Random | None = None) -> bool:
        """Kill one with SIGKILL; a backend is drawn by `chance`, and False is returned where there is none."""
        if kind == "backend":
            return self.postgres.kill_backend(chance or random.Random(number))
        if kind == "postgres":
            self.postgres.kill()
        else:
            self.program(kind, number).kill()
        return True

    def close(self) -> None:
        """End everything, whatever state it is in."""
        for each in self.members:
            each.program.kill()
        for service in self.services:
            service.client.close()
        self.nats.close()
        self.postgres.close()


@contextmanager
def fleet(
    *, services: int = 1, workers: int = 1, nodes: int = 1, start: bool = True, **settings: str
) -> Iterator[Fleet]:
    """Run a fleet inside the block; `settings` are set in the environment of its services and workers.

    On Linux its files lie in memory, where no process's end can touch them.
    """
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="oo-fleet-", dir=memory if memory.is_dir() else None))
    made = None
    try:
        made = Fleet(folder, services=services, workers=workers, nodes=nodes, settings=settings)
        if start:
            made.start()
            made.wait_ready()
        yield made
    except BaseException:
        if made is not None:
            for path in sorted(folder.glob("*.log")):
                sys.stderr.write(f"--- {path.name}\n{path.read_text('utf-8', 'replace')[-2_000:]}\n")
        raise
    finally:
        if made is not None:
            made.close()
        shutil.rmtree(folder, ignore_errors=True)
