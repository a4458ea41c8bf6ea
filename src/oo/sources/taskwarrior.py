"""A Taskwarrior export, as `task export` prints it: JSON, one object a task.

Taskwarrior writes a task a line: in brackets with commas between (since 2.4), with commas alone (before), or with
neither (`rc.json.array=off`). Then `number` is that of the line, and a line that cannot be read takes no other with it.
Where another tool has put all tasks on one line, or each over several, the file is read as one document, as a whole or
not at all, and `number` counts the tasks in it.

A task is known by its uuid. It hides until `wait`, else until `scheduled`; its category is its project, with all its
dots, else its first tag. A time that is a midnight of the person's wall clock is a day, since that is what Taskwarrior
makes of one. A priority other than H, M and L is one that the person made up, and counts as none. What oO has no place
for is passed over: annotations, dependencies, recurrence, urgency, and whatever attributes a person defined.

A recurring task is a pattern: its occurrences are tasks, it is none. A task whose `until` has passed is deleted at that
time, as Taskwarrior deletes it when it is next run. Where `end` is missing, or lies ahead, a task ended at the import.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, TypeAlias

from oo.domain.errors import InvalidFact, InvalidInstant, Refused, UnreadableFile
from oo.domain.facts import TaskDeleted, TaskFact, TaskUpsert
from oo.domain.ids import mapped, shortened
from oo.domain.instant import format_instant, local_day, parse_instant, start_of
from oo.sources.base import (
    LARGEST,
    ReadLine,
    Source,
    closest,
    completed,
    in_utf8,
    read_json,
    read_text,
)

LONGEST = 1024 * 1024
"""The most bytes that a task on a line of its own may have: 1 MiB."""
LONGEST_TEXT = 10_000
"""The most characters that a description may have."""

_Attributes: TypeAlias = dict[str, Any]

_OPEN = ("pending", "waiting")
_STATUSES = (*_OPEN, "completed", "deleted", "recurring")
_PRIORITIES = {"H": 4, "M": 3, "L": 2}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SIGNS = (
    re.compile(rb'"uuid"\s*:\s*"'),
    re.compile(rb'"description"\s*:\s*"'),
    re.compile(rf'"status"\s*:\s*"(?:{"|".join(_STATUSES)})"'.encode()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One reading of a file: for whom and when, and which number each task had."""

    user_id: str
    tz: str
    at_ms: int
    seen: dict[str, int] = field(default_factory=dict)

    def line(self, number: int, found: object) -> ReadLine:
        """Return what comes of a value of the file, or of the refusal of one."""
        try:
            return ReadLine(number=number, facts=self._facts(number, _attributes(found)))
        except Refused as refusal:
            return ReadLine(number=number, refusal=str(refusal))

    def _facts(self, number: int, task: _Attributes) -> tuple[TaskFact, ...]:
        status = _status(task)
        if status == "recurring":
            return ()
        upsert = self._upsert(task)
        end_ms, until_ms = _instant(task, "end"), _instant(task, "until")
        self._first(number, upsert.task_id)
        if status not in _OPEN:
            close = completed if status == "completed" else _deleted
            return close(upsert, self.at_ms if end_ms is None else min(self.at_ms, end_ms), self.tz)
        if until_ms is not None and until_ms <= self.at_ms:
            return _deleted(upsert, until_ms, self.tz)
        return (upsert,)

    def _first(self, number: int, task_id: str) -> None:
        """Refuse a task that stood in the file before: which of the two holds, the file does not say."""
        first = self.seen.setdefault(task_id, number)
        if first != number:
            raise InvalidFact(f"The task has the uuid of number {first}.", "Keep one of the two.")

    def _upsert(self, task: _Attributes) -> TaskUpsert:
        created_ms = _instant(task, "entry")
        return TaskUpsert(
            user_id=self.user_id,
            at_ms=self.at_ms,
            task_id=mapped(f"taskwarrior:{_needed(task, 'uuid')}"),
            title=_needed(task, "description"),
            due=_moment(task, "due", self.tz),
            created=None if created_ms is None else format_instant(created_ms),
            start=_moment(task, "wait", self.tz) or _moment(task, "scheduled", self.tz),
            priority=_priority(task),
            category=_text(task, "project") or _first_tag(task),
            source="taskwarrior",
        )


def _read(
    stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
) -> Iterator[ReadLine]:
    reading = _Reading(user_id=user_id, tz=tz, at_ms=at_ms)
    for number, found in _values(read_text(stream, encoding, "A Taskwarrior export", "Export it in parts.")):
        yield reading.line(number, found)


def _values(text: str) -> Iterator[tuple[int, object]]:
    """Yield each task of the file, or why it is refused, with its number."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if _task_on(line)]
    if not _one_a_line([line for _, line in lines]):
        yield from enumerate(_document(text), 1)
        return
    for number, line in lines:
        try:
            yield number, read_json(_task_on(line), LONGEST)
        except Refused as refusal:
            yield number, refusal


def _task_on(line: str) -> str:
    r"""Return a line without what joins it to the others: the brackets of a list, and commas.

    >>> _task_on('[{"id":1},\r')
    '{"id":1}'
    """
    return line.strip().removeprefix("[").removesuffix("]").rstrip().removesuffix(",").strip()


def _one_a_line(lines: list[str]) -> bool:
    """Tell whether each line holds a task, as far as most of them do. A list on a line of its own holds any number."""
    if len(lines) == 1 and lines[0].lstrip().startswith("["):
        return False
    tasks = (_task_on(line) for line in lines)
    return 2 * sum(task.startswith("{") and task.endswith("}") for task in tasks) >= len(lines)


def _document(text: str) -> list[object]:
    try:
        value = read_json(text.strip(), LARGEST, what="file")
    except Refused as refusal:
        raise UnreadableFile(
            f"The file is neither a task a line nor one list of tasks: {refusal.message}",
            "Export it once more, with `task export`.",
        ) from refusal
    return value if isinstance(value, list) else [value]


def _attributes(found: object) -> _Attributes:
    if isinstance(found, Refused):
        raise found
    if not isinstance(found, dict):
        raise InvalidFact("Not a JSON object.", "A task is one, as `task export` writes it.")
    return found


def _status(task: _Attributes) -> str:
    status = _needed(task, "status")
    if status not in _STATUSES:
        raise InvalidFact(f"{shortened(status)} is not a status.", closest(status, _STATUSES))
    return status


def _needed(task: _Attributes, name: str) -> str:
    found = _text(task, name)
    if found is None:
        raise InvalidFact(f"`{name}` is missing.", "Every task has a uuid, a status and a description.")
    return found


def _text(task: _Attributes, name: str) -> str | None:
    """Return an attribute in one spelling: composed characters, single spaces; None where it is missing or blank."""
    value = task.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidFact(f"`{name}` must be a text.")
    return _plain(name, value) or None


def _plain(name: str, value: str) -> str:
    if len(value) > LONGEST_TEXT:
        raise InvalidFact(f"`{name}` is longer than {LONGEST_TEXT:,} characters.", "Shorten it.")
    text = " ".join(unicodedata.normalize("NFC", value).split())
    found = _CONTROL.search(text)
    if found:
        raise InvalidFact(f"`{name}` holds the control character U+{ord(found[0]):04X}.", "Remove it.")
    return text


def _first_tag(task: _Attributes) -> str | None:
    """Return the first tag of a list, or of a text with commas, as Taskwarrior once wrote it."""
    tags = task.get("tags") or []
    if isinstance(tags, str):
        tags = tags.split(",")
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise InvalidFact("`tags` must be a list of texts.")
    return next((_plain("tags", tag) for tag in tags if tag.strip()), None)


def _priority(task: _Attributes) -> int:
    value = task.get("priority")
    return _PRIORITIES.get(value, 1) if isinstance(value, str) else 1


def _instant(task: _Attributes, name: str) -> int | None:
    text = _text(task, name)
    if text is None:
        return None
    try:
        return parse_instant(text)
    except InvalidInstant as error:
        raise InvalidInstant(
            f"`{name}`: {error.message}", "Taskwarrior writes it as 20261120T093000Z."
        ) from error


def _moment(task: _Attributes, name: str, tz: str) -> str | None:
    """Return an attribute as the day that it begins in `tz`, or else as the instant that it is."""
    at_ms = _instant(task, name)
    if at_ms is None:
        return None
    day = local_day(at_ms, tz)
    return day if start_of(day, tz) == at_ms else format_instant(at_ms)


def _deleted(seen: TaskUpsert, closed_ms: int, tz: str) -> tuple[TaskUpsert, TaskDeleted]:
    """Return what happened to a task that is listed as deleted: it was written down, then deleted."""
    opened, closed = completed(seen, closed_ms, tz)
    return opened, TaskDeleted(
        user_id=closed.user_id, task_id=closed.task_id, at_ms=closed.at_ms, source=closed.source
    )


def _recognises(sample: bytes, filename: str) -> bool:
    begins = in_utf8(sample).removeprefix(codecs.BOM_UTF8).lstrip()
    if b"".join(begins.split()) == b"[]":
        return filename.lower().endswith(".json")
    return begins.startswith((b"{", b"[")) and all(sign.search(begins) for sign in _SIGNS)


SOURCE = Source(
    name="taskwarrior",
    description="Taskwarrior, as exported by `task export`",
    needs_user=True,
    recognises=_recognises,
    read=_read,
)
