"""The zones of times.

A time without a zone is on the wall clock of the calendar (X-WR-TIMEZONE), else of the person. Where a calendar names
its zone, what begins in UTC repeats on that wall clock, as Google means it. A TZID is sought among the names of the tz
database and of Windows, then among the zones that the file defines.
"""

import contextlib
import re

from icalendar import Timezone
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from oo.domain.errors import InvalidFact, InvalidZone, Refused
from oo.domain.ids import digest, shortened
from oo.domain.instant import zone
from oo.sources.ics.parts import Part
from oo.sources.ics.run import Run

MOST_ZONES, ZONE_LINES = 10, 100
"""The most zones without a known name that a file may define and use, and the most lines that one may have."""

_TIMES = re.compile(
    r"^(DTSTART|DTEND|DUE|RECURRENCE-ID|RDATE|EXDATE)((?:;(?:[^\":\n]|\"[^\"\n]*\")*)?):(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_PARAMETER = re.compile(r';(TZID|VALUE)=("[^"]*"|[^;"]*)', re.IGNORECASE)
_WALL_CLOCK = re.compile(r"T\d{6}(?!Z)", re.IGNORECASE)
# What clocks follow: once a year, in one month, on a weekday or a day of it.
_YEARLY = re.compile(
    r"RRULE:(;?(FREQ=YEARLY|INTERVAL=1|WKST=\w\w|UNTIL=\w+|BYMONTH=\d\d?|BYDAY=[+-]?[1-5]?\w\w|BYMONTHDAY=[\d,]+))+",
    re.IGNORECASE,
)
_OF_ZONE = re.compile(r"(BEGIN|END|DTSTART|RRULE|RDATE|TZOFFSET\w+|TZNAME)[;:]", re.IGNORECASE)


def zoned(text: str, part: Part, run: Run) -> str:
    """Return a component in which each time has a zone that icalendar knows, and a day has none."""

    def in_zone(times: re.Match[str]) -> str:
        name, parameters, value = times.groups()
        rest = _PARAMETER.sub("", parameters)
        if _WALL_CLOCK.search(value):
            tzid = {name.upper(): text for name, text in _PARAMETER.findall(parameters)}.get("TZID")
            rest += f";TZID={_zone_name(_plain(tzid), part.zones, run) if tzid else own_zone(part) or run.tz}"
        return f"{name}{rest}:{value.upper()}"

    return _TIMES.sub(in_zone, text)


def own_zone(part: Part) -> str | None:
    """Return the zone that the calendar of a component names; None if it names none that is known."""
    return _known_zone(part.calendar.get("X-WR-TIMEZONE", ""))


def define_zone(part: Part) -> None:
    """Let the calendar of a VTIMEZONE know the zone that this defines, if it can be read."""
    with contextlib.suppress(Refused):
        tzid = next((_plain(text[5:]) for text in part.texts() if text[:5].upper() == "TZID:"), "")
        part.zones[tzid] = [text for text in part.texts() if _OF_ZONE.match(text)]


def _plain(tzid: str) -> str:
    return tzid.replace("\\", "").strip('" ')


def _known_zone(tzid: str) -> str | None:
    """Return the name in the tz database of what may be a name of Windows, or begin with its maintainer's."""
    name = tzid.strip("/ ")
    parts = name.split("/") if tzid.startswith("/") else []
    for known in (name, WINDOWS_TO_OLSON.get(name), "/".join(parts[-3:]), "/".join(parts[-2:])):
        with contextlib.suppress(InvalidZone):
            if known:
                return zone(known).key
    return None


def _zone_name(tzid: str, zones: dict[str, list[str]], run: Run) -> str:
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
        if len(run.zones) == MOST_ZONES or _is_involved(zones[tzid]):
            raise InvalidFact(f"The time zone {shortened(tzid)} that the file defines is too involved.")
        # icalendar keeps each zone that it reads, for all files to come.
        Timezone.from_ical("\n".join(["BEGIN:VTIMEZONE", f"TZID:{name}", *zones[tzid], "END:VTIMEZONE"]))
        run.zones.add(name)
    return name


def _is_involved(lines: list[str]) -> bool:
    rules = (line for line in lines if line[:5].upper() == "RRULE")
    return len(lines) > ZONE_LINES or not all(map(_YEARLY.fullmatch, rules))
