"""Calendars that do not mean well, or come from a tool that is broken: each is read or refused, and soon."""

import io
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oo import sources
from oo.domain.errors import UnreadableFile
from oo.domain.facts import CalendarEvent, TaskUpsert
from oo.domain.ids import checked
from oo.sources import ics
from oo.sources.base import ReadLine
from oo.sources.ics import run
from oo.sources.ics.zones import MOST_ZONES
from tests.sources.reading import BERLIN, NOW, facts, read, refusals
from tests.sources.test_ics import calendar, component

SAMPLES = sorted((Path(__file__).parents[1] / "samples" / "ics").glob("*.ics"))
MANY = ",".join(map(str, range(60)))
TOO_LONG = "Its rule takes too long to follow. Let it repeat less often, or end."
TOO_MANY = "With it there are more than 10,000 occurrences. Let it repeat less often, or split the file."
SENSELESS = "Its times, or how it repeats, make no sense."


def repeating(rule: str, *, kind: str = "VEVENT", uid: str = "e1") -> str:
    return component(kind, f"UID:{uid}|SUMMARY:x|DTSTART:20260915T090000Z|RRULE:{rule}")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=SECONDLY", TOO_LONG),
        ("FREQ=SECONDLY;COUNT=999999999", TOO_LONG),
        ("FREQ=MINUTELY;INTERVAL=5;UNTIL=99991231T235959Z", TOO_MANY),
        ("FREQ=HOURLY;BYMINUTE=0,10,20,30,40,50", TOO_MANY),
        ("FREQ=DAILY;INTERVAL=0", TOO_LONG),
        ("FREQ=SECONDLY;INTERVAL=0", TOO_LONG),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", TOO_LONG),
        ("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", TOO_LONG),
        ("FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", TOO_LONG),
        ("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", TOO_LONG),
        (f"FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11;BYMINUTE={MANY};BYSECOND={MANY}", TOO_LONG),
        (f"FREQ=YEARLY;BYMONTHDAY=1,2,3;BYHOUR=1,2;BYMINUTE={MANY};BYSECOND={MANY}", TOO_LONG),
        ("FREQ=DAILY;INTERVAL=999999999", TOO_LONG),
        ("FREQ=HOURLY;INTERVAL=99999999999", "Its RRULE cannot be read."),
        (f"FREQ=YEARLY;BYSETPOS={'1,' * 3_000}1", None),
        ("FREQ=DAILY;INTERVAL=-1", SENSELESS),
        ("FREQ=YEARLY;INTERVAL=0", TOO_LONG),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", None),
        ("FREQ=WEEKLY;BYMONTH=13", TOO_LONG),
        ("FREQ=DAILY;COUNT=999999999", None),
        ("FREQ=DAILY;UNTIL=99991231T235959Z", None),
        ("FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10;COUNT=30", None),
    ],
)
def test_a_rule_is_followed_or_refused_in_no_time(rule: str, reason: str | None) -> None:
    found = read("ics", calendar(repeating(rule), repeating("FREQ=DAILY", uid="e2")))

    assert (refusals(found).get(3) or "").startswith(reason or "")
    assert [bool(line.facts) for line in found] == [reason is None, True]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("FREQ=SECONDLY", TOO_LONG),
        ("FREQ=MINUTELY;INTERVAL=5", TOO_MANY),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", TOO_LONG),
        ("FREQ=HOURLY", None),
    ],
)
def test_so_is_the_rule_of_a_to_do(rule: str, reason: str | None) -> None:
    found = read(
        "ics", calendar(repeating(rule, kind="VTODO"), repeating("FREQ=DAILY", kind="VTODO", uid="e2"))
    )

    assert refusals(found).get(3) == reason
    assert [bool(line.facts) for line in found] == [reason is None, True]


@pytest.mark.timeout(60)
def test_many_rules_that_never_come_round_are_soon_given_up() -> None:
    hostile = [repeating("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", uid=f"e{number}") for number in range(200)]
    single = component("VEVENT", "UID:last|DTSTART:20261123T090000Z")

    found = read("ics", calendar(*hostile, single))

    assert set(refusals(found).values()) == {TOO_LONG}
    assert [len(line.facts) for line in found] == 200 * [0] + [1]


def test_what_would_be_too_many_occurrences_is_refused_and_what_still_fits_is_kept() -> None:
    content = calendar(
        repeating("FREQ=HOURLY;COUNT=9000", uid="e1"),
        repeating("FREQ=HOURLY;COUNT=2000", uid="e2"),
        repeating("FREQ=HOURLY;COUNT=900", uid="e3"),
    )

    found = read("ics", content)

    assert refusals(found) == {9: TOO_MANY}
    assert [len(line.facts) for line in found] == [9_000, 0, 900]


def test_a_file_may_use_only_so_many_zones_of_its_own() -> None:
    zones, events = [], []
    for number in range(MOST_ZONES + 2):
        observance = f"DTSTART:20000101T000000|TZOFFSETFROM:+0000|TZOFFSETTO:+00{number + 10}"
        zones.append(component("VTIMEZONE", f"TZID:Z{number}|BEGIN:STANDARD|{observance}|END:STANDARD"))
        events.append(component("VEVENT", f"UID:e{number}|DTSTART;TZID=Z{number}:20261123T090000"))

    found = read("ics", calendar(*zones, *events, *events))

    assert [bool(line.facts) for line in found[12:]] == MOST_ZONES * [True] + 2 * [False]
    assert set(refusals(found).values()) == {
        f"The time zone 'Z{number}' that the file defines is too involved." for number in (10, 11)
    }


OVERRIDES = [
    component("VEVENT", f"UID:e1|DTSTART:20261001|RECURRENCE-ID;RANGE=THISANDFUTURE:2026{day}T{hour}0000Z")
    for day in range(1010, 1030)
    for hour in range(10, 24)
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 20_000,
        b"BEGIN:VCALENDAR\n" + b"BEGIN:VCALENDAR\n" * 20_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"BEGIN:VALARM\n" * 100_000 + b"END:VEVENT\n",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"END:VALARM\n" * 100_000 + b"END:VEVENT\n",
        b"BEGIN:VCALENDAR\n" + b"\n" * 2_000_000,
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:" + b"a\n " * 500_000 + b"\nEND:VEVENT",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n" + b"\n " * 500_000 + b"\nEND:VEVENT",
        b"BEGIN:VCALENDAR\nBEGIN:VTODO\nDUE" + b';X="' * 2_000 + b":20261130\nEND:VTODO",
        b"BEGIN:VCALENDAR\nBEGIN:VTODO\nDUE" + b";TZID=" * 1_500 + b":20261130T100000\nEND:VTODO",
        b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261123" + b"\nRDATE:20261124" * 50_000 + b"\nEND:VEVENT",
        calendar(repeating("FREQ=HOURLY;COUNT=9000"), *OVERRIDES).encode(),
    ],
    ids=[
        "begun", "calendars", "alarms", "ends", "blank", "folded", "folds", "quotes", "zones", "dates", "overrides"
    ],
)  # fmt: skip
def test_a_file_that_is_all_of_one_thing_is_soon_read(content: bytes) -> None:
    assert all(isinstance(line, ReadLine) for line in read("ics", content))


def outcome(content: bytes) -> list[ReadLine] | str:
    """What comes of a file that may hold anything: its lines, or why there are none."""
    stream = io.BytesIO(content)
    try:
        return list(ics.SOURCE.read(stream, user_id="ada", tz=BERLIN, at_ms=NOW))
    except UnreadableFile as refusal:
        return str(refusal)


def assert_sound(content: bytes) -> None:
    """Reading gives lines in order, each with lawful facts or one plain sentence or two, and again the same ones."""
    found = outcome(content)
    for line in found if isinstance(found, list) else []:
        assert not (line.facts and line.refusal)
        assert line.refusal is None or (line.refusal.isprintable() and len(line.refusal) < 200)
        for fact in line.facts:
            assert 0 <= fact.at_ms <= NOW
            assert not isinstance(fact, CalendarEvent) or (
                checked(fact.event_id) and fact.start_ms <= fact.end_ms
            )
            assert not isinstance(fact, TaskUpsert) or (checked(fact.task_id) and fact.title.strip())
    if isinstance(found, list):
        assert [line.number for line in found] == sorted({line.number for line in found})
    assert outcome(content) == found


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"BEGIN:VCALENDAR\nBEGIN:VEVENT")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    assert_sound(content)
    assert_sound(b"BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:x\n" + content + b"\nEND:VTODO\nEND:VCALENDAR")


@settings(deadline=None)
@given(st.binary(max_size=100), st.text(max_size=20))
def test_any_bytes_are_recognised_or_not(sample: bytes, filename: str) -> None:
    for begins in (b"", b"BEGIN:VCALENDAR"):
        assert sources.load("ics").recognises(begins + sample, filename) in {True, False}


LINES = sorted({line for path in SAMPLES for line in path.read_bytes().splitlines()})
ODD = [
    b"DTSTART:00010101T000000Z", b"DTEND:99991231T235959", b"DTSTART;VALUE=DATE:99991231", b"DURATION:P99999999W",
    b"RRULE:FREQ=YEARLY;INTERVAL=9999", b"RRULE:FREQ=HOURLY;BYDAY=MO", b"RRULE:FREQ=MONTHLY;BYDAY=5MO;COUNT=0",
    b"RRULE:FREQ=DAILY;BYEASTER=0;COUNT=2", b"RDATE:19700101T000000Z/P1D", b"EXDATE:99991231", b"DUE:19700101",
    b"RECURRENCE-ID;RANGE=THISANDFUTURE:20261123T170000Z", b"RECURRENCE-ID:20261123", b"STATUS:CANCELLED",
    b"DTSTART;TZID=Europe/Berlin:20270328T023000", b"TZOFFSETTO:+2400", b"TZID:Europe/Berlin", b"METHOD:CANCEL",
    b"X-WR-TIMEZONE:Asia/Tokyo", b"COMPLETED:99991231", b"SEQUENCE:-5", b"UID:", b"CATEGORIES:", b"PRIORITY:1e9",
    b"SUMMARY:\xff", b"DTSTART:", b"DTSTART", b":", b"BEGIN:VALARM", b"END:VEVENT", b"BEGIN:STANDARD", b"",
]  # fmt: skip
edits = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.sampled_from(["insert", "replace", "delete", "cut"]),
        st.sampled_from(LINES + ODD) | st.binary(max_size=30),
    ),
    min_size=1,
    max_size=6,
)


@settings(deadline=None)
@given(st.sampled_from(SAMPLES), edits)
def test_a_sample_that_was_tampered_with_is_read_or_refused(
    path: Path, changes: list[tuple[int, str, bytes]]
) -> None:
    lines = path.read_bytes().split(b"\r\n" if b"\r\n" in path.read_bytes() else b"\n")
    for place, how, line in changes:
        at = place % len(lines)
        match how:
            case "insert":
                lines.insert(at, line)
            case "replace":
                lines[at] = line
            case "delete":
                del lines[at : at + 1]
            case _:
                lines[at] = lines[at][: len(line)]
        lines = lines or [b""]

    assert_sound(b"\r\n".join(lines))


parts = st.sampled_from(
    ["FREQ", "INTERVAL", "COUNT", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYHOUR",
     "BYMINUTE", "BYSECOND", "WKST", "UNTIL", "BYEASTER", "RSCALE", "X"]
)  # fmt: skip
values = st.sampled_from(
    [
        "-1",
        "0",
        "1",
        "2",
        "5",
        "30",
        "53",
        "366",
        "1,15",
        "MO",
        "-1SU,2TU",
        "20261230",
        "20261230T100000Z",
        "",
        "5L",
    ]
)
freqs = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"])


@given(freqs, st.lists(st.tuples(parts, values), max_size=4), st.sampled_from(["VEVENT", "VTODO"]))
@settings(deadline=None)
def test_any_rule_is_followed_or_refused(freq: str, said: list[tuple[str, str]], kind: str) -> None:
    rule = ";".join([f"FREQ={freq}", *(f"{name}={value}" for name, value in said)])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run, "RULE_EFFORT", 200_000)
        found = read("ics", calendar(repeating(rule, kind=kind)))

    assert all(line.refusal is None or line.refusal.isprintable() for line in found)
    assert len(facts(found)) <= run.MOST_OCCURRENCES
