"""A disk that loses its power: what of the writes of a process is on it, by a trace of its calls to the system.

What was written to a file before its last `fsync` is there. Of what came after, each write is there, or is not, or by
sectors is there in part, whatever became of those before it. A file that was removed may be there again as it was; then
one that took its name is not.
"""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import IO

SECTOR_BYTES = 512
_TRACED = "pwrite64,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2"
_SYNC_USEC = 8_000
"""So long does each sync wait before it begins, as on a slow disk: so that power is lost just then."""
_ATTACHED = b"attached"
_WAIT_SEC = 30.0
_LONGEST = 1 << 20
_CALL = re.compile(
    r'^(?P<thread>\d+) +(?P<name>\w+)\(\d+<(?P<path>[^>]*)>(?:, "(?P<data>[^"]*)", \d+)?(?:, (?P<at>\d+))?'
    r"(?P<end>\) += 0|\) += [1-9]\d*| <unfinished)"
)
_RESUMED = re.compile(r"^(?P<thread>\d+) +<\.\.\. (?P<name>\w+) resumed>.*\) += (?P<result>-?\d+)")
_MOVED = re.compile(r"^\d+ +(?P<name>unlink|rename)\w*\((?P<rest>.*)")


@dataclass(frozen=True, slots=True)
class _Write:
    """Bytes for a place in a file; without any, the file is cut to that length."""

    at: int
    data: bytes | None

    def over(self, content: bytearray) -> None:
        """Do it to what a file holds."""
        if self.data is None:
            del content[self.at :]
            content.extend(bytes(self.at - len(content)))
            return
        content.extend(bytes(max(0, self.at - len(content))))
        content[self.at : self.at + len(self.data)] = self.data

    def sectors(self) -> Iterator["_Write"]:
        """Yield the parts of it that a disk writes at once."""
        if self.data is None:
            yield self
            return
        begins = 0
        while begins < len(self.data):
            ends = min(len(self.data), begins + SECTOR_BYTES - (self.at + begins) % SECTOR_BYTES)
            yield _Write(self.at + begins, self.data[begins:ends])
            begins = ends


_REMOVED = _Write(0, None)
"""The end of a file: what is written after it is another file's."""


@dataclass(slots=True)
class _File:
    """What is on the disk for certain, and what is on its way there."""

    certain: bytearray
    uncertain: list[_Write] = field(default_factory=list)

    def sync(self) -> None:
        """Make everything certain that was written so far."""
        for write in self.uncertain:
            write.over(self.certain)
        self.uncertain.clear()

    def left(self, chance: Random) -> bytes:
        """Return what a loss of power leaves of it."""
        content = bytearray(self.certain)
        for write in self.uncertain:
            fate = chance.random()
            if write is _REMOVED and fate < 1 / 2:
                break
            for sector in write.sectors():
                if write is _REMOVED or fate < 1 / 3 or (fate < 2 / 3 and chance.random() < 0.5):
                    sector.over(content)
        return bytes(content)


class Disk:
    """Files on a disk whose power may be lost. Between `watch` and `lose_power` one process writes."""

    def __init__(self, files: list[Path], trace: Path) -> None:
        """Watch over some files, whether they are there yet or not; `trace` is where their writes are noted."""
        self._files, self._trace = files, trace
        self._content: dict[str, _File] = {}
        self._strace: subprocess.Popen[bytes] | None = None

    def watch(self, pid: int) -> None:
        """Note from now on what a process writes, with all its threads; returns when nothing escapes any more."""
        self._content = {str(file): _File(bytearray(_read(file))) for file in self._files}
        slow = f"inject=fsync,fdatasync:delay_enter={_SYNC_USEC}"
        traced = ["-e", f"trace={_TRACED}", "-e", slow, "-e", "signal=none", "-s", str(_LONGEST)]
        self._strace = subprocess.Popen(
            ["strace", "-f", "-y", "-xx", *traced, "-o", self._trace, "-p", str(pid)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert self._strace.stderr is not None
        said = _line(self._strace.stderr)
        assert _ATTACHED in said, f"strace may not look: {said.decode()}"

    def lose_power(self, chance: Random) -> str:
        """Leave in the files, once the process has ended, what the disk has of them; return what was on its way."""
        assert self._strace is not None
        self._strace.wait(_WAIT_SEC)
        self._replay()
        waiting = [Path(path).suffix or path for path, file in self._content.items() if file.uncertain]
        for path, file in self._content.items():
            left = file.left(chance)
            Path(path).write_bytes(left)
            if not left:
                Path(path).unlink()
        self._trace.unlink()
        return "nothing on its way" if not waiting else f"{' and '.join(waiting)} on the way"

    def end(self) -> None:
        """Let go of the trace."""
        if self._strace is not None:
            with suppress(ProcessLookupError):
                self._strace.kill()
            self._strace.wait(_WAIT_SEC)
            assert self._strace.stderr is not None
            self._strace.stderr.close()
            self._strace = None

    def _replay(self) -> None:
        syncing: dict[str, _File] = {}
        with self._trace.open(encoding="ascii", errors="strict") as lines:
            for line in lines:
                self._take(line, syncing)

    def _take(self, line: str, syncing: dict[str, _File]) -> None:
        """Follow a line of the trace. A sync that does not end is none; a write may be there once it was asked for."""
        resumed = _RESUMED.match(line)
        if resumed and resumed["result"] == "0" and resumed["thread"] in syncing:
            syncing.pop(resumed["thread"]).sync()
        moved = _MOVED.match(line)
        if moved:
            self._move(moved["name"], [_decoded(each) for each in re.findall(r'"([^"]*)"', moved["rest"])])
        call = _CALL.match(line)
        file = self._content.get(_decoded(call["path"])) if call else None
        if call is None or file is None:
            return
        if call["name"].endswith("sync"):
            if "unfinished" in call["end"]:
                syncing[call["thread"]] = file
            else:
                file.sync()
        else:
            data = call["data"]
            file.uncertain.append(_Write(int(call["at"]), None if data is None else _bytes(data)))

    def _move(self, name: str, paths: list[str]) -> None:
        mine = [self._content[path] for path in paths if path in self._content]
        assert not mine or name == "unlink", f"{name} of {paths} is not foreseen"
        for file in mine:
            file.uncertain.append(_REMOVED)


def unwatchable() -> str | None:
    """Return why no process can be watched on this machine, None where one can."""
    if shutil.which("strace") is None:
        return "strace, which is not installed"
    ran = subprocess.run(
        ["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False, timeout=_WAIT_SEC
    )
    return None if ran.returncode == 0 else f"strace, which may not look here ({ran.stderr.strip()})"


def _decoded(text: str) -> str:
    return _bytes(text).decode("utf-8", "replace")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _line(stream: IO[bytes]) -> bytes:
    """Return the first line that strace says; it says one at once, for good or ill."""
    until = time.monotonic() + _WAIT_SEC
    said = stream.readline()
    assert time.monotonic() < until, "strace said nothing"
    return said
