"""What a source is: a file, or a package, that turns what another tool wrote into facts; and what all of them share.

A source declares one `Source`, imports this module, its own files, `oo.domain` and its own third-party library, and
nothing else.
"""

import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

from oo.domain.errors import Refused, UnreadableFile
from oo.domain.facts import Fact, TaskCompleted, TaskUpsert
from oo.domain.ids import shortened
from oo.domain.instant import EARLIEST, start_of
from oo.domain.strict_json import check_json, read_json, too_long
from oo.domain.wording import closest, in_plain_words

__all__ = [
    "LARGEST",
    "SAMPLE_BYTES",
    "ReadLine",
    "Reader",
    "Recogniser",
    "Source",
    "check_json",
    "closest",
    "completed",
    "decoded",
    "in_plain_words",
    "in_utf8",
    "read_json",
    "read_lines",
    "read_text",
    "read_whole",
    "without_mark",
]

SAMPLE_BYTES = 64 * 1024
"""How much of a file's beginning `recognises` is shown."""
LARGEST = 64 * 1024 * 1024
"""The most bytes that a file may have which is read as a whole."""

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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


def in_utf8(sample: bytes) -> bytes:
    """Return a sample that is marked as UTF-16 in UTF-8, and any other as it is."""
    if sample.startswith(_UTF16_MARKS):
        return sample.decode("utf-16", "ignore").encode("utf-8", "ignore")
    return sample


def without_mark(content: bytes) -> bytes:
    """Return UTF-8 without its byte order mark; raises `UnreadableFile` if the mark is that of UTF-16."""
    if content.startswith(_UTF16_MARKS):
        raise UnreadableFile("The file is UTF-16, not UTF-8.", "Convert it to UTF-8 and import it again.")
    return content.removeprefix(codecs.BOM_UTF8)


def decoded(content: bytes, encoding: str) -> str:
    """Decode a file in the encoding that a person named; raises `UnreadableFile` where it is in another."""
    try:
        return content.decode(encoding)
    except (LookupError, ValueError) as error:
        raise UnreadableFile(f"The file is not in the encoding {shortened(encoding)}.") from error


def read_whole(stream: BinaryIO, what: str, hint: str = "Split it.") -> bytes:
    """Read a file of at most `LARGEST` bytes; raises `UnreadableFile` beyond, which says `what` it is."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnreadableFile(f"{what} of over 64 MiB is not read.", hint)
    return content


def read_text(stream: BinaryIO, encoding: str | None, what: str, hint: str = "Split it.") -> str:
    """Read a file as a whole, and decode it: as UTF-8, or UTF-16 if it is so marked, where no encoding was named.

    What cannot be decoded there becomes a lone surrogate, so that only its line is refused. `what` and `hint` are for
    the refusal of a file that is too large.
    """
    content = read_whole(stream, what, hint)
    return (decoded(content, encoding) if encoding else _decoded_by_mark(content)).removeprefix("\ufeff")


def _decoded_by_mark(content: bytes) -> str:
    if content.startswith(_UTF16_MARKS):
        whole, half = divmod(len(content), 2)
        return content[: 2 * whole].decode("utf-16", "surrogatepass") + "\udcff" * half
    return content.decode("utf-8", "surrogateescape")


def read_lines(stream: BinaryIO, most: int, read: Callable[[bytes], Fact]) -> Iterator[ReadLine]:
    """Read a file of UTF-8 that holds one fact a line, of at most `most` bytes each; `read` may raise `Refused`.

    Holds one line at a time, and no more than `most` bytes of it. Raises `UnreadableFile` if the file is UTF-16.
    """
    for number, line in _numbered(stream, most):
        if line is None:
            yield ReadLine(number=number, refusal=str(too_long(most)))
            continue
        content = without_mark(line) if number == 1 else line
        if content and not content.isspace():
            yield _read_line(number, content, read)


def _read_line(number: int, line: bytes, read: Callable[[bytes], Fact]) -> ReadLine:
    try:
        return ReadLine(number=number, facts=(read(line),))
    except Refused as refusal:
        return ReadLine(number=number, refusal=str(refusal))


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
