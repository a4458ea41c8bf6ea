"""A crowd of clients that all ask at the same instant, each on a connection of its own."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.wire import head
from tests.support.asynchronous import run

ANSWER_SEC = 60.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What a client of the crowd was told; status 0 where its connection was closed without a word."""

    status: int
    headers: dict[str, str]
    document: Any


def flood(port: int, path: str, bodies: Sequence[Any]) -> list[Answered]:
    """Send every body at once and return the answers in their order; one that does not come in time fails."""

    async def every() -> list[Answered]:
        return await asyncio.gather(*(_asked(port, path, body) for body in bodies))

    return run(every())


def statuses(answers: Sequence[Answered]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def resident_bytes(pid: int) -> int:
    """How much memory a process has in use."""
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * 4096


async def _asked(port: int, path: str, body: Any) -> Answered:
    async with asyncio.timeout(ANSWER_SEC):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        sent = json.dumps(body).encode()
        top = head(
            f"POST {path} HTTP/1.1",
            f"127.0.0.1:{port}",
            "Content-Type: application/json",
            "Connection: close",
            f"Content-Length: {len(sent)}",
        )
        writer.write(top + sent)
        raw = await reader.read()
        writer.close()
    return _understood(raw)


def _understood(raw: bytes) -> Answered:
    top, _, body = raw.partition(b"\r\n\r\n")
    if not top:
        return Answered(0, {}, None)
    first, *rest = top.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in rest)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Answered(int(first.split()[1]), headers, json.loads(body) if body else None)
