"""A Todoist project as CSV: its export as a template, a file of its backup, or one written to be imported there.

One record a task, section or comment; columns are told apart by their names, so that old and new exports both are read.
In these files the priority 1 is the highest, and an empty one is 1, as Todoist reads it. A task's category is the
section that it stands in, else its first label; the project has its name outside the file. Labels stand at the end of
the text. A task that begins with `* ` is a heading, which cannot be completed: there is nothing to keep of it.

The export gives no ids, so a task is known by what it says: its text without labels, those of the tasks above it, and
which of the tasks that say the same it is. Changing priority, date, labels or section therefore changes the task;
changing its words, or those of a task above it, makes other tasks. Tasks of two projects that say the same are one.

Dates are words. Only a date that means one day whenever it is read is taken: `2026-08-20`, `20 Aug 2026`, `Aug 20, 2026
10:00`, with English names. `tomorrow`, `every monday`, and `Jan 5`, which Todoist writes for this year's, depend on the
day of the export, which the file does not hold: such a task has no due date from there, and its deadline in its place.
A time without an offset is on the wall clock of the record's zone, else in the person's.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

from oo.domain.errors import InvalidFact, InvalidInstant, Refused, UnreadableFile
from oo.domain.facts import TaskUpsert
from oo.domain.ids import digest, shortened
from oo.domain.instant import parse_day_or_instant
from oo.sources.base import ReadLine, Source, closest

LONGEST = 10_000
"""The most characters that the text of a task may have."""
LONGEST_RECORD = 100_000
"""The most characters that a record may have, comments and descriptions too."""
LARGEST = 64 * 1024 * 1024
"""The most bytes that a file may have."""
MOST_MISQUOTED = 100
"""So many records may have quotes out of place; beyond, nothing in the file can be told from anything else."""

_Cells: TypeAlias = Mapping[str, str]

_TYPES = ("task", "section", "note", "comment", "meta")
_ESSENTIAL = {"TYPE", "CONTENT"}
_PRIORITIES = {"1": 4, "2": 3, "3": 2, "4": 1, "": 4}
_DELIMITERS = ",;\t"
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_INDENT = re.compile(r"[1-9]\d?", re.ASCII)
_LABEL = re.compile(r"@[^\s@()\[\]]+")
_LINK = re.compile(r"\[([^\[\]]+)\]\((?:[^()\s]|\([^()\s]*\))+\)")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_NAMES = "january february march april may june july august september october november december"
_MONTHS = {name[:size]: number for number, name in enumerate(_NAMES.split(), 1) for size in (3, 4, 9)}
_MONTH = "|".join(_MONTHS)
_WEEKDAY = "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_DATE = re.compile(
    rf"""(?: (?P<iso>\d{{4}}-\d\d-\d\d)
           | (?:{_WEEKDAY}\.?,?\ )?
             (?: (?P<day>\d\d?)(?:st|nd|rd|th|\.)?\ (?P<month>{_MONTH})\.?
               | (?P<month_first>{_MONTH})\.?\ (?P<day_second>\d\d?)(?:st|nd|rd|th)? ),?\ (?P<year>\d{{4}}) )
         (?: (?:T|,?\ at\ |,?\ @\ ?|,?\ )
             (?: (?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?(?P<offset>Z|[+-]\d\d:?\d\d)?
               | (?P<hour12>1[0-2]|0?[1-9])(?::(?P<minute12>\d\d))?\ ?(?P<half>[ap])m ) )?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """A file taken apart: its lines with their ends, and what the first one that is not blank says of the others."""

    lines: list[str]
    header: int
    columns: list[str]
    delimiter: str

    def records(self) -> Iterator[tuple[int, _Cells | Refused]]:
        """Yield each record that is not blank, or why it is refused, with the number of the line that it begins on.

        A record goes on over several lines while a quote is open. One that is never closed would take all that follows
        with it: reading goes on at the next line that begins a record.
        """
        at, misquoted = self.header + 1, 0
        while at < len(self.lines):
            after, found = self._record(at)
            misquoted += isinstance(found, _Misquoted)
            if misquoted > MOST_MISQUOTED:
                raise UnreadableFile(f"Over {MOST_MISQUOTED:,} records have quotes out of place.", _EXPORT)
            if found:
                yield at + 1, found
            at = after

    def _record(self, at: int) -> tuple[int, _Cells | Refused]:
        """Return the place of the line after a record, and what the record holds: nothing if it is blank."""
        if len(self.lines[at]) > LONGEST_RECORD:
            return at + 1, InvalidFact(
                f"The record is longer than {LONGEST_RECORD:,} characters.", "Shorten it."
            )
        reader = csv.reader(self._span(at), delimiter=self.delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            return self._misquoted(at, _OUT_OF_PLACE)
        if not any(cell.strip() for cell in cells):
            return at + reader.line_num, {}
        if len(cells) != len(self.columns):
            what = f"The record has {len(cells)} columns, the header {len(self.columns)}."
            return self._misquoted(at, what) if reader.line_num > 1 else (at + 1, InvalidFact(what, _QUOTE))
        return at + reader.line_num, dict(zip(self.columns, cells, strict=True))

    def _span(self, at: int) -> Iterator[str]:
        """Yield the lines that a record which begins at `at` may have, up to one that is a record by itself."""
        size = 0
        for place in range(at, len(self.lines)):
            line = self.lines[place]
            size += len(line)
            if place > at and (size > LONGEST_RECORD or self._is_whole(line)):
                return
            yield line

    def _is_whole(self, line: str) -> bool:
        filled = line.count(self.delimiter) >= len(self.columns) - 1
        return filled and line.count('"') % 2 == 0 and self._begins(line)

    def _begins(self, line: str) -> bool:
        return line.partition(self.delimiter)[0].strip('"') in _TYPES

    def _misquoted(self, at: int, what: str) -> tuple[int, Refused]:
        rest = range(at + 1, len(self.lines))
        after = next((place for place in rest if self._begins(self.lines[place])), len(self.lines))
        left_out = f" Lines {at + 1} to {after} are left out." if after > at + 1 else ""
        return after, _Misquoted(f"{what}{left_out}", _QUOTE)


_OUT_OF_PLACE = f"A quote of the record is out of place, or not closed within {LONGEST_RECORD:,} characters."
_EXPORT = "Export it once more from Todoist."
_QUOTE = 'Put a text that holds delimiters, quotes or line ends between ", and double each " in it.'


class _Misquoted(InvalidFact):
    """A record whose end cannot be told."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One reading of a file: for whom and when; in which section, and under which tasks, the next record stands."""

    user_id: str
    tz: str
    at_ms: int
    section: str | None = None
    above: list[tuple[int, str]] = field(default_factory=list)
    said: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def line(self, number: int, found: _Cells | Refused) -> ReadLine:
        """Return what comes of a record, or of the refusal of one."""
        try:
            if isinstance(found, Refused):
                raise found
            return ReadLine(number=number, facts=self._facts(found))
        except Refused as refusal:
            return ReadLine(number=number, refusal=str(refusal))

    def _facts(self, cells: _Cells) -> tuple[TaskUpsert, ...]:
        kind = cells["TYPE"].strip()
        if kind == "task":
            return self._task(cells)
        if kind == "section":
            self._enter(cells)
        elif kind not in _TYPES:
            what = f"{shortened(kind)} is not a TYPE." if kind else "The record has no TYPE."
            raise InvalidFact(what, closest(kind, _TYPES))
        return ()

    def _enter(self, cells: _Cells) -> None:
        """Begin a section. One that is refused ends the one before all the same."""
        self.section = None
        self.above.clear()
        self.section = " ".join(_words(cells))

    def _task(self, cells: _Cells) -> tuple[TaskUpsert, ...]:
        words, labels = _parted(_words(cells))
        heading = words[0] == "*" and len(words) > 1
        name = self._placed(_indent(cells), " ".join(words[heading:]))
        priority, due = _priority(cells), _due(cells, self.tz)
        if heading:
            return ()
        upsert = TaskUpsert(
            user_id=self.user_id,
            at_ms=self.at_ms,
            task_id=self._task_id(name),
            title=_title(name[-1]),
            due=due,
            priority=priority,
            category=self.section or next(iter(labels), None),
            source="todoist-csv",
        )
        return (upsert,)

    def _placed(self, indent: int, says: str) -> tuple[str, ...]:
        """Put a task under the nearest one before it that is indented less; return what all these say, and it."""
        while self.above and self.above[-1][0] >= indent:
            self.above.pop()
        self.above.append((indent, says))
        return tuple(says for _, says in self.above)

    def _task_id(self, name: tuple[str, ...]) -> str:
        self.said[name] += 1
        # No text holds a control character, so that two different names are never joined into one text.
        return f"todoist-csv:{digest(chr(31).join((*name, str(self.said[name]))))}"


def _read(
    stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
) -> Iterator[ReadLine]:
    reading = _Reading(user_id=user_id, tz=tz, at_ms=at_ms)
    for number, found in list(_table(_text(stream, encoding)).records()):
        yield reading.line(number, found)


def _text(stream: BinaryIO, encoding: str | None) -> str:
    """Read and decode the file; what cannot be decoded becomes a lone surrogate, so that only its record is refused."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnreadableFile("A Todoist project of over 64 MiB is not read.", "Split it.")
    if encoding:
        try:
            return content.decode(encoding)
        except (LookupError, ValueError) as error:
            raise UnreadableFile(f"The file is not in the encoding {shortened(encoding)}.") from error
    if content.startswith(_BOMS):
        whole, half = divmod(len(content), 2)
        return content[: 2 * whole].decode("utf-16", "surrogatepass") + "\udcff" * half
    return content.decode("utf-8", "surrogateescape")


def _table(text: str) -> _Table:
    end = "\n" if "\n" in text else "\r"
    lines = [line + end for line in text.removeprefix("\ufeff").split(end)]
    header = next((place for place, line in enumerate(lines) if line.strip()), 0)
    for delimiter in _DELIMITERS:
        columns = _columns(lines[header], delimiter)
        if set(columns) >= _ESSENTIAL:
            return _Table(lines=lines, header=header, columns=columns, delimiter=delimiter)
    raise UnreadableFile(
        "The file does not begin with the names of columns, TYPE and CONTENT among them.", _EXPORT
    )


def _columns(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except csv.Error:
        return []


def _words(cells: _Cells) -> list[str]:
    """Return the words of a text in one spelling: composed characters, nothing between them but a space."""
    text = cells["CONTENT"]
    if len(text) > LONGEST:
        raise InvalidFact(f"CONTENT is longer than {LONGEST:,} characters.", "Shorten it.")
    found = _UNREADABLE.search(text)
    if found and "\ud800" <= found[0] <= "\udfff":
        raise InvalidFact("CONTENT is not valid UTF-8.", "Save the file as UTF-8.")
    if found:
        what = "a NUL" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
        raise InvalidFact(f"CONTENT holds {what}.", "Remove it.")
    return unicodedata.normalize("NFC", text).split()


def _parted(words: list[str]) -> tuple[list[str], list[str]]:
    """Part the words of a task from the labels after them, which lose their sign.

    >>> _parted(["Mail", "@bob", "today", "@work", "@10min"])
    (['Mail', '@bob', 'today'], ['work', '10min'])
    """
    last = max((place for place, word in enumerate(words, 1) if not _LABEL.fullmatch(word)), default=0)
    if not last:
        raise InvalidFact("CONTENT says nothing beside its labels.", "Write what is to be done.")
    return words[:last], [word[1:] for word in words[last:]]


def _title(text: str) -> str:
    """Return what people read: links by their text, and bold type as plain.

    >>> _title("**Read** [the report](https://example.org/a_(b))")
    'Read the report'
    """
    return _BOLD.sub(r"\1", _LINK.sub(r"\1", text)).strip() or text


def _indent(cells: _Cells) -> int:
    text = cells.get("INDENT", "").strip() or "1"
    if not _INDENT.fullmatch(text):
        raise InvalidFact(
            f"INDENT {shortened(text)} is not a whole number from 1 on.", "1 is a task under no other."
        )
    return int(text)


def _priority(cells: _Cells) -> int:
    text = cells.get("PRIORITY", "4").strip()
    if text not in _PRIORITIES:
        raise InvalidFact(f"PRIORITY {shortened(text)} is none of 1, 2, 3 and 4.", "1 is the highest.")
    return _PRIORITIES[text]


def _due(cells: _Cells, tz: str) -> str | None:
    tz = cells.get("TIMEZONE", "").strip() or tz
    return _moment("DATE", cells, tz) or _moment("DEADLINE", cells, tz)


def _moment(column: str, cells: _Cells, tz: str) -> str | None:
    """Return the day or instant that a date means whenever it is read; None if it means none such."""
    text = " ".join(cells.get(column, "").split())
    found = _DATE.fullmatch(text)
    if not found:
        return None
    try:
        return parse_day_or_instant(_day(found) + _clock(found), tz)
    except InvalidInstant as error:
        raise InvalidFact(
            f"{column} {shortened(text)} is not in the calendar.",
            "Write it as 2026-11-20, or 2026-11-20 10:00.",
        ) from error


def _day(found: re.Match[str]) -> str:
    if found["iso"]:
        return found["iso"]
    month = _MONTHS[(found["month"] or found["month_first"]).lower()]
    return f"{found['year']}-{month:02}-{int(found['day'] or found['day_second']):02}"


def _clock(found: re.Match[str]) -> str:
    """Return the time of a date as ISO 8601 has it after the day; nothing if it has none.

    >>> _clock(_DATE.fullmatch("20 Aug 2026 at 7:05pm")), _clock(_DATE.fullmatch("2026-08-20"))
    ('T19:05:00', '')
    """
    if found["half"]:
        hour = int(found["hour12"]) % 12 + 12 * (found["half"].lower() == "p")
        return f"T{hour:02}:{found['minute12'] or '00'}:00"
    if found["hour"]:
        return f"T{int(found['hour']):02}:{found['minute']}:{found['second'] or '00'}{found['offset'] or ''}"
    return ""


def _recognises(sample: bytes, filename: str) -> bool:  # noqa: ARG001  # .csv says too little
    try:
        _table(_text(io.BytesIO(sample), None))
    except Refused:
        return False
    return True


SOURCE = Source(
    name="todoist-csv",
    description="a Todoist project, exported as CSV",
    needs_user=True,
    recognises=_recognises,
    read=_read,
)
