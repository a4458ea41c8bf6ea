"""A file taken apart into its components, of which only the lines that are read are kept."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from oo.domain.errors import InvalidFact, UnreadableFile
from oo.sources.base import decoded, read_whole, without_mark

LONGEST = 10_000
"""The most bytes that a line may have, where it is one that is read."""

_KINDS = rb":[ \t]*(VCALENDAR|VEVENT|VTODO|VTIMEZONE|VJOURNAL|VFREEBUSY)[ \t]*$"
_BEGIN, _END = (re.compile(b"^" + verb + _KINDS, re.IGNORECASE | re.MULTILINE) for verb in (b"BEGIN", b"END"))
_READ = re.compile(
    rb"(UID|SEQUENCE|RECURRENCE-ID|DTSTART|DTEND|DUE|DURATION|RRULE|RDATE|EXDATE|SUMMARY|CATEGORIES|PRIORITY|STATUS"
    rb"|COMPLETED|CREATED|LAST-MODIFIED|TRANSP|X-MICROSOFT-CDO-BUSYSTATUS|METHOD|X-WR-TIMEZONE|TZ\w+)[;:]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A component: those of its lines that are read. `calendar` is what its VCALENDAR says, `zones` what it defines."""

    number: int
    kind: str
    calendar: dict[str, str]
    zones: dict[str, list[str]]
    lines: list[bytes]
    whole: bool

    def texts(self) -> list[str]:
        if not self.whole:
            raise InvalidFact(f"It has no END:{self.kind}.", "The file may be cut off: export it again.")
        if any(len(line) > LONGEST for line in self.lines):
            raise InvalidFact(f"One of its lines is longer than {LONGEST:,} bytes.", "Shorten it.")
        try:
            return [line.decode() for line in self.lines]
        except UnicodeDecodeError as error:
            raise InvalidFact("It is not valid UTF-8.", "Save the file as UTF-8.") from error


def parts_of(stream: BinaryIO, encoding: str | None) -> Iterator[Part]:
    """Take a file apart, as a whole: a zone or an override may stand anywhere in it.

    Raises `UnreadableFile` if it holds no calendar.
    """
    content = _content(stream, encoding)
    heads = [*_BEGIN.finditer(content)]
    number, at = 1, 0
    calendar: dict[str, str] | None = None
    zones: dict[str, list[str]] = {}
    for head, following in zip(heads, [*heads[1:], None], strict=False):
        number, at = number + content.count(b"\n", at, head.start()), head.start()
        body = content[head.end() : following.start() if following else None]
        tail = _END.search(body)
        kind, lines = head[1].decode().upper(), _own_lines(body[: tail.start()] if tail else body)
        if kind == "VCALENDAR":
            said = (line.decode(errors="replace").partition(":") for line in lines)
            calendar, zones = {name.upper(): value.strip() for name, _, value in said}, {}
        elif calendar is not None:
            whole = tail is not None and tail[1].upper() == head[1].upper()
            yield Part(number=number, kind=kind, calendar=calendar, zones=zones, lines=lines, whole=whole)
    if calendar is None:
        raise UnreadableFile("The file holds no BEGIN:VCALENDAR.", "Export it as iCalendar (.ics).")


def _own_lines(body: bytes) -> list[bytes]:
    """Return the lines that are read, folded ones put together: as bytes, since tools fold amid a character.

    Alarms are passed over; of a zone, what it is made of stays.
    """
    kept, depth = [], 0
    for line in io.BytesIO(body.replace(b"\n ", b"").replace(b"\n\t", b"")):
        begins, ends = line[:6].upper() == b"BEGIN:", line[:4].upper() == b"END:"
        is_of_zone = line.rstrip().upper().endswith((b":STANDARD", b":DAYLIGHT"))
        if (begins or ends) and not is_of_zone:
            depth = max(0, depth + begins - ends)
        elif not depth and (_READ.match(line) or begins or ends):
            kept.append(line.rstrip(b"\n"))
    return kept


def _content(stream: BinaryIO, encoding: str | None) -> bytes:
    """Return the file as UTF-8, each line ended alike."""
    content = read_whole(stream, "An iCalendar file")
    if encoding:
        content = decoded(content, encoding).encode("utf-8", "surrogatepass")
    return without_mark(content).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
