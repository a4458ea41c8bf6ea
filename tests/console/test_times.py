"""Moments that people name, on the wall clock of where they live, right through a change of clocks."""

import pytest

from oo.console.snooze import choices, until_ms
from oo.console.when import Now
from oo.domain.errors import InvalidFact
from oo.domain.instant import HOUR, format_instant, local, parse_instant


def wall(now: Now, key: str) -> str:
    return f"{local(until_ms(key, now), now.tz):%a %d %H:%M}"


def at(text: str, tz: str) -> Now:
    """A moment told by the person's own wall clock and its offset."""
    return Now(parse_instant(text), tz)


@pytest.mark.parametrize(
    ("now", "evening", "morning", "week"),
    [
        (at("2026-09-22T09:34:00+02:00", "Europe/Berlin"), "Tue 22 18:00", "Wed 23 08:00", "Mon 28 08:00"),
        (at("2026-10-24T12:00:00+02:00", "Europe/Berlin"), "Sat 24 18:00", "Sun 25 08:00", "Mon 26 08:00"),
        (at("2026-10-25T02:30:00+02:00", "Europe/Berlin"), "Sun 25 18:00", "Sun 25 08:00", "Mon 02 08:00"),
        (at("2026-10-25T02:30:00+01:00", "Europe/Berlin"), "Sun 25 18:00", "Sun 25 08:00", "Mon 02 08:00"),
        (at("2026-03-28T23:00:00+01:00", "Europe/Berlin"), "Sun 29 00:00", "Sun 29 08:00", "Mon 30 08:00"),
        (
            at("2026-10-03T20:00:00+10:30", "Australia/Lord_Howe"),
            "Sat 03 21:00",
            "Sun 04 08:00",
            "Mon 05 08:00",
        ),
        (at("2026-11-01T00:30:00-02:30", "America/St_Johns"), "Sun 01 18:00", "Sun 01 08:00", "Mon 09 08:00"),
        (at("2026-09-28T07:00:00+13:00", "Pacific/Auckland"), "Mon 28 18:00", "Tue 29 08:00", "Mon 05 08:00"),
        (at("2026-12-31T12:00:00+00:00", "UTC"), "Thu 31 18:00", "Fri 01 08:00", "Mon 04 08:00"),
    ],
)
def test_what_people_call_a_time_is_that_time_where_they_live(
    now: Now, evening: str, morning: str, week: str
) -> None:
    assert (wall(now, "evening"), wall(now, "morning"), wall(now, "week")) == (evening, morning, week)


@pytest.mark.parametrize("before", ["2026-03-29T00:30:00Z", "2026-10-25T00:30:00Z", "2026-06-01T12:00:00Z"])
def test_an_hour_is_an_hour_whatever_the_clocks_do(before: str) -> None:
    now = at(before, "Europe/Berlin")

    assert until_ms("hour", now) - now.at_ms == HOUR


def test_an_hour_ends_on_a_full_minute() -> None:
    now = at("2026-09-22T07:34:00.001Z", "Europe/Berlin")

    assert format_instant(until_ms("hour", now)) == "2026-09-22T08:35:00.000Z"


@pytest.mark.parametrize(
    ("hour", "labels"),
    [
        ("00:30", ["In an hour", "This evening", "This morning", "Next week"]),
        ("05:00", ["In an hour", "This evening", "Tomorrow morning", "Next week"]),
        ("16:59", ["In an hour", "This evening", "Tomorrow morning", "Next week"]),
        ("17:00", ["In an hour", "Tomorrow morning", "Next week"]),
        ("23:59", ["In an hour", "Tomorrow morning", "Next week"]),
    ],
)
def test_only_what_is_still_ahead_is_offered(hour: str, labels: list[str]) -> None:
    now = at(f"2026-09-22T{hour}:00+00:00", "UTC")

    assert [choice.label for choice in choices(now)] == labels


@pytest.mark.parametrize("tz", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
def test_every_choice_lies_ahead_at_every_hour_of_a_year(tz: str) -> None:
    start = parse_instant("2026-01-01T00:00:00Z")
    for hours in range(0, 366 * 24, 5):
        now = Now(start + hours * HOUR, tz)

        ends = [until_ms(choice.key, now) for choice in choices(now)]

        assert all(end > now.at_ms for end in ends)
        assert ends == sorted(ends) or now.wall.hour < 5
        assert len(set(ends)) == len(ends)


def test_a_time_that_is_never_offered_is_refused() -> None:
    with pytest.raises(InvalidFact, match="There is no such time"):
        until_ms("ever", at("2026-09-22T00:00:00Z", "UTC"))
