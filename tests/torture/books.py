"""The books: every call that was made and every answer that came, kept outside of the victim."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tests.torture.calls import BUS, Call
from tests.torture.lines import key_of


@dataclass(slots=True)
class Entry:
    """A call, how often it was sent, and its answer; None while it is under way."""

    client: int
    call: Call
    known: int = 0
    fresh: int = 0
    sent: int = 0
    answer: Any = None


@dataclass(slots=True)
class Books:
    """The entries of an episode in the order in which the calls were first made; also written to a file.

    `wrong` holds what answers alone give away, such as a repetition that was taken for something new.
    """

    path: Path
    entries: list[Entry] = field(default_factory=list)
    acknowledged: int = 0
    sent_again: int = 0
    wrong: list[str] = field(default_factory=list)
    _attempted: set[str] = field(default_factory=set)
    _answered: set[str] = field(default_factory=set)
    _published: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: TextIO | None = None

    def attempt(self, client: int, call: Call) -> Entry:
        """Enter a call before it is made."""
        with self._lock:
            entry = Entry(client, call)
            if call.path == "/signals":
                self._foretell(entry)
            elif call.path == BUS:
                self._attempted |= {key_of(line) for line in call.body}
            self.entries.append(entry)
            self._write({"client": client, "path": call.path, "body": call.body})
        return entry

    def acknowledge(self, entry: Entry, answer: Any) -> None:
        """Enter the answer to a call."""
        with self._lock:
            entry.answer = answer
            self._write({"client": entry.client, "path": entry.call.path, "answer": answer})
            self.sent_again += max(0, entry.sent - 1)
            if entry.call.path == "/signals":
                self._count_lines(entry)
            elif entry.call.path == BUS:
                self._count_published(entry)
            elif "error" not in answer:
                self._count(entry.call)
            elif entry.call.path != "/half":
                self.wrong.append(f"{entry.call} was refused: {answer}")

    def repeated(self, call: Call, before: Any, answer: Any) -> None:
        """Judge the answer to a call that was made, and answered, before."""
        with self._lock:
            self.sent_again += 1
            expected = before if call.path.startswith("/score") else {"status": "duplicate"}
            if answer != expected:
                self.wrong.append(f"{call} again was answered {answer}, and not {expected}")

    def close(self) -> None:
        """Finish the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def of(self, *paths: str) -> Iterator[Entry]:
        """Yield the entries of some paths, each with all below it, in order."""
        return (entry for entry in self.entries if entry.call.path.startswith(paths))

    def _foretell(self, entry: Entry) -> None:
        """Count the lines that must be told as duplicates, and those that cannot be."""
        seen: set[str] = set()
        for line in entry.call.body:
            key = key_of(line)
            if key in self._answered or key in seen:
                entry.known += 1
            elif key not in self._attempted and line["type"] != "user":  # several clients tell of a person
                entry.fresh += 1
            seen.add(key)
        self._attempted |= seen

    def _count(self, call: Call) -> None:
        asked = json.dumps([len(self.entries) if call.path == "/recommend" else call.path, call.body])
        self.acknowledged += asked not in self._answered
        self._answered.add(asked)

    def _count_lines(self, entry: Entry) -> None:
        answer, lines = entry.answer, entry.call.body
        keys = {key_of(line) for line in lines}
        self.sent_again += entry.known
        self.acknowledged += len(keys - self._answered - self._published)
        self._answered |= keys
        most = len(lines) - (entry.fresh if entry.sent <= 1 else 0)
        told = answer.get("duplicates", -1)
        if answer.get("refused") != [] or not entry.known <= told <= most:
            self.wrong.append(
                f"{len(lines)} lines, of which {entry.known} to {most} are repeated, were answered {answer}"
            )

    def _count_published(self, entry: Entry) -> None:
        """Count lines that the bus has acknowledged: whether they are recorded already, nobody says."""
        keys = {key_of(line) for line in entry.call.body}
        new = keys - self._answered - self._published
        self.acknowledged += len(new)
        self.sent_again += len(entry.call.body) - len(new)
        self._published |= keys

    def _write(self, document: Any) -> None:
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(json.dumps(document) + "\n")
