"""When tasks are due.

Dates are words. Only a date that means one day whenever it is read is taken: `2026-08-20`, `20 Aug 2026`, `Aug 20, 2026
10:00`, with English names. `tomorrow`, `every monday`, and `Jan 5`, which Todoist writes for this year's, depend on the
day of the export, which the file does not hold: such a task has no due date from there, and its deadline in its place.
A time without an offset is on the wall clock of the record's zone, else in the person's.
"""

import re

from oo.domain.errors import InvalidFact, InvalidInstant
from oo.domain.ids import shortened
from oo.domain.instant import parse_day_or_instant
from oo.sources.todoist_csv.table import Cells

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


def due_of(cells: Cells, tz: str) -> str | None:
    """Return when a task is due, by its date, else by its deadline; `tz` is the person's zone."""
    tz = cells.get("TIMEZONE", "").strip() or tz
    return _moment("DATE", cells, tz) or _moment("DEADLINE", cells, tz)


def _moment(column: str, cells: Cells, tz: str) -> str | None:
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
