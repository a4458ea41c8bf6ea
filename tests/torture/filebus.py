"""A bus in a file: what it was given outlives whoever gave it."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oo.ports import Consumer, Message


@dataclass(frozen=True, slots=True)
class FileBus:
    """The half of the `Bus` port that publishes: each message is a line of the file at `path`."""

    path: Path

    def publish(self, messages: Iterable[Message]) -> None:
        """Append each message in one write of the system, which a kill does not cut in two."""
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for each in messages:
                line = {"subject": each.subject, "id": each.id, "line": json.loads(each.body)}
                os.write(file, json.dumps(line).encode() + b"\n")
        finally:
            os.close(file)

    def consumer(self, stream: str) -> Consumer:
        """Nobody listens here."""
        raise NotImplementedError(stream)

    def close(self) -> None:
        """Nothing is held."""

    def published(self) -> list[dict[str, Any]]:
        """Return all that was published, repetitions too: subject, id, and the line of the event log."""
        text = self.path.read_text("utf-8") if self.path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]
