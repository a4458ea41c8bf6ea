"""Until when a tip may be put off: moments that people name, on the person's own wall clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from oo.console.when import Now, When, clock, moment
from oo.domain.errors import InvalidFact
from oo.domain.instant import HOUR, MINUTE, parse_day_or_instant, start_of

EVENING, MORNING = 18, 8
NIGHT_ENDS = 5
"""Before this hour, people who are up late call the coming morning `this morning`."""
_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One moment to put a tip off to; `key` is its name in the form."""

    key: str
    label: str
    until: When


def choices(now: Now) -> list[Choice]:
    """Return what to offer now; the evening only while it is well ahead."""
    morning = "This morning" if now.wall.hour < NIGHT_ENDS else "Tomorrow morning"
    labels = {"hour": "In an hour", "evening": "This evening", "morning": morning, "week": "Next week"}
    if now.wall.hour >= EVENING - 1:
        del labels["evening"]
    return [Choice(key=key, label=label, until=_seen(key, now)) for key, label in labels.items()]


def until_ms(key: str, now: Now) -> int:
    """Return the instant that a choice means now; raise `InvalidFact` for one that is never offered."""
    if key not in _MOMENTS:
        raise InvalidFact("There is no such time to snooze until.", f"There are: {', '.join(_MOMENTS)}.")
    return _MOMENTS[key](now)


def _in_an_hour(now: Now) -> int:
    """Return an hour from now, up to the next full minute: pressing twice in a row means the same."""
    return -(-(now.at_ms + HOUR) // MINUTE) * MINUTE


def _this_evening(now: Now) -> int:
    """Return this evening; on a page left open until then, an hour from now."""
    evening = _at(now.today, EVENING, now.tz)
    return evening if evening > now.at_ms else _in_an_hour(now)


def _in_the_morning(now: Now) -> int:
    return _at(now.today + timedelta(days=now.wall.hour >= NIGHT_ENDS), MORNING, now.tz)


def _next_week(now: Now) -> int:
    """Return the next Monday morning that is not tomorrow's."""
    days = _WEEK - now.today.weekday()
    return _at(now.today + timedelta(days=days if days > 1 else days + _WEEK), MORNING, now.tz)


_MOMENTS: Mapping[str, Callable[[Now], int]] = {
    "hour": _in_an_hour,
    "evening": _this_evening,
    "morning": _in_the_morning,
    "week": _next_week,
}


def _at(day: date, hour: int, tz: str) -> int:
    return start_of(parse_day_or_instant(f"{day.isoformat()}T{hour:02}:00", tz), tz)


def _seen(key: str, now: Now) -> When:
    """Name a choice's moment: by the clock alone where its label says which day that is."""
    at_ms = until_ms(key, now)
    named = moment(at_ms, now)
    return named if key == "week" else When(words=clock(at_ms, now), machine=named.machine)
