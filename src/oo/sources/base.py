"""What a source is: one file that turns what another tool wrote into facts; and what all such files share.

A source declares one `Source`, imports this module, `oo.domain` and its own third-party library, and nothing else.
"""

import codecs
import difflib
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, NoReturn, Protocol

from oo.domain.errors import InvalidFact, Refused, UnreadableFile
from oo.domain.facts import Fact, TaskCompleted, TaskUpsert
from oo.domain.ids import shortened
from oo.domain.instant import EARLIEST, start_of

SAMPLE_BYTES = 64 * 1024
"""How much of a file's beginning `recognises` is shown."""
DEEPEST = 32
"""How many lists and objects may stand in one another."""
_DIGITS = 19
_MOST_DIGITS = 32


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
            yield ReadLine(number=number, refusal=str(_too_long(most)))
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


def read_json(line: bytes | str, most: int) -> object:
    """Read one JSON value of at most `most` bytes of UTF-8, more strictly than the standard library does.

    Refused beside what is no JSON: a key given twice, NaN and infinities (`1e999` too), whole numbers beyond 64 bits,
    NUL characters, lone surrogates, and values nested deeper than `DEEPEST`. Raises `InvalidFact`.
    """
    text = _utf_8(line, most)
    try:
        value: object = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise InvalidFact(f"Not valid JSON at column {error.pos + 1}: {what}.") from error
    except RecursionError as error:
        raise InvalidFact(_TOO_DEEP) from error
    # Only an escape can spell a NUL or a lone surrogate; only many brackets can nest deeply.
    if "\\u" in text or text.count("{") + text.count("[") > DEEPEST:
        check_json(value)
    return value


def check_json(value: object, depth: int = 0) -> None:
    """Refuse what `read_json` refuses, in a JSON value that something else has parsed."""
    if isinstance(value, str):
        if "\0" in value or not (value.isascii() or _is_unicode(value)):
            raise InvalidFact(
                f"{shortened(value)} holds a NUL character or half a surrogate pair.", "Leave it out."
            )
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidFact(_NOT_FINITE)
    elif isinstance(value, int):
        _within_64_bits(value)
    elif isinstance(value, (dict, list)):
        if depth >= DEEPEST:
            raise InvalidFact(_TOO_DEEP)
        for part in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
            check_json(part, depth + 1)


_TOO_DEEP = f"Nested more than {DEEPEST} deep."
_NOT_FINITE = "NaN and infinities are not numbers that can be kept; leave the field out instead."


def _too_long(most: int) -> InvalidFact:
    return InvalidFact(f"The line is longer than {most:,} bytes.", "Leave out what is not needed.")


def _utf_8(line: bytes | str, most: int) -> str:
    try:
        raw = (line.encode() if isinstance(line, str) else line).rstrip(b"\r\n")
        if len(raw) > most:
            raise _too_long(most)
        return raw.decode()
    except UnicodeError as error:
        raise InvalidFact("The line is not UTF-8.", "Convert the file to UTF-8.") from error


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidFact(f"The key {shortened(twice)} is given twice.", "Give it once.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidFact(f"{shortened(text)} is too large a number.")
    return number


def _whole(text: str) -> int:
    # Long texts are refused unread: `int` takes quadratic time, and raises past its own limit.
    return int(text) if len(text) < _DIGITS else _within_64_bits(int(text[:_MOST_DIGITS]))


def _within_64_bits(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise InvalidFact("A whole number does not fit into 64 bits.")
    return number


def _not_a_number(_: str) -> NoReturn:
    raise InvalidFact(_NOT_FINITE)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_float=_finite, parse_int=_whole, parse_constant=_not_a_number
)


_SENTENCES = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "finite_number": "must be finite",
    "enum": "must be {expected}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "missing": "is missing",
}


def in_plain_words(kind: str, context: Mapping[str, Any]) -> str:
    """Return what pydantic means by an error of `kind`, to go after the name of a field.

    >>> in_plain_words("less_than_equal", {"le": 4})
    'must be at most 4'
    """
    return _SENTENCES.get(kind, "is not valid").format(**context)


def closest(name: str, known: Iterable[str]) -> str:
    """Return a hint for a name that does not exist: the closest of the `known` ones, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."
