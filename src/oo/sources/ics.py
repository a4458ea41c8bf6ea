"""An iCalendar file (RFC 5545), as calendars and task lists export it: a VTODO is a task, a VEVENT takes up time.

Each component is read by itself, and refused by the line on which it begins. It is known by its UID, or by what it says
where it has none; of several with the same UID the one with the greatest SEQUENCE counts.

A time without a zone is on the wall clock of the calendar (X-WR-TIMEZONE), else of the person. Where a calendar names
its zone, what begins in UTC repeats on that wall clock, as Google means it. A TZID is sought among the names of the tz
database and of Windows, then among the zones that the file defines.

An event becomes one fact for each occurrence in a window around the import, known by when it was first to begin, so
that moving an occurrence changes it; an event that does not repeat is known by its UID alone.

A repeating to-do is one task: its first open occurrence that is not due before the import, else its last; without a due
date, the last that has begun. An occurrence that was completed by itself is a task of its own.
"""

import codecs
import contextlib
import io
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import PurePath
from typing import Any, BinaryIO

from icalendar import Event, Timezone
from icalendar.prop import vRecur
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON
from recurring_ical_events import EventAdapter, Occurrence, Series, TodoAdapter
from recurring_ical_events.util import compare_greater

from oo.domain.errors import InvalidFact, InvalidZone, Refused, UnreadableFile
from oo.domain.facts import CalendarEvent, Fact, TaskDeleted, TaskUpsert
from oo.domain.ids import digest, mapped, shortened
from oo.domain.instant import local, parse_day_or_instant, start_of, zone
from oo.sources.base import ReadLine, Source, completed

LARGEST = 64 * 1024 * 1024
"""The most bytes that a file may have: it is read as a whole, for a zone or an override may stand anywhere in it."""
LONGEST = 10_000
"""The most bytes that a line may have, where it is one that is read."""
BEHIND, AHEAD = timedelta(days=90), timedelta(days=365)
"""The window of events: back over three of the 30 days that features look at, ahead as far as people plan."""
REACHES = timedelta(days=100), timedelta(days=4 * 366)
"""How far from the import the current occurrence of a to-do is sought: nearby, then to the next leap day."""
MOST_OCCURRENCES = 10_000
"""The most occurrences that are kept of a file, over twenty a day; and that are looked at of a to-do."""
MOST_ZONES, ZONE_LINES = 10, 100
"""The most zones without a known name that a file may define and use, and the most lines that one may have."""
RULE_EFFORT, FILE_EFFORT = 5_000_000, 50_000_000
"""What it may take to follow one rule, and all rules of a file: some seconds in all. See `_cost`."""

_KINDS = rb":[ \t]*(VCALENDAR|VEVENT|VTODO|VTIMEZONE|VJOURNAL|VFREEBUSY)[ \t]*$"
_BEGIN, _END = (re.compile(b"^" + verb + _KINDS, re.IGNORECASE | re.MULTILINE) for verb in (b"BEGIN", b"END"))
_READ = re.compile(
    rb"(UID|SEQUENCE|RECURRENCE-ID|DTSTART|DTEND|DUE|DURATION|RRULE|RDATE|EXDATE|SUMMARY|CATEGORIES|PRIORITY|STATUS"
    rb"|COMPLETED|CREATED|LAST-MODIFIED|TRANSP|X-MICROSOFT-CDO-BUSYSTATUS|METHOD|X-WR-TIMEZONE|TZ\w+)[;:]",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"^(DTSTART|DTEND|DUE|RECURRENCE-ID|RDATE|EXDATE)((?:;(?:[^\":\n]|\"[^\"\n]*\")*)?):(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_PARAMETER = re.compile(r';(TZID|VALUE)=("[^"]*"|[^;"]*)', re.IGNORECASE)
_WALL_CLOCK = re.compile(r"T\d{6}(?!Z)", re.IGNORECASE)
_RULES = ("RRULE", "RDATE", "EXDATE")
_STRICT = {"DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID", *_RULES, None}
# What clocks follow: once a year, in one month, on a weekday or a day of it.
_YEARLY = re.compile(
    r"RRULE:(;?(FREQ=YEARLY|INTERVAL=1|WKST=\w\w|UNTIL=\w+|BYMONTH=\d\d?|BYDAY=[+-]?[1-5]?\w\w|BYMONTHDAY=[\d,]+))+",
    re.IGNORECASE,
)
_OF_ZONE = re.compile(r"(BEGIN|END|DTSTART|RRULE|RDATE|TZOFFSET\w+|TZNAME)[;:]", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")
_PRIORITIES = {1: 4, 2: 4, 3: 4, 4: 4, 5: 3, 6: 2, 7: 2, 8: 2, 9: 2}
_DAYS = {"YEARLY": 365.0, "MONTHLY": 31.0, "WEEKLY": 7.0, "DAILY": 1.0}
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# All but the first are what the libraries let through on hostile values.
_FAULTS = (Refused, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, AssertionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
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


def _parts(content: bytes) -> Iterator[_Part]:
    """Take apart a file whose lines all end alike; raises `UnreadableFile` if it holds no calendar."""
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
            yield _Part(number=number, kind=kind, calendar=calendar, zones=zones, lines=lines, whole=whole)
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


@dataclass(slots=True, kw_only=True)
class _Run:
    """A file being read for a person, and how much it may still take."""

    user_id: str
    tz: str
    at_ms: int
    occurrences: int = MOST_OCCURRENCES
    effort: int = FILE_EFFORT
    zones: set[str] = field(default_factory=set)
    nameless: Counter[str] = field(default_factory=Counter)

    def text(self, moment: date) -> str:
        """Return a day or an instant in its stored form."""
        return parse_day_or_instant(moment.isoformat(), self.tz)

    def ms(self, moment: date) -> int:
        """Return an instant, or when a day begins for the person; epoch milliseconds."""
        return start_of(self.text(moment), self.tz)

    def over_ms(self, moment: date) -> int:
        """Return an instant, or the last of a day."""
        return self.ms(moment) if isinstance(moment, datetime) else self.ms(moment + timedelta(days=1)) - 1

    def steps(self, cost: int) -> Callable[[], None]:
        """Return what to call at each step of a rule: it raises `InvalidFact` once the rule has taken too long."""
        left = RULE_EFFORT

        def step() -> None:
            nonlocal left
            if cost > min(left, self.effort):
                raise InvalidFact("Its rule takes too long to follow.", "Let it repeat less often, or end.")
            left -= cost
            self.effort -= cost

        return step


def _zoned(text: str, part: _Part, run: _Run) -> str:
    """Return a component in which each time has a zone that icalendar knows, and a day has none."""

    def zoned(times: re.Match[str]) -> str:
        name, parameters, value = times.groups()
        rest = _PARAMETER.sub("", parameters)
        if _WALL_CLOCK.search(value):
            tzid = {name.upper(): text for name, text in _PARAMETER.findall(parameters)}.get("TZID")
            rest += (
                f";TZID={_zone_name(_plain(tzid), part.zones, run) if tzid else _own_zone(part) or run.tz}"
            )
        return f"{name}{rest}:{value.upper()}"

    return _TIMES.sub(zoned, text)


def _plain(tzid: str) -> str:
    return tzid.replace("\\", "").strip('" ')


def _own_zone(part: _Part) -> str | None:
    return _known_zone(part.calendar.get("X-WR-TIMEZONE", ""))


def _known_zone(tzid: str) -> str | None:
    """Return the name in the tz database of what may be a name of Windows, or begin with its maintainer's."""
    name = tzid.strip("/ ")
    parts = name.split("/") if tzid.startswith("/") else []
    for known in (name, WINDOWS_TO_OLSON.get(name), "/".join(parts[-3:]), "/".join(parts[-2:])):
        with contextlib.suppress(InvalidZone):
            if known:
                return zone(known).key
    return None


def _zone_name(tzid: str, zones: dict[str, list[str]], run: _Run) -> str:
    """Return the name by which icalendar knows a zone; one that the file defines is named for how it does so."""
    if known := _known_zone(tzid):
        return known
    if tzid not in zones:
        raise InvalidFact(
            f"{shortened(tzid)} is no time zone, and the file defines none of that name.",
            "Use a name of the tz database, such as Europe/Berlin.",
        )
    name = f"oo-{digest(chr(10).join(zones[tzid]))}"
    if name not in run.zones:
        rules = [line for line in zones[tzid] if line[:5].upper() == "RRULE"]
        if (
            len(zones[tzid]) > ZONE_LINES
            or len(run.zones) == MOST_ZONES
            or not all(map(_YEARLY.fullmatch, rules))
        ):
            raise InvalidFact(f"The time zone {shortened(tzid)} that the file defines is too involved.")
        # icalendar keeps each zone that it reads, for all files to come.
        Timezone.from_ical("\n".join(["BEGIN:VTIMEZONE", f"TZID:{name}", *zones[tzid], "END:VTIMEZONE"]))
        run.zones.add(name)
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A VEVENT or VTODO that was understood; with `first`, of the one occurrence alone that was first to begin then."""

    number: int
    kind: str
    run: _Run
    uid: str
    component: Any
    first: date | None
    rank: tuple[int, int]
    is_cancelled: bool

    @property
    def is_done(self) -> bool:
        return "COMPLETED" in self.component or _said(self.component, "STATUS").upper() == "COMPLETED"

    @property
    def is_closed(self) -> bool:
        return self.is_cancelled or self.is_done

    @property
    def repeats(self) -> bool:
        return "RRULE" in self.component or "RDATE" in self.component

    def id(self, first: date | None) -> str:
        """Return the id of the occurrence that was first to begin then, or of all."""
        return mapped(f"ics:{self.uid}" if first is None else f"ics:{self.uid}:{self.run.text(first)}")

    def told(self, name: str) -> date | None:
        """Return a time if it is there and makes sense."""
        with contextlib.suppress(*_FAULTS):
            moment: date = self.component[name].dt
            return moment if self.run.over_ms(moment) >= 0 else None
        return None

    def stamp(self, *names: str) -> int:
        """Return the first of these times that makes sense, but none after the import; else the import."""
        moment = next(filter(None, map(self.told, names)), None)
        return min(self.run.at_ms, self.run.over_ms(moment)) if moment else self.run.at_ms


def _said(component: Any, name: str) -> str:
    """Return a text on one line; empty if there is none."""
    return _UNPRINTABLE.sub(" ", str(component.get(name, ""))).strip()


def _each(component: Any, name: str) -> list[Any]:
    value = component.get(name, [])
    return value if isinstance(value, list) else [value]


def _adapter(kind: str, component: Any) -> Any:
    return (EventAdapter if kind == "VEVENT" else TodoAdapter)(component)


def _entry(part: _Part, run: _Run) -> _Entry:
    # A to-do too: it is in a VEVENT alone that icalendar forgives what does not matter here.
    text = _zoned("\n".join(["BEGIN:VEVENT", *part.texts(), "END:VEVENT"]), part, run)
    component: Any = Event.from_ical(text)
    for name, _ in component.errors:
        if name in _STRICT:
            raise InvalidFact(f"Its {name or 'lines'} cannot be read.", "Write times as 20261120T090000Z.")
    for name in {*component} - {*_RULES, "CATEGORIES"}:
        component[name] = _each(component, name)[0]
    _mend(part.kind, component, _own_zone(part), run)
    sequence = component.pop("SEQUENCE", 0)
    entry = _Entry(
        number=part.number,
        kind=part.kind,
        run=run,
        uid=_said(component, "UID") or _says(part.kind, component, run),
        component=component,
        first=component["RECURRENCE-ID"].dt if "RECURRENCE-ID" in component else None,
        rank=(sequence if isinstance(sequence, int) else 0, part.number),
        is_cancelled="CANCEL"
        in {part.calendar.get("METHOD", "").upper(), _said(component, "STATUS").upper()[:6]},
    )
    entry.id(entry.first)  # refuses an occurrence outside of all time
    return entry


def _says(kind: str, component: Any, run: _Run) -> str:
    """Return what a component without a UID is known by: what it says, and how many said the same before it."""
    begins = component["DTSTART"].dt if kind == "VEVENT" else ""
    says = f"{kind}/{begins}/{_said(component, 'SUMMARY')}"
    run.nameless[says] += 1
    return digest(f"{says}/{run.nameless[says]}")


def _mend(kind: str, component: Any, own_zone: str | None, run: _Run) -> None:
    """Refuse what makes no sense, and lay out the rest so that it can be repeated."""
    is_event = kind == "VEVENT"
    if is_event and "DTSTART" not in component:
        raise InvalidFact("The event has no DTSTART.", "Say when it begins.")
    if not is_event and not _said(component, "SUMMARY"):
        raise InvalidFact("The to-do has no SUMMARY.", "Say what is to be done.")
    start, end = component.get("DTSTART"), component.get("DTEND")
    if start and end and start.dt == end.dt and not isinstance(start.dt, datetime):
        del component["DTEND"]  # some tools give the last day of an event, not the one after it
    if start and own_zone and str(getattr(start.dt, "tzinfo", "")) == "UTC":
        start.dt = start.dt.astimezone(zone(own_zone))
    times = _adapter(kind, component)
    if compare_greater(times.raw_start, times.raw_end):
        if is_event:
            raise InvalidFact("It ends before it begins.", "Check DTSTART and DTEND.")
        del component["DTSTART"]
    if not ("DTSTART" in component or "DUE" in component):
        for name in _RULES:
            component.pop(name, None)
    for rule in _each(component, "RRULE"):
        _mend_rule(rule, times.raw_start, run)


def _mend_rule(rule: vRecur, start: date, run: _Run) -> None:
    """Bring UNTIL into the form that DTSTART asks for: UTC, or a day. A day is the last on which it begins."""
    if "UNTIL" in rule and "COUNT" in rule:
        raise InvalidFact("Its rule has both COUNT and UNTIL.", "Leave one out.")
    if "UNTIL" in rule:
        until = rule["UNTIL"][0]
        clock = getattr(start, "tzinfo", None) or zone(run.tz)
        if not isinstance(until, datetime):
            until = datetime.combine(until, time.max)
        until = until if until.tzinfo else until.replace(tzinfo=clock)
        rule["UNTIL"] = [
            until.astimezone(UTC) if isinstance(start, datetime) else until.astimezone(clock).date()
        ]


class _Interval(int):
    """The INTERVAL of a rule. dateutil adds it up at each step, even where it finds nothing: so steps are counted."""

    step: Callable[[], None]

    def __radd__(self, other: int) -> int:
        self.step()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self.step()
        return int(self) * other


def _cost(rule: vRecur) -> int:
    """Return what a step of a rule takes, in 70 ns or so, by the days and times of day that it looks at."""
    sizes = {name: len(values) for name, values in rule.items() if name.startswith("BY")}
    times = math.prod(sizes.pop(name, 1) for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    days = _DAYS.get(rule["FREQ"][0], 0.05) * max(1, *rule.get("INTERVAL", [1]))
    return int(20 + days) * times * (1 + sum(sizes.values()) // 8)


class _Occurrence(Occurrence):  # type: ignore[misc]  # recurring_ical_events has no types
    @property
    def entry(self) -> Any:
        return self._adapter.entry

    @property
    def first(self) -> Any:
        is_moved = self.entry.first is not None and not self._adapter.this_and_future
        return self.entry.first if is_moved else self.start - self._adapter.move_recurrences_by


class _Series(Series):  # type: ignore[misc]  # the same
    """An event or to-do with its overrides, whose rules are followed only as far as they may cost."""

    class RecurrenceRules(Series.RecurrenceRules):  # type: ignore[misc]  # the same
        def rrulestr(self, rule_string: str) -> Any:
            parsed = vRecur.from_ical(rule_string)
            interval = _Interval(parsed.get("INTERVAL", [1])[0])
            interval.step = self.core.entry.run.steps(_cost(parsed))
            interval.step()  # making a rule takes what a step of it does
            made = super().rrulestr(rule_string)
            rule = made.replace(interval=interval)
            rule.string, rule.until = made.string, made.until
            return rule

    def occurrence(self, adapter: Any, start: date | None = None, end: date | None = None) -> _Occurrence:
        return _Occurrence(adapter, start, end)


def _occurrences(
    group: Sequence[_Entry], before: timedelta, after: timedelta, most: int
) -> list[_Occurrence]:
    """Return in their order the occurrences within so much of the import."""
    run = group[0].run
    adapters = [_adapter(entry.kind, entry.component) for entry in group]
    for adapter, entry in zip(adapters, group, strict=True):
        adapter.entry = entry
    now = local(run.at_ms, run.tz)
    found = list(islice(_Series(adapters).between(now - before, now + after), most + 1))
    if len(found) > most:
        raise InvalidFact(
            f"With it there are more than {MOST_OCCURRENCES:,} occurrences.",
            "Let it repeat less often, or split the file.",
        )
    return sorted(found, key=lambda occurrence: run.ms(occurrence.start))


def _events(group: Sequence[_Entry]) -> dict[int, list[Fact]]:
    run, lines = group[0].run, defaultdict[int, list[Fact]](list)
    found = {
        occurrence.first: occurrence for occurrence in _occurrences(group, BEHIND, AHEAD, run.occurrences)
    }
    for occurrence in found.values():
        lines[occurrence.entry.number].append(_event(occurrence))
    run.occurrences -= len(found)
    return lines


def _event(occurrence: _Occurrence) -> CalendarEvent:
    entry: _Entry = occurrence.entry
    start_ms = entry.run.ms(occurrence.start)
    shown = {_said(entry.component, name).upper() for name in ("TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS")}
    return CalendarEvent(
        user_id=entry.run.user_id,
        # Not DTSTAMP: tools write there when they wrote the file.
        at_ms=entry.stamp("LAST-MODIFIED", "CREATED"),
        event_id=entry.id(occurrence.first if entry.repeats or entry.first else None),
        start_ms=start_ms,
        # Where clocks go forward, an end may come out before a start that no clock shows.
        end_ms=max(start_ms, entry.run.ms(occurrence.end)),
        busy=not entry.is_cancelled and shown.isdisjoint({"TRANSPARENT", "FREE"}),
    )


def _todos(group: Sequence[_Entry]) -> dict[int, list[Fact]]:
    whole = next((entry for entry in group if entry.first is None), None)
    lines = {
        entry.number: _task(entry, entry.id(entry.first), *_times(entry))
        for entry in group
        if entry.first and (whole is None or entry.is_done)
    }
    return lines | ({whole.number: _current(whole, group)} if whole else {})


def _current(whole: _Entry, group: Sequence[_Entry]) -> list[Fact]:
    """Return the facts about a to-do; if it repeats, as its current occurrence has it."""
    if whole.is_closed or not whole.repeats:
        return _task(whole, whole.id(None), *_times(whole))
    found: list[_Occurrence] = []
    chosen: _Occurrence | None = None
    for reach in REACHES:
        if chosen is None:
            found = [
                each
                for each in _occurrences(group, reach, reach, MOST_OCCURRENCES)
                if not each.entry.is_closed
            ]
            chosen = _in_turn(whole, found)
    if not found:
        last = max(group, key=lambda entry: (entry.is_done, entry.stamp("COMPLETED")))
        return _task(last, whole.id(None), *_times(last))
    chosen = chosen or found[0 if _times(whole)[1] is None else -1]
    begins, due = _times(chosen.entry)
    return _task(chosen.entry, whole.id(None), begins and chosen.start, due and chosen.end)


def _in_turn(whole: _Entry, found: Sequence[_Occurrence]) -> _Occurrence | None:
    """Return the first that is not due before the import, or the last that has begun of what is never due."""
    run = whole.run
    if _times(whole)[1] is None:
        return next((each for each in reversed(found) if run.ms(each.start) <= run.at_ms), None)
    return next((each for each in found if run.over_ms(each.end) >= run.at_ms), None)


def _times(entry: _Entry) -> tuple[date | None, date | None]:
    """Return when a to-do begins and when it is due, so far as it says so."""
    component = entry.component
    begins = component["DTSTART"].dt if "DTSTART" in component else None
    is_due = "DUE" in component or (begins and "DURATION" in component)
    return begins, TodoAdapter(component).raw_end if is_due else None


def _task(entry: _Entry, task_id: str, begins: date | None, due: date | None) -> list[Fact]:
    component, run, created = entry.component, entry.run, entry.told("CREATED")
    categories = (
        _UNPRINTABLE.sub(" ", one).strip() for some in _each(component, "CATEGORIES") for one in some.cats
    )
    task = TaskUpsert(
        user_id=run.user_id,
        at_ms=run.at_ms,
        task_id=task_id,
        title=_said(component, "SUMMARY"),
        due=run.text(due) if due else None,
        created=run.text(created) if created else None,
        start=run.text(begins) if begins else None,
        priority=_PRIORITIES.get(component.get("PRIORITY"), 1),
        category=next(filter(None, categories), None),
        source="ics",
    )
    if not entry.is_closed:
        return [task]
    task, closed = completed(
        task, entry.stamp("LAST-MODIFIED" if entry.is_cancelled else "COMPLETED"), run.tz
    )
    if not entry.is_cancelled:
        return [task, closed]
    return [task, TaskDeleted(user_id=run.user_id, task_id=task_id, at_ms=closed.at_ms, source="ics")]


def _read(
    stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
) -> Iterator[ReadLine]:
    run = _Run(user_id=user_id, tz=tz, at_ms=at_ms)
    parts = [*_parts(_content(stream, encoding))]
    entries, lines = [], {}
    for part in (part for part in parts if part.kind == "VTIMEZONE"):
        with contextlib.suppress(Refused):
            tzid = next((_plain(text[5:]) for text in part.texts() if text[:5].upper() == "TZID:"), "")
            part.zones[tzid] = [text for text in part.texts() if _OF_ZONE.match(text)]
    for part in (part for part in parts if part.kind in {"VEVENT", "VTODO"}):
        try:
            entries.append(_entry(part, run))
        except _FAULTS as error:
            lines[part.number] = _refused(part.number, error)
    for group in _groups(entries):
        lines |= _lines(group)
    yield from (
        lines.get(part.number, ReadLine(number=part.number)) for part in parts if part.kind != "VTIMEZONE"
    )


def _groups(entries: Sequence[_Entry]) -> list[list[_Entry]]:
    """Return together what tells of the same event or to-do, and only the last word on each of its occurrences."""
    by_rank = sorted(entries, key=lambda entry: entry.rank)
    latest = {(entry.kind, entry.uid, entry.first): entry for entry in by_rank}
    groups = defaultdict(list)
    for (kind, uid, _), entry in latest.items():
        groups[kind, uid].append(entry)
    return sorted(groups.values(), key=lambda group: min(entry.number for entry in group))


def _lines(group: Sequence[_Entry]) -> dict[int, ReadLine]:
    try:
        facts = _events(group) if group[0].kind == "VEVENT" else _todos(group)
    except _FAULTS as error:
        if len(group) == 1:
            return {group[0].number: _refused(group[0].number, error)}
        # One that makes no sense takes nothing of the others with it.
        return {number: line for entry in group for number, line in _lines([entry]).items()}
    return {number: ReadLine(number=number, facts=tuple(some)) for number, some in facts.items()}


def _refused(number: int, error: Exception) -> ReadLine:
    reason = str(error) if isinstance(error, Refused) else "Its times, or how it repeats, make no sense."
    return ReadLine(number=number, refusal=reason)


def _content(stream: BinaryIO, encoding: str | None) -> bytes:
    """Return the file as UTF-8, each line ended alike."""
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise UnreadableFile("An iCalendar file of over 64 MiB is not read.", "Split it.")
    if encoding:
        try:
            content = content.decode(encoding).encode("utf-8", "surrogatepass")
        except (LookupError, ValueError) as error:
            raise UnreadableFile(f"The file is not in the encoding {shortened(encoding)}.") from error
    if content.startswith(_BOMS):
        raise UnreadableFile("The file is UTF-16, not UTF-8.", "Convert it to UTF-8 and import it again.")
    return content.removeprefix(codecs.BOM_UTF8).replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _recognises(sample: bytes, filename: str) -> bool:
    if sample.startswith(_BOMS):
        sample = sample.decode("utf-16", "ignore").encode("utf-8", "ignore")
    begins = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    is_named_so = PurePath(filename).suffix.lower() in {".ics", ".ical"}
    return begins[:15].upper() == b"BEGIN:VCALENDAR" if begins else is_named_so


SOURCE = Source(
    name="ics",
    description="iCalendar, tasks and events",
    needs_user=True,
    recognises=_recognises,
    read=_read,
)
