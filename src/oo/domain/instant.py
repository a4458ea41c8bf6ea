"""Instants as integer epoch milliseconds, days as ISO dates, and a person's zones.

Everything that oO stores or compares is an instant: milliseconds since 1970-01-01T00:00:00Z. The local hour and
weekday are worked out once, when a fact comes in.
"""

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from oo.domain.errors import InvalidInstant, InvalidZone
from oo.domain.ids import shortened

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EARLIEST = 0
LATEST = 253_402_300_799_000
"""The last second of the year 9999: what `datetime` and every store can hold."""
FOREVER = 2**62
"""Later than every instant, and safe to add a window to in 64 bits."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def parse_instant(text: str) -> int:
    """Read an ISO 8601 date-time with an offset or `Z`; finer than milliseconds is cut off.

    >>> parse_instant("2026-09-01T07:30:00.000Z")
    1788247800000

    Raises `InvalidInstant` for anything else, a time without an offset included.
    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            hint = f"Add Z or an offset such as +02:00: {moment.isoformat()}Z."
            raise InvalidInstant(f"{shortened(text)} has no zone.", hint)
        return within_range((moment - _EPOCH) // _MILLISECOND)
    except (ValueError, OverflowError, TypeError) as error:
        raise _unreadable(text) from error


def within_range(at_ms: int) -> int:
    """Return `at_ms` if it lies in 1970-9999; raise `InvalidInstant` if it does not."""
    if not EARLIEST <= at_ms <= LATEST:
        raise InvalidInstant("The time lies outside the years 1970 to 9999.", "Check its unit: milliseconds.")
    return at_ms


def format_instant(at_ms: int) -> str:
    """Write an instant as ISO 8601 in UTC with milliseconds.

    >>> format_instant(1788247800000)
    '2026-09-01T07:30:00.000Z'
    """
    return (_EPOCH + at_ms * _MILLISECOND).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_day_or_instant(text: str, tz: str | None = None) -> str:
    """Read `2026-09-02` or a date-time, and return it in its one stored form.

    A date-time without an offset is one on the wall clock in `tz`, and refused where none is given.

    >>> parse_day_or_instant("2026-09-02"), parse_day_or_instant("2026-09-02T10:00", "Europe/Berlin")
    ('2026-09-02', '2026-09-02T08:00:00.000Z')
    """
    try:
        if len(text) == len("2026-09-02"):
            day = date.fromisoformat(text)
            within_range((datetime.combine(day, time(), UTC) - _EPOCH) // _MILLISECOND)
            return day.isoformat()
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and tz is not None:
            return format_instant(within_range((moment.replace(tzinfo=zone(tz)) - _EPOCH) // _MILLISECOND))
    except (ValueError, OverflowError, TypeError) as error:
        raise _unreadable(text) from error
    return format_instant(parse_instant(text))


def is_day(day_or_instant: str) -> bool:
    """Tell a stored day from a stored instant."""
    return len(day_or_instant) == len("2026-09-02")


def start_of(day_or_instant: str, tz: str) -> int:
    """Return when a stored day starts in the zone `tz`, or the stored instant itself; epoch milliseconds."""
    if not is_day(day_or_instant):
        return parse_instant(day_or_instant)
    midnight = datetime.combine(date.fromisoformat(day_or_instant), time(), zone(tz))
    return (midnight.astimezone(UTC) - _EPOCH) // _MILLISECOND


@functools.lru_cache(maxsize=1024)
def zone(tz: str) -> ZoneInfo:
    """Return the zone named `tz`; raise `InvalidZone` if the tz database has none of that name."""
    try:
        return ZoneInfo(tz)
    except (ValueError, OSError, KeyError) as error:
        raise InvalidZone(
            f"{shortened(tz)} is not a time zone.",
            "Use a name of the tz database, such as Europe/Berlin or UTC.",
        ) from error


def local(at_ms: int, tz: str) -> datetime:
    """Return the wall clock in `tz` at an instant."""
    moment = _EPOCH + at_ms * _MILLISECOND
    try:
        return moment.astimezone(zone(tz))
    except OverflowError:  # east of Greenwich, the last hours of 9999 lie past what `datetime` holds
        return moment


@functools.lru_cache(maxsize=1024)
def local_day(at_ms: int, tz: str) -> str:
    """Return the day on the wall clock in `tz` at an instant, as `2026-09-02`."""
    return local(at_ms, tz).date().isoformat()


@dataclass(frozen=True, slots=True)
class LocalTime:
    """What a person's wall clock showed: `hour` 0-23, `weekday` 0 (Monday) to 6."""

    hour: int
    weekday: int


def local_time(at_ms: int, tz: str) -> LocalTime:
    """Return the hour and weekday on the wall clock in `tz` at an instant.

    >>> local_time(1788247800000, "Europe/Berlin")
    LocalTime(hour=9, weekday=1)
    """
    wall = local(at_ms, tz)
    return LocalTime(wall.hour, wall.weekday())


def _unreadable(text: object) -> InvalidInstant:
    shown = shortened(text) if isinstance(text, str) else type(text).__name__
    return InvalidInstant(
        f"{shown} is not a time.",
        "Write it as 2026-09-01T07:30:00Z, or a day alone as 2026-09-01 where one is meant.",
    )
