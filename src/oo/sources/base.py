"""What a source is: one file that turns what another tool wrote into facts; and what all such files share.

A source declares one `Source`, imports this module, `oo.domain` and its own third-party library, and nothing else.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from oo.domain.errors import Refused, UnreadableFile
from oo.domain.facts import Fact, TaskCompleted, TaskUpsert
from oo.domain.instant import EARLIEST, start_of
from oo.domain.strict_json import check_json, read_json, too_long
from oo.domain.wording import closest, in_plain_words

__all__ = [
    "SAMPLE_BYTES",
    "ReadLine",
    "Reader",
    "Recogniser",
    "Source",
    "check_json",
    "closest",
    "completed",
    "in_plain_words",
    "read_json",
    "read_lines",
]

SAMPLE_BYTES = 64 * 1024
"""How much of a file's beginning `recognises` is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """What came of one line: its facts in the order in which they happened, or why it was refused.

    `number` counts from 1, as editors do. Neither facts nor a refusal: the line holds nothing to keep.
    """

    number: int
    facts: tuple[Fact, ...] = ()
    refusal: str | None = None


class Recogniser(Protocol):
    """Tells from the first `SAMPLE_BYTES` of a file, and from its name as a hint, whether it is of this format."""

    def __call__(self, sample: bytes, filename: str) -> bool:
        """Answer without raising, whatever the bytes are."""


class Reader(Protocol):
    """Reads a file line by line."""

    def __call__(
        self, stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
    ) -> Iterator[ReadLine]:
        """Yield what came of each line, in the order of the file; blank lines are passed over.

        `stream` stands at its beginning. `user_id` is whose tasks these are, `tz` that person's zone and `at_ms` the
        time of the import; a source that does not need a user ignores all three. `encoding` overrides what the source
        finds out by itself. The same bytes and arguments yield the same lines.

        Raises `UnreadableFile` where no line can be told from another.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A format that tasks or events come in.

    `name` is its `--format`. `needs_user`: the file does not say whose it is. `any_text`: every text is a valid file of
    this format, so that it is asked only when no other source recognises the file.
    """

    name: str
    description: str
    needs_user: bool
    recognises: Recogniser
    read: Reader
    any_text: bool = False


def completed(seen: TaskUpsert, closed_ms: int, tz: str) -> tuple[TaskUpsert, TaskCompleted]:
    """Return what happened to a task that a list shows as completed: it was written down, then completed.

    `seen` is the task as the list has it, `closed_ms` when it was completed, `tz` the zone in which a day of creation
    begins. A creation after the completion is a slip of the pen, and left out: the task is completed all the same.
    """
    opened_ms = max(EARLIEST, start_of(seen.created, tz)) if seen.created else closed_ms
    if opened_ms > closed_ms:
        seen, opened_ms = replace(seen, created=None), closed_ms
    closed = TaskCompleted(user_id=seen.user_id, task_id=seen.task_id, at_ms=closed_ms, source=seen.source)
    return replace(seen, at_ms=opened_ms), closed


def read_lines(stream: BinaryIO, most: int, read: Callable[[bytes], Fact]) -> Iterator[ReadLine]:
    """Read a file of UTF-8 that holds one fact a line, of at most `most` bytes each; `read` may raise `Refused`.

    Holds one line at a time, and no more than `most` bytes of it. Raises `UnreadableFile` if the file is UTF-16.
    """
    for number, line in _numbered(stream, most):
        if line is None:
            yield ReadLine(number=number, refusal=str(too_long(most)))
            continue
        content = _after_mark(line) if number == 1 else line
        if content and not content.isspace():
            yield _read_line(number, content, read)


def _read_line(number: int, line: bytes, read: Callable[[bytes], Fact]) -> ReadLine:
    try:
        return ReadLine(number=number, facts=(read(line),))
    except Refused as refusal:
        return ReadLine(number=number, refusal=str(refusal))


def _after_mark(line: bytes) -> bytes:
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFile("The file is UTF-16, not UTF-8.", "Convert it to UTF-8 and import it again.")
    return line.removeprefix(codecs.BOM_UTF8)


def _numbered(stream: BinaryIO, most: int) -> Iterator[tuple[int, bytes | None]]:
    """Yield each line with its number, its end still on; None for one of more than `most` bytes."""
    number = 0
    while line := stream.readline(most + 1):
        number += 1
        if len(line) <= most or line.endswith(b"\n"):
            yield number, line
        else:
            _skip_line(stream, most)
            yield number, None


def _skip_line(stream: BinaryIO, most: int) -> None:
    while (rest := stream.readline(most)) and not rest.endswith(b"\n"):
        pass
