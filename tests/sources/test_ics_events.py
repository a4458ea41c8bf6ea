"""How the events of an iCalendar file are read: when they take up time, and which of them is which."""

import pytest

from oo.domain.facts import CalendarEvent
from oo.domain.ids import checked
from oo.domain.instant import DAY, HOUR, format_instant, parse_instant
from oo.sources.base import ReadLine
from tests.sources.reading import BERLIN, NOW, facts, read, refusals
from tests.sources.test_ics import calendar, component

NOW_TEXT = format_instant(NOW)
NINE = "DTSTART;TZID=Europe/Berlin:20261123T090000|DTEND;TZID=Europe/Berlin:20261123T100000"


def event(lines: str) -> str:
    return component("VEVENT", lines)


def events(*components: str, says: str = "", tz: str = BERLIN) -> list[CalendarEvent]:
    found = facts(read("ics", calendar(*components, says=says), tz=tz))
    return [fact for fact in found if isinstance(fact, CalendarEvent)]


def one(lines: str, *, says: str = "") -> CalendarEvent:
    (only,) = events(event(f"UID:e1|{lines}"), says=says)
    return only


def spans(*components: str, says: str = "", tz: str = BERLIN) -> list[tuple[str, str]]:
    """Start and end of each occurrence, to the minute, in UTC."""
    return [
        (format_instant(found.start_ms)[:16], format_instant(found.end_ms)[:16])
        for found in events(*components, says=says, tz=tz)
    ]


def starts(*components: str, says: str = "", tz: str = BERLIN) -> list[str]:
    return [start for start, _ in spans(*components, says=says, tz=tz)]


def test_an_event_becomes_a_fact_with_all_that_matters() -> None:
    lines = "DTSTAMP:20261121T160000Z|SUMMARY:Standup|LAST-MODIFIED:20261118T190205Z|CREATED:20261102T101500Z"

    (line,) = read("ics", calendar(event(f"UID:e1@example.org|{lines}|{NINE}|LOCATION:Shed")))

    assert line == ReadLine(
        number=3,
        facts=(
            CalendarEvent(
                user_id="ada",
                at_ms=parse_instant("2026-11-18T19:02:05Z"),
                event_id="ics:e1@example.org",
                start_ms=parse_instant("2026-11-23T08:00:00Z"),
                end_ms=parse_instant("2026-11-23T09:00:00Z"),
                busy=True,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("lines", "at"),
    [
        ("LAST-MODIFIED:20261118T190205Z|CREATED:20261102T101500Z", "2026-11-18T19:02:05.000Z"),
        ("LAST-MODIFIED:nonsense|CREATED:20261102T101500Z", "2026-11-02T10:15:00.000Z"),
        ("CREATED:00001231T000000Z|LAST-MODIFIED:20261118T190205Z", "2026-11-18T19:02:05.000Z"),
        ("CREATED:00001231T000000Z", NOW_TEXT),
        ("CREATED:19000101T120000Z", NOW_TEXT),
        ("LAST-MODIFIED:20270101T000000Z", NOW_TEXT),
        ("DTSTAMP:20261118T190205Z", NOW_TEXT),
        ("SEQUENCE:1", NOW_TEXT),
    ],
)
def test_an_event_stood_so_since_it_was_last_changed_not_since_it_was_written_to_the_file(
    lines: str, at: str
) -> None:
    assert format_instant(one(f"{NINE}|{lines}").at_ms) == at


@pytest.mark.parametrize(
    ("lines", "says", "busy"),
    [
        ("SUMMARY:x", "", True),
        ("TRANSP:OPAQUE", "", True),
        ("TRANSP:TRANSPARENT", "", False),
        ("transp:transparent", "", False),
        ("STATUS:TENTATIVE", "", True),
        ("STATUS:CANCELLED", "", False),
        ("STATUS:CANCELED", "", False),
        ("TRANSP:OPAQUE|STATUS:CANCELLED", "METHOD:PUBLISH", False),
        ("STATUS:CONFIRMED", "METHOD:CANCEL", False),
        ("TRANSP:OPAQUE|X-MICROSOFT-CDO-BUSYSTATUS:FREE", "", False),
        ("TRANSP:OPAQUE|X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE", "", True),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF", "", True),
    ],
)
def test_an_event_takes_up_time_unless_it_is_shown_as_free_or_cancelled(
    lines: str, says: str, *, busy: bool
) -> None:
    assert one(f"{NINE}|{lines}", says=says).busy is busy


@pytest.mark.parametrize(
    ("lines", "start", "end"),
    [
        ("DTSTART:20261123T090000Z|DTEND:20261123T103000Z", "2026-11-23T09:00", "2026-11-23T10:30"),
        ("DTSTART:20261123T090000|DTEND:20261123T103000", "2026-11-23T08:00", "2026-11-23T09:30"),
        ("DTSTART:20261123T090000Z|DURATION:PT1H30M", "2026-11-23T09:00", "2026-11-23T10:30"),
        ("DTSTART:20261123T090000Z|DURATION:P0DT1H30M0S", "2026-11-23T09:00", "2026-11-23T10:30"),
        ("DTSTART:20261123T090000Z", "2026-11-23T09:00", "2026-11-23T09:00"),
        ("DTSTART;VALUE=DATE:20261123", "2026-11-22T23:00", "2026-11-23T23:00"),
        ("DTSTART:20261123", "2026-11-22T23:00", "2026-11-23T23:00"),
        ("DTSTART;VALUE=DATE:20261123|DTEND;VALUE=DATE:20261125", "2026-11-22T23:00", "2026-11-24T23:00"),
        ("DTSTART;VALUE=DATE:20261123|DTEND;VALUE=DATE:20261123", "2026-11-22T23:00", "2026-11-23T23:00"),
        ("DTSTART;VALUE=DATE:20261123|DURATION:P2D", "2026-11-22T23:00", "2026-11-24T23:00"),
        ("DTSTART;VALUE=DATE:20261123|DURATION:PT12H", "2026-11-22T23:00", "2026-11-23T11:00"),
        ("DTSTART;VALUE=DATE:20261025", "2026-10-24T22:00", "2026-10-25T23:00"),
        (
            "DTSTART;TZID=Europe/Berlin:20261123T090000|DTEND;TZID=Europe/London:20261123T093000",
            "2026-11-23T08:00",
            "2026-11-23T09:30",
        ),
        ('DTSTART;TZID="Tokyo Standard Time":20261123T090000', "2026-11-23T00:00", "2026-11-23T00:00"),
        ("DTSTART;TZID=Europe/Berlin:20270328T023000|DURATION:PT30M", "2027-03-28T01:30", "2027-03-28T01:30"),
    ],
)
def test_an_event_takes_its_time_on_the_clock_that_it_names(lines: str, start: str, end: str) -> None:
    assert spans(event(f"UID:e1|{lines}")) == [(start, end)]


def test_a_day_is_one_where_the_person_lives() -> None:
    assert spans(event("UID:e1|DTSTART;VALUE=DATE:20261123"), tz="America/New_York") == [
        ("2026-11-23T05:00", "2026-11-24T05:00")
    ]


def test_a_weekly_meeting_stays_at_nine_when_the_clocks_change() -> None:
    lines = "UID:e1|DTSTART;TZID=Europe/Berlin:20261012T090000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=4"

    assert starts(event(lines)) == [
        "2026-10-12T07:00",
        "2026-10-19T07:00",
        "2026-10-26T08:00",
        "2026-11-02T08:00",
    ]


def test_what_repeats_in_utc_stays_there_unless_the_calendar_names_a_zone() -> None:
    lines = event(
        "UID:e1|DTSTART:20261019T070000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2|EXDATE:20261109T080000Z"
    )

    assert starts(lines) == ["2026-10-19T07:00", "2026-10-26T07:00"]
    assert starts(lines, says="X-WR-TIMEZONE:Europe/Berlin") == ["2026-10-19T07:00", "2026-10-26T08:00"]
    assert starts(lines, says="X-WR-TIMEZONE:Nowhere") == ["2026-10-19T07:00", "2026-10-26T07:00"]


def test_a_floating_time_is_on_the_clock_of_its_calendar_or_else_of_the_person() -> None:
    lines = event("UID:e1|DTSTART:20261123T090000")

    assert starts(lines, tz="Asia/Tokyo") == ["2026-11-23T00:00"]
    assert starts(lines, tz="Asia/Tokyo", says="X-WR-TIMEZONE:America/New_York") == ["2026-11-23T14:00"]


def zone_of(offset: str, name: str = "Our branch", extra: str = "") -> str:
    observance = f"DTSTART:16010101T000000|TZOFFSETFROM:{offset}|TZOFFSETTO:{offset}"
    return component("VTIMEZONE", f"TZID:{name}|BEGIN:STANDARD|{observance}{extra}|END:STANDARD")


CLOCKS = component(
    "VTIMEZONE",
    "TZID:Our branch|LAST-MODIFIED:20200101T000000Z|TZURL:http://example.org|X-LIC-LOCATION:Nowhere"
    "|BEGIN:STANDARD|DTSTART:16010101T030000|TZOFFSETFROM:-0200|TZOFFSETTO:-0300"
    "|RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10|X-OTHER:y|END:STANDARD"
    "|BEGIN:DAYLIGHT|DTSTART:16010101T020000|TZOFFSETFROM:-0300|TZOFFSETTO:-0200"
    "|RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3|END:DAYLIGHT",
)
ELSEWHERE = "UID:e1|DTSTART;TZID=Our branch:20261019T090000|DURATION:PT1H|RRULE:FREQ=WEEKLY;COUNT=2"


def test_a_zone_without_a_known_name_is_the_one_that_the_file_defines_wherever_it_does() -> None:
    assert starts(CLOCKS, event(ELSEWHERE)) == ["2026-10-19T11:00", "2026-10-26T12:00"]
    assert starts(event(ELSEWHERE), CLOCKS) == ["2026-10-19T11:00", "2026-10-26T12:00"]


def test_a_zone_with_a_known_name_is_the_known_one() -> None:
    berlin = zone_of("+0900", name="Europe/Berlin")

    assert starts(berlin, event("UID:e1|DTSTART;TZID=Europe/Berlin:20261123T090000")) == ["2026-11-23T08:00"]


def test_a_zone_that_a_file_defines_is_forgotten_with_the_file() -> None:
    lines = "UID:e1|DTSTART;TZID=Our branch:20261123T090000"

    first = starts(zone_of("+0500"), event(lines))
    other = starts(zone_of("-0500"), event(lines))

    assert (first, other) == (["2026-11-23T04:00"], ["2026-11-23T14:00"])
    assert "'Our branch' is no time zone" in refusals(read("ics", calendar(event(lines))))[3]


def test_two_calendars_in_a_file_may_define_a_zone_of_the_same_name() -> None:
    lines = "DTSTART;TZID=Our branch:20261123T090000"
    content = calendar(zone_of("+0500"), event(f"UID:e1|{lines}")) + calendar(
        zone_of("-0500"), event(f"UID:e2|{lines}")
    )

    found = [fact for fact in facts(read("ics", content)) if isinstance(fact, CalendarEvent)]

    assert [format_instant(fact.start_ms)[:16] for fact in found] == ["2026-11-23T04:00", "2026-11-23T14:00"]


@pytest.mark.parametrize(
    ("definition", "reason"),
    [
        (zone_of("+0500", extra="|RRULE:FREQ=SECONDLY"), "that the file defines is too involved"),
        (zone_of("+0500", extra="|RRULE:FREQ=YEARLY;BYHOUR=1,2"), "that the file defines is too involved"),
        (zone_of("+0500", extra="|RDATE:20260101T000000" * 200), "that the file defines is too involved"),
        (zone_of("much later"), "Its times, or how it repeats, make no sense."),
        (zone_of("+9900"), "Its times, or how it repeats, make no sense."),
        (component("VTIMEZONE", "TZID:Our branch"), "Its times, or how it repeats, make no sense."),
        (component("VTIMEZONE", "X-NAME:Our branch"), "'Our branch' is no time zone"),
        ("BEGIN:VTIMEZONE\nTZID:Our branch", "'Our branch' is no time zone"),
    ],
)
def test_an_event_in_a_zone_that_makes_no_sense_is_refused(definition: str, reason: str) -> None:
    lines = event("UID:e1|DTSTART;TZID=Our branch:20261123T090000|DTEND;TZID=Our branch:20261123T100000")

    found = read("ics", calendar(definition, lines, event(f"UID:e2|{NINE}")))

    (refusal,) = refusals(found).values()
    assert reason in refusal
    assert [len(line.facts) for line in found] == [0, 1]


def test_occurrences_are_those_around_the_import() -> None:
    found = events(event("UID:e1|DTSTART:20200101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY"))

    assert len(found) == 90 + 365
    assert NOW - 90 * DAY < found[0].start_ms < NOW - 89 * DAY
    assert NOW + 364 * DAY < found[-1].start_ms < NOW + 365 * DAY


@pytest.mark.parametrize(
    ("lines", "count"),
    [
        ("DTSTART:20260101T090000Z|DTEND:20260101T100000Z", 0),
        ("DTSTART:20260101T090000Z|DTEND:20260901T100000Z", 1),
        ("DTSTART:20280101T090000Z|DTEND:20280101T100000Z", 0),
        ("DTSTART:20260101T090000Z|DURATION:PT1H|RRULE:FREQ=WEEKLY;UNTIL=20260301T000000Z", 0),
        ("DTSTART;VALUE=DATE:19430312|RRULE:FREQ=YEARLY", 1),
        ("DTSTART;VALUE=DATE:00010101|RRULE:FREQ=YEARLY", 1),
    ],
)
def test_an_event_far_from_the_import_is_read_without_a_fact(lines: str, count: int) -> None:
    (line,) = read("ics", calendar(event(f"UID:e1|{lines}")))

    assert line.refusal is None
    assert len(line.facts) == count


@pytest.mark.parametrize(
    ("rule", "dates"),
    [
        ("RRULE:FREQ=WEEKLY;COUNT=3", ["11-23", "11-30", "12-07"]),
        ("RRULE:FREQ=WEEKLY;COUNT=3;", ["11-23", "11-30", "12-07"]),
        (
            "RRULE:FREQ=DAILY;COUNT=4|EXDATE;TZID=Europe/Berlin:20261124T090000,20261125T090000",
            ["11-23", "11-26"],
        ),
        ("RRULE:FREQ=DAILY;COUNT=3|EXDATE:20261124T080000Z|EXDATE:20261125T080000Z", ["11-23"]),
        ("RRULE:FREQ=DAILY;COUNT=3|EXDATE;VALUE=DATE:20261124", ["11-23", "11-25"]),
        ("RDATE;TZID=Europe/Berlin:20261125T090000", ["11-23", "11-25"]),
        ("RDATE;VALUE=PERIOD:20261125T080000Z/PT2H", ["11-23", "11-25"]),
        ("RDATE:", ["11-23"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261207T080000Z", ["11-23", "11-30", "12-07"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261207", ["11-23", "11-30", "12-07"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261207T090000", ["11-23", "11-30", "12-07"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261206", ["11-23", "11-30"]),
        ("RRULE:FREQ=WEEKLY;UNTIL=20261201T000000Z;BYDAY=MO,FR;WKST=SU", ["11-23", "11-27", "11-30"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=-1MO;COUNT=2", ["11-30", "12-28"]),
        ("RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2", ["11-30", "12-31"]),
    ],
)
def test_an_event_repeats_by_its_rule(rule: str, dates: list[str]) -> None:
    found = starts(event(f"UID:e1|{NINE}|{rule}"))

    expected = dates if dates[0] == "11-23" else ["11-23", *dates]
    assert [start[5:10] for start in found] == expected
    assert {start[11:] for start in found} == {"08:00"}


@pytest.mark.parametrize(
    ("until", "count"),
    [("20261125", 3), ("20261124T230000Z", 3), ("20261125T120000", 3), ("20261125T230000Z", 4)],
)
def test_a_day_repeats_until_the_day_that_its_rule_says_where_the_person_lives(
    until: str, count: int
) -> None:
    assert len(events(event(f"UID:e1|DTSTART;VALUE=DATE:20261123|RRULE:FREQ=DAILY;UNTIL={until}"))) == count


def test_an_occurrence_that_was_moved_keeps_its_id() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=3")
    moved = "RECURRENCE-ID;TZID=Europe/Berlin:20261130T090000|DTSTART:20261201T140000Z|DTEND:20261201T150000Z"

    before = {found.event_id: found for found in events(series)}
    after = {found.event_id: found for found in events(series, event(f"UID:e1|{moved}"))}

    assert before.keys() == after.keys()
    assert [format_instant(found.start_ms)[:16] for found in after.values()] == [
        "2026-11-23T08:00",
        "2026-12-07T08:00",
        "2026-12-01T14:00",
    ]


def test_an_occurrence_belongs_to_the_component_that_tells_of_it() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=3|LAST-MODIFIED:20261101T000000Z")
    moved = event(
        "UID:e1|RECURRENCE-ID:20261130T080000Z|DTSTART:20261201T140000Z|LAST-MODIFIED:20261102T000000Z|TRANSP:TRANSPARENT"
    )

    lines = read("ics", calendar(moved, series))

    assert [(line.number, len(line.facts)) for line in lines] == [(3, 1), (10, 2)]
    assert [fact.at_ms for fact in lines[0].facts] == [parse_instant("2026-11-02T00:00:00Z")]


def test_an_occurrence_that_was_cancelled_gives_its_time_back() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=2")
    cancelled = event(
        f"UID:e1|RECURRENCE-ID:20261130T080000Z|{NINE.replace('1123', '1130')}|STATUS:CANCELLED"
    )

    before, after = events(series), events(series, cancelled)

    assert [found.busy for found in before] == [True, True]
    assert [found.busy for found in after] == [True, False]
    assert [found.event_id for found in before] == [found.event_id for found in after]


def test_a_series_that_was_cancelled_gives_the_time_of_each_occurrence_back() -> None:
    series = f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=2"

    assert [found.busy for found in events(event(f"{series}|STATUS:CANCELLED"))] == [False, False]


def test_an_override_may_stand_for_all_that_follow() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=4")
    later = event(
        "UID:e1|RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261207T090000"
        "|DTSTART;TZID=Europe/Berlin:20261207T110000|DTEND;TZID=Europe/Berlin:20261207T130000"
    )

    before, after = events(series), events(series, later)

    assert spans(series, later) == [
        ("2026-11-23T08:00", "2026-11-23T09:00"),
        ("2026-11-30T08:00", "2026-11-30T09:00"),
        ("2026-12-07T10:00", "2026-12-07T12:00"),
        ("2026-12-14T10:00", "2026-12-14T12:00"),
    ]
    assert [found.event_id for found in before] == [found.event_id for found in after]


def test_an_override_is_of_one_occurrence_though_it_says_the_rule_again() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=2")
    moved = event("UID:e1|RECURRENCE-ID:20261130T080000Z|DTSTART:20261201T140000Z|RRULE:FREQ=WEEKLY;COUNT=2")

    assert starts(series, moved) == ["2026-11-23T08:00", "2026-12-01T14:00"]
    assert starts(moved) == ["2026-12-01T14:00"]


def test_an_override_without_its_series_is_kept_under_the_same_id() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=3")
    moved = event("UID:e1|RECURRENCE-ID:20261130T080000Z|DTSTART:20261201T140000Z")

    (alone,) = events(moved)

    assert alone.event_id in {found.event_id for found in events(series)}


def test_an_event_that_does_not_repeat_keeps_its_id_wherever_it_is_moved() -> None:
    assert one(NINE).event_id == one("DTSTART:20261201T140000Z").event_id == "ics:e1"


def test_an_event_without_a_uid_is_known_by_what_it_says_and_when() -> None:
    lunch = event("SUMMARY:Lunch|DTSTART:20261123T110000Z")
    other = event("SUMMARY:Lunch|DTSTART:20261124T110000Z")

    first, second, again = (found.event_id for found in events(lunch, other, lunch))

    assert len({first, second, again}) == 3
    assert events(other)[0].event_id == second


@pytest.mark.parametrize("uid", ["e1", "a b", "Grüße", "0" * 500, "040000008200E00074C5B7101A82E008" * 4])
def test_every_id_is_one_that_is_accepted(uid: str) -> None:
    found = events(event(f"UID:{uid}|{NINE}|RRULE:FREQ=DAILY;COUNT=3"), event(f"UID:{uid}2|{NINE}"))

    assert len({checked(each.event_id) for each in found}) == 4


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("SUMMARY:When?", "The event has no DTSTART. Say when it begins."),
        (
            "DTSTART:20261123T090000Z|DTEND:20261123T080000Z",
            "It ends before it begins. Check DTSTART and DTEND.",
        ),
        ("DTSTART;VALUE=DATE:20261123|DTEND;VALUE=DATE:20261122", "It ends before it begins."),
        ("DTSTART:20261123T090000Z|DURATION:-PT1H", "It ends before it begins."),
        (
            "DTSTART:20261123T090000Z|DTEND:later",
            "Its DTEND cannot be read. Write times as 20261120T090000Z.",
        ),
        ("DTSTART:P1D", "Its times, or how it repeats, make no sense."),
        (f"{NINE}|RRULE:FREQ=SOMETIMES", "Its RRULE cannot be read."),
        (f"{NINE}|RRULE:COUNT=3", "Its times, or how it repeats, make no sense."),
        (f"{NINE}|RRULE:FREQ=DAILY;BYMONTH=5L", "Its times, or how it repeats, make no sense."),
        (
            f"{NINE}|RRULE:FREQ=DAILY;UNTIL=20270101T000000Z;COUNT=3",
            "Its rule has both COUNT and UNTIL. Leave one out.",
        ),
        (f"{NINE}|EXDATE:never", "Its EXDATE cannot be read."),
        (f"{NINE}|RECURRENCE-ID:sometime", "Its RECURRENCE-ID cannot be read."),
    ],
)
def test_a_bad_event_is_refused_by_number_and_the_good_ones_are_kept(lines: str, reason: str) -> None:
    good = event(f"UID:e1|{NINE}")

    found = read("ics", calendar(good, event(f"UID:e2|{lines}"), good.replace("e1", "e3")))

    assert list(refusals(found)) == [8]
    assert reason in refusals(found)[8]
    assert [len(line.facts) for line in found] == [1, 0, 1]


def test_a_rule_that_makes_no_sense_leaves_the_overrides_of_its_series() -> None:
    series = event(f"UID:e1|{NINE}|RRULE:FREQ=DAILY;BYMONTH=5L")
    moved = event("UID:e1|RECURRENCE-ID:20261130T080000Z|DTSTART:20261201T140000Z")

    found = read("ics", calendar(series, moved))

    assert list(refusals(found)) == [3]
    assert [len(line.facts) for line in found] == [0, 1]


def test_occurrences_are_told_in_their_order() -> None:
    lines = f"UID:e1|{NINE}|RRULE:FREQ=WEEKLY;COUNT=3|RDATE:20261124T080000Z,20261102T080000Z"

    found = [fact.start_ms for fact in events(event(lines))]

    assert found == sorted(found)
    assert len(found) == 5
    assert found[1] - found[0] == 21 * DAY
    assert all(fact.end_ms - fact.start_ms == HOUR for fact in events(event(lines)))
