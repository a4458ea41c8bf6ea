"""A todo.txt file, as written by any of the tools that keep one.

todo.txt gives its tasks no ids, so a task is known by what it says: its description without priority, dates and
`key:value` tags, and which of the lines that say the same it is. An `id:`, `uid:` or `uuid:` tag takes the place of
what it says. Changing priority, dates or other tags therefore changes the task; changing its words makes another task.

A completed line completes the task that says the same; of several that do, the open lines are the first ones and the
completed ones follow by date. Except where it is the history of a recurring task beside its next occurrence: it has a
`rec:` tag, and an open line of the file says the same, or the file holds no open task at all (an archive, such as
done.txt). Such a line is a task of its own, known by what it says, its completion date, and which of these it is.

A completion is dated to the day. It is taken to have happened at the end of that day in the person's zone, or at the
import if that is earlier: at that time and not before, any earlier look at the file may have shown the task as open.
"""

import codecs
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import BinaryIO

from pytodotxt import Task

from oo.domain.errors import InvalidFact, InvalidInstant, Refused
from oo.domain.facts import TaskUpsert
from oo.domain.ids import digest, mapped, shortened
from oo.domain.instant import EARLIEST, parse_day_or_instant, start_of, zone
from oo.sources.base import ReadLine, Source, completed, in_utf8, read_text

LONGEST = 10_000
"""The most characters that a line may have."""

_PRIORITIES = {"A": 4, "B": 3, "C": 2}
_IDENTITY_TAGS = ("id", "uid", "uuid")
_LINKS = frozenset(Task.KEYVALUE_ALLOW) | {"file", "geo", "sms", "tel"}
_KEY, _VALUE = r"[a-z][\w.-]*", r"[^\s/\\:]\S*"
_DATE = r"\d{4}-\d{2}-\d{2}"
_MARK = r"(?=\S*[^\W\d_])\S+"
_TAG = re.compile(rf"(?!(?:{'|'.join(_LINKS)}):){_KEY}:{_VALUE}")
_MARKED = re.compile(rf"[+@]{_MARK}")
_UNREADABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff]")
# Some tools write the priority of a completed task before its dates or after both, most between them.
_PRIORITY_FIRST = re.compile(rf"x (\([A-Z]\)) ({_DATE})(?= |$)", re.ASCII)
_PRIORITY_LAST = re.compile(rf"x ({_DATE}) ({_DATE}) (\([A-Z]\))(?= |$)", re.ASCII)
_SIGN = re.compile(rf"x |\([A-Z]\) |{_DATE} |(.* )?([+@]{_MARK}|(due|t|rec):{_VALUE})", re.ASCII)
_CONTROLS = bytes({*range(32), 127} - {*b"\t\r\n"})


class _Line(Task):  # type: ignore[misc]  # pytodotxt has no types
    r"""A line as pytodotxt reads it, held to the format where the library is lenient.

    A priority is one letter, a date a word of its own. A project or context has a letter in it, so that the phone
    number +49 170 1234 is none. A key begins with a small letter, so that 10:30, C:\temp and Re:Offer are words.
    """

    PRIORITY_RE = re.compile(r"\s*\(([A-Z])\)(?=\s|$)")
    DATE_RE = re.compile(rf"\s*({_DATE})(?=\s|$)", re.ASCII)
    PROJECT_RE = re.compile(rf"(\s|^)\+({_MARK})")
    CONTEXT_RE = re.compile(rf"(\s|^)@({_MARK})")
    KEYVALUE_RE = re.compile(rf"(\s|^)({_KEY}):({_VALUE})")
    KEYVALUE_ALLOW = _LINKS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One task of the file. `name` is what it is known by; `completed_on` is None where no date was written."""

    number: int
    name: tuple[str, ...]
    title: str
    due: str | None
    created: str | None
    start: str | None
    priority: int
    category: str | None
    completed: bool
    completed_on: date | None
    recurs: bool


def _read(
    stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
) -> Iterator[ReadLine]:
    lines = [
        _read_line(number, text, tz)
        for number, text in _lines(read_text(stream, encoding, "A todo.txt file"))
    ]
    task_ids = _task_ids([line for line in lines if isinstance(line, _Entry)])
    for line in lines:
        if isinstance(line, ReadLine):
            yield line
        else:
            upsert = _upsert(line, task_ids[line.number], user_id, at_ms)
            closed_ms = _closed_ms(line.completed_on, at_ms, tz)
            facts = completed(upsert, closed_ms, tz) if line.completed else (upsert,)
            yield ReadLine(number=line.number, facts=facts)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line that is not blank, with its number; lines end as the file's first tool ended them."""
    end = "\n" if "\n" in text else "\r"
    for number, line in enumerate(text.split(end), 1):
        content = line.removesuffix("\r").lstrip("\ufeff")
        if content.strip():
            yield number, content


def _read_line(number: int, text: str, tz: str) -> _Entry | ReadLine:
    try:
        line = _Line(_clean(text))
        return ReadLine(number=number) if "1" in line.attributes.get("h", ()) else _entry(number, line, tz)
    except Refused as refusal:
        return ReadLine(number=number, refusal=str(refusal))
    except ValueError:
        reason = "A date at the beginning of the line is not in the calendar. Write it as 2026-11-20."
        return ReadLine(number=number, refusal=reason)


def _clean(text: str) -> str:
    """Return the line in one spelling: composed characters, single spaces, dates before nothing but the priority."""
    if len(text) > LONGEST:
        raise InvalidFact(f"The line is longer than {LONGEST:,} characters.", "Shorten it.")
    found = _UNREADABLE.search(text)
    if found and "\ud800" <= found[0] <= "\udfff":
        raise InvalidFact(f"Character {found.start() + 1} is not valid UTF-8.", "Save the file as UTF-8.")
    if found:
        what = "a NUL" if found[0] == "\0" else f"the control character U+{ord(found[0]):04X}"
        raise InvalidFact(f"Character {found.start() + 1} is {what}.", "Remove it.")
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if text[:1].isspace() and plain.startswith("x "):
        # Only an x at the very beginning completes; behind the lowest priority it is a word.
        return f"(Z) {plain}"
    return _PRIORITY_LAST.sub(r"x \1 \3 \2", _PRIORITY_FIRST.sub(r"x \2 \1", plain))


def _entry(number: int, line: _Line, tz: str) -> _Entry:
    words = [word for word in (line.description or "").split() if not _TAG.fullmatch(word)]
    if not words:
        raise InvalidFact("The line says nothing beside its tags.", "Write what is to be done.")
    tags = line.attributes
    created = line.creation_date and line.creation_date.isoformat()
    letter = line.priority or (tags.get("pri", [""])[0] if line.is_completed else "")
    return _Entry(
        number=number,
        name=_name(words, tags),
        title=_title(words),
        due=_moment("due", tags, tz),
        created=created and parse_day_or_instant(created),
        start=_moment("t", tags, tz),
        priority=_PRIORITIES.get(letter, 1),
        category=next(iter([*line.projects, *line.contexts]), None),
        completed=line.is_completed,
        completed_on=line.completion_date
        and date.fromisoformat(parse_day_or_instant(line.completion_date.isoformat())),
        recurs="rec" in tags,
    )


def _name(words: list[str], tags: dict[str, list[str]]) -> tuple[str, ...]:
    own = next((tags[tag][0] for tag in _IDENTITY_TAGS if tag in tags), None)
    return ("id", own) if own is not None else ("says", " ".join(words))


def _title(words: list[str]) -> str:
    """Return what people read: trailing projects and contexts left out, those inside the sentence without their sign.

    >>> _title(["Call", "@Ada", "about", "+garden", "plans", "@phone"])
    'Call Ada about garden plans'
    """
    last = max(
        (place for place, word in enumerate(words, 1) if not _MARKED.fullmatch(word)), default=len(words)
    )
    return " ".join(word[1:] if _MARKED.fullmatch(word) else word for word in words[:last])


def _moment(tag: str, tags: dict[str, list[str]], tz: str) -> str | None:
    """Return the tag's day, or its instant; a time without an offset is on the wall clock in `tz`."""
    if tag not in tags:
        return None
    text = tags[tag][0]
    try:
        if len(text) <= len("2026-11-20"):
            return parse_day_or_instant(date.fromisoformat(text).isoformat())
        moment = datetime.fromisoformat(text)
        return parse_day_or_instant(
            (moment if moment.tzinfo else moment.replace(tzinfo=zone(tz))).isoformat()
        )
    except (InvalidInstant, ValueError, OverflowError) as error:
        raise InvalidFact(
            f"{shortened(f'{tag}:{text}')} is not a date.", f"Write it as {tag}:2026-11-20."
        ) from error


def _task_ids(entries: list[_Entry]) -> dict[int, str]:
    """Return the id of the task on each line, by the line's number."""
    still_open = {entry.name for entry in entries if not entry.completed}
    seen: Counter[tuple[str, ...]] = Counter()
    task_ids = {}
    for entry in sorted(entries, key=lambda entry: (entry.completed, entry.completed_on or date.max)):
        name = entry.name
        if entry.completed and entry.recurs and (name in still_open or not still_open):
            name = (*name, "done", str(entry.completed_on))
        seen[name] += 1
        task_ids[entry.number] = _task_id(name, seen[name])
    return task_ids


def _task_id(name: tuple[str, ...], occurrence: int) -> str:
    if name[0] == "id" and name[2:] == () and occurrence == 1:
        return mapped(f"todotxt:{name[1]}")
    # No line holds a control character, so that two different names are never joined into one text.
    return f"todotxt:{digest(chr(31).join((*name, str(occurrence))))}"


def _upsert(entry: _Entry, task_id: str, user_id: str, at_ms: int) -> TaskUpsert:
    return TaskUpsert(
        user_id=user_id,
        at_ms=at_ms,
        task_id=task_id,
        title=entry.title,
        due=entry.due,
        created=entry.created,
        start=entry.start,
        priority=entry.priority,
        category=entry.category,
        source="todotxt",
    )


def _closed_ms(day: date | None, at_ms: int, tz: str) -> int:
    return min(at_ms, _end_of(day, tz)) if day else at_ms


def _end_of(day: date, tz: str) -> int:
    """Return the last millisecond of a day in the zone `tz`."""
    following = min(day, date.max - timedelta(days=1)) + timedelta(days=1)
    return max(EARLIEST, start_of(following.isoformat(), tz) - 1)


def _recognises(sample: bytes, filename: str) -> bool:
    sample = in_utf8(sample)
    begins = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if begins.startswith((b"{", b"[{", b"<", b"BEGIN:")) or controls > max(2, len(sample) // 20):
        return False
    if PurePath(filename).suffix.lower() in {"", ".txt", ".todo"}:
        return True
    lines = [line for line in begins.decode("utf-8", "replace").splitlines() if line.strip()]
    return bool(lines) and 2 * sum(bool(_SIGN.match(line)) for line in lines) >= len(lines)


SOURCE = Source(
    name="todotxt",
    description="todo.txt, as many tools keep it",
    needs_user=True,
    any_text=True,
    recognises=_recognises,
    read=_read,
)
