"""Days and times in words, on the wall clock of the person who reads them."""

from dataclasses import dataclass
from datetime import date, datetime

from oo.domain.instant import is_day, local, start_of
from oo.domain.wording import counted

_WEEK = 7
_NEAR = {-1: "yesterday", 0: "today", 1: "tomorrow"}


@dataclass(frozen=True, slots=True)
class Now:
    """The instant of a request, and the zone that the person lives in then."""

    at_ms: int
    tz: str

    @property
    def wall(self) -> datetime:
        """What the person's wall clock shows."""
        return local(self.at_ms, self.tz)

    @property
    def today(self) -> date:
        """The day on the person's calendar."""
        return self.wall.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A time: in words for people, and in the form of a `<time>` element for programs."""

    words: str
    machine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Due(When):
    """When a task is due; `late` where that is over."""

    late: bool


def day_in_words(day: date, today: date) -> str:
    """Name a day as seen from today.

    >>> day_in_words(date(2026, 9, 4), date(2026, 9, 1)), day_in_words(date(2027, 1, 9), date(2026, 9, 1))
    ('Friday', '9 January 2027')
    """
    away = (day - today).days
    if away in _NEAR:
        return _NEAR[away]
    if 1 < away < _WEEK:
        return f"{day:%A}"
    return f"{day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def today_in_words(now: Now) -> When:
    """Name the day that it is."""
    return When(words=f"{now.today:%A}, {now.today.day} {now.today:%B}", machine=now.today.isoformat())


def clock(at_ms: int, now: Now) -> str:
    """Return what the wall clock shows at an instant, as 09:30."""
    return f"{local(at_ms, now.tz):%H:%M}"


def moment(at_ms: int, now: Now) -> When:
    """Name an instant as seen from now: `tomorrow at 08:00`."""
    then = local(at_ms, now.tz)
    words = f"{day_in_words(then.date(), now.today)} at {clock(at_ms, now)}"
    return When(words=words, machine=then.isoformat(timespec="minutes"))


def due(day_or_instant: str, now: Now) -> Due:
    """Say when a task is due, or for how long it has been."""
    if is_day(day_or_instant):
        day = date.fromisoformat(day_or_instant)
        return Due(words=_due_day(day, now.today), machine=day_or_instant, late=day < now.today)
    return _due_instant(start_of(day_or_instant, now.tz), now)


def _due_instant(at_ms: int, now: Now) -> Due:
    then, late = local(at_ms, now.tz), at_ms < now.at_ms
    machine = then.isoformat(timespec="minutes")
    if late and then.date() == now.today:
        return Due(words=f"overdue since {clock(at_ms, now)}", machine=machine, late=True)
    words = _due_day(then.date(), now.today)
    return Due(words=words if late else f"{words} at {clock(at_ms, now)}", machine=machine, late=late)


def _due_day(day: date, today: date) -> str:
    late_by = (today - day).days
    return f"{counted(late_by, 'day')} overdue" if late_by > 0 else f"due {day_in_words(day, today)}"
