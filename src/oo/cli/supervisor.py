"""Several processes that serve at one address: started, started again when one ends, and stopped together.

Each is held on a leash, a socket: over it one says that it answers, and is told to stop; when the supervisor is gone,
however it ended, so is the other end, and the process stops by itself.
"""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from oo.api.metrics import METERS_OF_SEVERAL, ended
from oo.settings import Settings

READY = b"ready\n"
STOP = b"stop\n"
PAUSE_SEC = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""How long after its first, second, … early end in a row a process is started again."""
STEADY_SEC = 60.0
"""A process that has answered for so long did not end early."""
STOP_SEC = 15.0
"""How long a stop waits for the processes, which give up before it what is not finished."""
_log = logging.getLogger("oo.serve")


class _DiedAtStart(Exception):
    """A process ended before all had come up; it has said why."""


@dataclass(frozen=True, slots=True, eq=False)
class _Member:
    process: Process
    leash: socket.socket

    async def is_up(self) -> bool:
        """Wait until it answers; return False where it has ended instead."""
        with suppress(ConnectionResetError):
            return await asyncio.get_running_loop().sock_recv(self.leash, len(READY)) == READY
        return False

    def stop(self) -> None:
        """Tell it to finish what is under way and to end."""
        with suppress(OSError):  # it has ended already
            self.leash.send(STOP)

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self.process.kill()


@dataclass(slots=True, eq=False)
class Supervisor:
    """Keeps `count` processes running; they share the meters in the folder `meters`."""

    count: int
    start: Callable[[socket.socket], "asyncio.Future[Process]"]
    meters: Path
    announce: Callable[[], None]
    _members: set[_Member] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _all_up: bool = False
    _killed: bool = False

    async def run(self) -> int:
        """Serve until told to stop, twice to end at once; return the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        failed = False
        try:
            async with asyncio.TaskGroup() as group:
                await self._come_up(group)
        except* _DiedAtStart:
            failed = True
        return int(failed or self._killed)

    async def _come_up(self, group: asyncio.TaskGroup) -> None:
        """Start the first alone: it migrates the store, and what is wrong with the settings is said once."""
        up = [asyncio.Event() for _ in range(self.count)]
        for event in up:
            group.create_task(self._keep(event))
            await up[0].wait()
        for event in up:
            await event.wait()
        if not self._stopping.is_set():
            self._all_up = True
            self.announce()

    async def _keep(self, up: asyncio.Event) -> None:
        """Have a process serve, and another one when it has ended, until told to stop."""
        early = 0
        try:
            while not self._stopping.is_set():
                pid, answered_sec = await self._live(up)
                if self._stopping.is_set():
                    return
                if not self._all_up:
                    raise _DiedAtStart
                pause = PAUSE_SEC[min(early, len(PAUSE_SEC) - 1)]
                early = 0 if answered_sec >= STEADY_SEC else early + 1
                _log.warning("server process %d has ended; another one starts in %.1f s", pid, pause)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), pause)
        finally:
            up.set()  # whoever waits for it need not any more

    async def _live(self, up: asyncio.Event) -> tuple[int, float]:
        """Have one process serve until its end; return its number, and for how many seconds it has answered."""
        mine, theirs = socket.socketpair()
        mine.setblocking(False)
        with mine:
            with theirs:
                member = _Member(await self.start(theirs), mine)
            self._members.add(member)
            try:
                answered_sec = await _life(member, up)
            finally:
                self._members.discard(member)
                member.kill()
                ended(member.process.pid, self.meters)
        return member.process.pid, answered_sec

    def _stop(self) -> None:
        if self._stopping.is_set():
            self._kill()
            return
        self._stopping.set()
        for member in self._members:
            member.stop()
        asyncio.get_running_loop().call_later(STOP_SEC, self._kill)

    def _kill(self) -> None:
        self._killed = True
        for member in self._members:
            member.kill()


async def _life(member: _Member, up: asyncio.Event) -> float:
    """Wait until a process has ended; return for how many seconds it has answered."""
    loop = asyncio.get_running_loop()
    since = None
    if await member.is_up():
        since = loop.time()
        up.set()
    await member.process.wait()
    return 0.0 if since is None else loop.time() - since


def supervise(settings: Settings, host: str, port: int, count: int, announce: Callable[[], None]) -> int:
    """Serve with so many processes until stopped; return the exit code."""
    with TemporaryDirectory(prefix="oo-meters-") as meters:
        environment = {**os.environ, "OO_DATABASE": settings.database, METERS_OF_SEVERAL: meters}

        def start(leash: socket.socket) -> "asyncio.Future[Process]":
            return asyncio.ensure_future(_started(host, port, leash, environment))

        return asyncio.run(Supervisor(count, start, Path(meters), announce).run())


async def _started(host: str, port: int, leash: socket.socket, environment: dict[str, str]) -> Process:
    command: Sequence[str] = [sys.executable, "-m", "oo.cli.member", host, str(port), str(leash.fileno())]
    return await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        pass_fds=[leash.fileno()],
        stdin=subprocess.DEVNULL,
        # Ctrl+C reaches whoever is in the terminal's group; what it means for them the supervisor says.
        process_group=0,
    )
