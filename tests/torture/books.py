"""The books: every call that was made and every answer that came, kept outside of the victim."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from tests.torture.calls import BUS, ERASE, HALF, Call
from tests.torture.lines import Line, key_of, person_of

_OF_NOBODY = frozenset({"unknownuser", "eraseduser", "unknowntip", "unknowndecision"})
"""With these errors a call about somebody is answered who is erased."""


@dataclass(slots=True)
class Entry:
    """A call, how often it was sent, and its answer; None while it is under way.

    By their places: lines that were told before (`known`), that never were (`fresh`), and that have to be refused.
    `barred`: it is about somebody whose erasure was answered before it was made.
    """

    client: int
    call: Call
    known: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    refused: frozenset[int] = frozenset()
    barred: bool = False
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
    _leaving: set[str] = field(default_factory=set)
    _gone: set[str] = field(default_factory=set)
    _owners: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _file: TextIO | None = None

    def attempt(self, client: int, call: Call) -> Entry:
        """Enter a call before it is made."""
        with self._lock:
            entry = Entry(client, call)
            if call.path == "/signals":
                self._foretell(entry)
            elif call.path == BUS:
                self._attempted |= keys(call)
            else:
                self._enter(entry)
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
            elif "error" in answer:
                self._judge_refusal(entry)
            elif entry.barred and entry.call.path != ERASE:
                self.wrong.append(f"{entry.call} is about somebody who is erased, and was answered {answer}")
            elif entry.call.path == BUS:
                self._count_published(entry)
            else:
                self._count(entry)

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
        """Say which lines must be told as duplicates, which cannot be, and which must be refused."""
        seen: set[str] = set()
        known, fresh, refused = set(), set(), set(entry.call.never)
        for place, line in good(entry.call):
            key = key_of(line)
            if person_of(line) in self._gone:
                refused.add(place)
            elif key in self._answered or key in seen:
                known.add(place)
            elif key not in self._attempted and line["type"] != "user":  # several clients tell of a person
                fresh.add(place)
            seen.add(key)
        entry.known, entry.fresh, entry.refused = frozenset(known), frozenset(fresh), frozenset(refused)
        self._attempted |= seen

    def _enter(self, entry: Entry) -> None:
        """Note whom a call is about that is no list of lines."""
        person = self._about(entry.call)
        entry.barred = person in self._gone
        if entry.call.path == ERASE:
            self._leaving.add(entry.call.body["user_id"])
        elif entry.call.path.startswith("/score"):
            self._owners[entry.call.body["decision_id"]] = entry.call.body["user_id"]

    def _about(self, call: Call) -> str | None:
        body = call.body
        known = self._owners.get(body.get("tip_id") or body.get("decision_id"))
        return body.get("user_id") or known

    def _judge_refusal(self, entry: Entry) -> None:
        """Judge that a call was refused: one that fails half-way has to be, and one about somebody who has left."""
        call, code = entry.call, entry.answer["error"]["code"]
        meant = entry.barred and call.path != ERASE and code.replace("_", "").lower() in _OF_NOBODY
        if call.path != HALF and not meant:
            self.wrong.append(f"{call} was refused: {entry.answer}")

    def _count(self, entry: Entry) -> None:
        call = entry.call
        asked = json.dumps([len(self.entries) if call.path == "/recommend" else call.path, call.body])
        self.acknowledged += asked not in self._answered
        self._answered.add(asked)
        if call.path == ERASE:
            self._gone.add(call.body["user_id"])
        elif call.path == "/recommend":
            self._owners[entry.answer.get("tip_id")] = call.body["user_id"]

    def _count_lines(self, entry: Entry) -> None:
        answer = entry.answer
        refused = {each["index"] for each in answer.get("refused", [])}
        taken = {place: line for place, line in good(entry.call) if place not in refused}
        may_be = {place for place, line in good(entry.call) if person_of(line) in self._leaving}
        told = {key_of(line) for line in taken.values()}
        known, fresh = entry.known - refused, entry.fresh - refused
        self.sent_again += len(known)
        self.acknowledged += len(told - self._answered - self._published)
        self._answered |= told
        most = len(entry.call.body) - len(refused) - (len(fresh) if entry.sent <= 1 else 0)
        if not entry.refused <= refused <= entry.refused | may_be:
            self.wrong.append(f"of {entry.call} {sorted(entry.refused)} had to be refused: {answer}")
        elif not len(known) <= answer.get("duplicates", -1) <= most:
            self.wrong.append(f"of {entry.call} {len(known)} to {most} are repeated; answered {answer}")

    def _count_published(self, entry: Entry) -> None:
        """Count lines that the bus has acknowledged: whether they are recorded already, nobody says."""
        told = keys(entry.call)
        new = told - self._answered - self._published
        self.acknowledged += len(new)
        self.sent_again += len(entry.call.body) - len(entry.call.never) - len(new)
        self._published |= told

    def _write(self, document: Any) -> None:
        if self._file is None:
            self._file = self.path.open("a", encoding="utf-8")
        self._file.write(json.dumps(document) + "\n")


def good(call: Call) -> Iterator[tuple[int, Line]]:
    """Yield place and line of all that can be recorded of a list of lines."""
    return ((place, line) for place, line in enumerate(call.body) if place not in call.never)


def keys(call: Call) -> set[str]:
    """Return the keys of all that can be recorded of a list of lines."""
    return {key_of(line) for _, line in good(call)}
