"""How the to-dos of an iCalendar file are read, and the file itself."""

import codecs

import pytest

from oo import sources
from oo.domain.errors import UnreadableFile
from oo.domain.facts import TaskCompleted, TaskDeleted, TaskFact, TaskUpsert
from oo.domain.ids import checked
from oo.domain.instant import format_instant, parse_instant
from oo.domain.person import Person, ZoneSpan
from oo.domain.task import fold_task
from oo.sources import base
from oo.sources.base import ReadLine
from tests.sources.reading import BERLIN, NOW, facts, read, refusals

ADA = Person(user_id="ada", zones=(ZoneSpan(0, BERLIN),))


def calendar(*components: str, says: str = "") -> str:
    """A file with components, and with what their calendar says itself; if that is nothing, they begin on line 3."""
    return "\n".join(
        ["BEGIN:VCALENDAR", "VERSION:2.0", *filter(None, [says]), *components, "END:VCALENDAR", ""]
    )


def component(kind: str, lines: str) -> str:
    return "\n".join([f"BEGIN:{kind}", *lines.split("|"), f"END:{kind}"])


def todo(lines: str) -> str:
    return component("VTODO", lines)


def tasks(content: str | bytes, *, at_ms: int = NOW) -> list[TaskUpsert]:
    return [fact for fact in facts(read("ics", content, at_ms=at_ms)) if isinstance(fact, TaskUpsert)]


def task(lines: str, *, says: str = "") -> TaskUpsert:
    (only,) = tasks(calendar(todo(f"UID:k1|SUMMARY:Paint|{lines}"), says=says))
    return only


def closings(content: str) -> list[TaskFact]:
    return [fact for fact in facts(read("ics", content)) if isinstance(fact, (TaskCompleted, TaskDeleted))]


def refusal(*components: str) -> str:
    (reason,) = refusals(read("ics", calendar(*components))).values()
    return reason


def test_a_to_do_becomes_a_task_with_all_that_it_says() -> None:
    lines = (
        "UID:k1@example.org|DTSTAMP:20261121T100000Z|CREATED:20261101T080000Z|SUMMARY:Book the tour\\, and tell Nele"
        "|DTSTART;VALUE=DATE:20261125|DUE;TZID=Europe/Berlin:20261130T100000|PRIORITY:5|CATEGORIES:Trips,Garden"
        "|STATUS:NEEDS-ACTION|PERCENT-COMPLETE:20|DESCRIPTION:By phone"
    )

    (line,) = read("ics", calendar(todo(lines)))

    assert line == ReadLine(
        number=3,
        facts=(
            TaskUpsert(
                user_id="ada",
                at_ms=NOW,
                task_id="ics:k1@example.org",
                title="Book the tour, and tell Nele",
                due="2026-11-30T09:00:00.000Z",
                created="2026-11-01T08:00:00.000Z",
                start="2026-11-25",
                priority=3,
                category="Trips",
                source="ics",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("summary", "title"),
    [
        (r"SUMMARY:Milk\, eggs\; and a \\ \n or \N two", r"Milk, eggs; and a \ or two"),
        ("SUMMARY;LANGUAGE=de:Grüße 🌻", "Grüße 🌻"),
        ('SUMMARY;ALTREP="cid:a:b;c":Note: 10:30', "Note: 10:30"),
        ("summary:  lower   case\t", "lower case"),
        ("SUMMARY:Fold\n ed \n\there", "Folded here"),
        ("SUMMARY:A\x0bvertical tab and a \x00", "A vertical tab and a"),
        ("SUMMARY:First\nSUMMARY:Second", "First"),
        ("SUMMARY:👨‍👩‍👧 outing", "👨‍👩‍👧 outing"),
    ],
)
def test_a_summary_is_read_as_people_would(summary: str, title: str) -> None:
    (found,) = tasks(calendar(component("VTODO", f"UID:k1|{summary}")))

    assert found.title == title


def test_a_line_that_is_folded_amid_a_character_is_put_together() -> None:
    content = calendar(todo("UID:k1|SUMMARY:Grüße")).encode().replace(b"\xc3", b"\xc3\n ", 1)

    assert [found.title for found in tasks(content)] == ["Grüße"]


@pytest.mark.parametrize(
    ("written", "priority"),
    [
        *((str(number), 4) for number in (1, 2, 3, 4)),
        ("5", 3),
        *((str(number), 2) for number in (6, 7, 8, 9)),
        *((other, 1) for other in ("0", "10", "-1", "high", "")),
    ],
)
def test_a_priority_is_mapped_to_four(written: str, priority: int) -> None:
    assert task(f"PRIORITY:{written}").priority == priority


def test_a_to_do_without_a_priority_has_the_lowest() -> None:
    assert task("STATUS:NEEDS-ACTION").priority == 1


@pytest.mark.parametrize(
    ("written", "category"),
    [
        ("CATEGORIES:Garden,Home", "Garden"),
        (r"CATEGORIES:Home\, sweet home,Garden", "Home, sweet home"),
        ("CATEGORIES:,Garden", "Garden"),
        ("CATEGORIES:|CATEGORIES:Garden", "Garden"),
        ("CATEGORIES: ", None),
        ("STATUS:IN-PROCESS", None),
    ],
)
def test_the_first_category_counts(written: str, category: str | None) -> None:
    assert task(written).category == category


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("DUE;VALUE=DATE:20261130", "2026-11-30"),
        ("DUE:20261130", "2026-11-30"),
        ("DUE;TZID=America/New_York;VALUE=DATE:20261130", "2026-11-30"),
        ("DUE:20261130T100000", "2026-11-30T09:00:00.000Z"),
        ("DUE:20260701T100000", "2026-07-01T08:00:00.000Z"),
        ("DUE:20261130T100000Z", "2026-11-30T10:00:00.000Z"),
        ("DUE;TZID=America/New_York:20261130T100000", "2026-11-30T15:00:00.000Z"),
        ("DUE;VALUE=DATE-TIME;TZID=America/New_York:20261130T100000", "2026-11-30T15:00:00.000Z"),
        ("DUE;TZID=America/New_York:20261130T100000Z", "2026-11-30T10:00:00.000Z"),
        ('DUE;TZID="Eastern Standard Time":20261130T100000', "2026-11-30T15:00:00.000Z"),
        ("DUE;TZID=W. Europe Standard Time:20261130T100000", "2026-11-30T09:00:00.000Z"),
        ("DUE;TZID=/example.org/20270101_1/America/New_York:20261130T100000", "2026-11-30T15:00:00.000Z"),
        (
            "DUE;TZID=/example.org/America/Argentina/Buenos_Aires:20261130T100000",
            "2026-11-30T13:00:00.000Z",
        ),
        ("DTSTART:20261130T100000|DURATION:PT2H", "2026-11-30T11:00:00.000Z"),
        ("DTSTART;VALUE=DATE:20261128|DURATION:P2D", "2026-11-30"),
        ("DURATION:PT2H", None),
        ("DTSTART:20261130T100000", None),
    ],
)
def test_a_to_do_is_due_on_a_day_or_at_an_instant(written: str, due: str | None) -> None:
    assert task(written).due == due


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("DTSTART;VALUE=DATE:20261125", "2026-11-25"),
        ("DTSTART:20261125T080000", "2026-11-25T07:00:00.000Z"),
        ("DUE;VALUE=DATE:20261130", None),
        ("DTSTART:20261130T100000|DUE:20261125T100000", None),
    ],
)
def test_a_to_do_starts_when_it_begins_but_not_after_it_is_due(written: str, start: str | None) -> None:
    assert task(written).start == start


def test_a_time_without_a_zone_is_on_the_wall_clock_of_its_calendar() -> None:
    says = "X-WR-TIMEZONE:America/New_York"

    assert task("DUE:20261130T100000", says=says).due == "2026-11-30T15:00:00.000Z"
    assert task("DUE:20261130T100000", says="X-WR-TIMEZONE:Nowhere").due == "2026-11-30T09:00:00.000Z"


@pytest.mark.parametrize("created", ["00001231T000000Z", "19000101T120000Z", "152104", "yesterday", ""])
def test_a_creation_that_makes_no_sense_is_left_out(created: str) -> None:
    assert task(f"CREATED:{created}").created is None


def test_what_an_alarm_says_is_not_taken_for_what_the_to_do_says() -> None:
    alarm = "BEGIN:VALARM|SUMMARY:Alarm|DUE:nonsense|TRIGGER:-PT1H|BEGIN:X-INNER|UID:x|END:X-INNER|END:VALARM"

    (found,) = tasks(calendar(todo(f"UID:k1|{alarm}|SUMMARY:Paint")))

    assert (found.title, found.task_id, found.due) == ("Paint", "ics:k1", None)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("STATUS:COMPLETED|COMPLETED:20261120T100000Z", "2026-11-20T10:00:00.000Z"),
        ("COMPLETED:20261120T100000Z", "2026-11-20T10:00:00.000Z"),
        ("COMPLETED:20261120T100000", "2026-11-20T09:00:00.000Z"),
        ("COMPLETED;VALUE=DATE:20261120", "2026-11-20T22:59:59.999Z"),
        ("COMPLETED;VALUE=DATE:20261121", format_instant(NOW)),
        ("COMPLETED:20270101T000000Z", format_instant(NOW)),
        ("STATUS:completed", format_instant(NOW)),
        ("COMPLETED:yesterday", format_instant(NOW)),
        ("COMPLETED:00001231T000000Z", format_instant(NOW)),
    ],
)
def test_a_completion_is_dated_as_it_says_but_never_after_the_import(written: str, at: str) -> None:
    content = calendar(todo(f"UID:k1|SUMMARY:Paint|CREATED:20261101T080000Z|{written}"))

    (opened,), (done,) = tasks(content), closings(content)

    assert format_instant(opened.at_ms) == "2026-11-01T08:00:00.000Z"
    assert isinstance(done, TaskCompleted)
    assert (done.task_id, format_instant(done.at_ms), done.source) == ("ics:k1", at, "ics")


@pytest.mark.parametrize(
    ("written", "says", "at"),
    [
        ("STATUS:CANCELLED|LAST-MODIFIED:20261120T100000Z", "", "2026-11-20T10:00:00.000Z"),
        (
            "STATUS:CANCELLED|LAST-MODIFIED:20261120T100000Z|COMPLETED:20261119T100000Z",
            "",
            "2026-11-20T10:00:00.000Z",
        ),
        ("STATUS:CANCELLED|LAST-MODIFIED:20270101T000000Z", "", format_instant(NOW)),
        ("STATUS:CANCELLED", "", format_instant(NOW)),
        ("STATUS:NEEDS-ACTION", "METHOD:CANCEL", format_instant(NOW)),
    ],
)
def test_a_cancelled_to_do_was_written_down_and_then_deleted(written: str, says: str, at: str) -> None:
    (line,) = read("ics", calendar(todo(f"UID:k1|SUMMARY:Paint|{written}"), says=says))

    opened, deleted = line.facts

    assert isinstance(opened, TaskUpsert)
    assert isinstance(deleted, TaskDeleted)
    assert (deleted.task_id, format_instant(deleted.at_ms), deleted.source) == ("ics:k1", at, "ics")
    assert opened.at_ms <= deleted.at_ms


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("COMPLETED:20261121T100000Z", "completed"),
        ("STATUS:COMPLETED", "completed"),
        ("STATUS:CANCELLED|LAST-MODIFIED:20261121T100000Z", "deleted"),
    ],
)
def test_a_to_do_seen_open_in_the_morning_is_closed_in_the_evening(written: str, status: str) -> None:
    lines = "UID:k1|SUMMARY:Paint|CREATED:20261101T080000Z"
    seen = tasks(calendar(todo(lines)), at_ms=parse_instant("2026-11-21T08:00:00+01:00"))

    later = [
        fact
        for fact in facts(read("ics", calendar(todo(f"{lines}|{written}"))))
        if isinstance(fact, TaskFact)
    ]

    folded = fold_task([*seen, *later], ADA)
    assert folded is not None
    assert folded.status(NOW, BERLIN) == status


def test_what_a_to_do_without_a_uid_says_is_its_identity() -> None:
    first, second, other = tasks(
        calendar(todo("SUMMARY:Call Mum"), todo("SUMMARY:Call Mum|DUE:20261130"), todo("SUMMARY:Call Dad"))
    )
    (later,) = tasks(calendar(todo("DUE:20261201|SUMMARY:Call  Mum|PRIORITY:1|UID:")))

    assert first.task_id == later.task_id
    assert len({first.task_id, second.task_id, other.task_id}) == 3


@pytest.mark.parametrize("uid", ["k1", "a b", "Grüße", "0" * 500, "{1-2}", "a,b;c:d"])
def test_every_id_is_one_that_is_accepted(uid: str) -> None:
    (found,) = tasks(calendar(todo(f"UID:{uid}|SUMMARY:Paint")))

    assert checked(found.task_id)


def test_of_several_with_one_uid_the_greatest_sequence_counts_then_the_last() -> None:
    content = calendar(
        todo("UID:k1|SUMMARY:Old|SEQUENCE:1"),
        todo("UID:k1|SUMMARY:New|SEQUENCE:2"),
        todo("UID:k1|SUMMARY:Older|SEQUENCE:nonsense"),
        todo("UID:k2|SUMMARY:First"),
        todo("UID:k2|SUMMARY:Last"),
    )

    assert [found.title for found in tasks(content)] == ["New", "Last"]
    assert refusals(read("ics", content)) == {}


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("SUMMARY:Paint|DUE:tomorrow", "Its DUE cannot be read. Write times as 20261120T090000Z."),
        ("SUMMARY:Paint|DUE:20261345", "Its DUE cannot be read."),
        ("SUMMARY:Paint|DTSTART:20261130T250000", "Its DTSTART cannot be read."),
        ("SUMMARY:Paint|DTSTART:20261130|DURATION:2 hours", "Its DURATION cannot be read."),
        ("SUMMARY:Paint|DUE:PT1H", "Its times, or how it repeats, make no sense."),
        ("SUMMARY:Paint|DUE:18690203", "The time lies outside the years 1970 to 9999."),
        (
            "SUMMARY:Paint|DUE;TZID=Mars/Olympus:20261130T100000",
            "'Mars/Olympus' is no time zone, and the file defines none of that name. Use a name of the tz",
        ),
        ("SUMMARY:Paint|DUE;TZID=../../etc/passwd:20261130T100000", "'../../etc/passwd' is no time zone"),
        ("SUMMARY:Paint|DUE;TZID=Europe:20261130T100000", "'Europe' is no time zone"),
        ("SUMMARY: |UID:k9", "The to-do has no SUMMARY. Say what is to be done."),
        ("UID:k9", "The to-do has no SUMMARY."),
        (f"SUMMARY:{'a' * 10_000}", "One of its lines is longer than 10,000 bytes. Shorten it."),
        ("SUMMARY;X=\x01:Paint", "Its lines cannot be read."),
        ("SUMMARY:Paint|RECURRENCE-ID:18690203|UID:k9", "The time lies outside the years 1970 to 9999."),
    ],
)
def test_a_bad_to_do_is_refused_by_number_and_the_good_ones_are_kept(lines: str, reason: str) -> None:
    found = read("ics", calendar(todo("UID:k1|SUMMARY:Milk"), todo(lines), todo("UID:k2|SUMMARY:Eggs")))

    assert [line.number for line in found] == [3, 7, 10 + lines.count("|")]
    assert reason in refusals(found)[7]
    assert [len(line.facts) for line in found] == [1, 0, 1]


def test_bytes_that_are_no_utf_8_refuse_only_their_to_do() -> None:
    content = (
        calendar(todo("UID:k1|SUMMARY:Caf?"), todo("UID:k2|SUMMARY:Eggs")).encode().replace(b"?", b"\xe9")
    )

    found = read("ics", content)

    assert refusals(found) == {3: "It is not valid UTF-8. Save the file as UTF-8."}
    assert [found.title for found in tasks(content)] == ["Eggs"]


def test_bytes_that_are_no_utf_8_do_not_matter_where_nothing_is_read() -> None:
    content = calendar(todo("UID:k1|SUMMARY:Milk|DESCRIPTION:Caf?")).encode().replace(b"?", b"\xe9")

    assert [found.title for found in tasks(content)] == ["Milk"]


def test_a_component_that_is_cut_off_is_refused_and_takes_nothing_of_the_next() -> None:
    content = (
        "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:Milk\n" + todo("UID:k1|SUMMARY:Eggs") + "\nBEGIN:VTODO\nSUM"
    )

    found = read("ics", content)

    assert refusals(found) == dict.fromkeys(
        (2, 8), "It has no END:VTODO. The file may be cut off: export it again."
    )
    assert [found.title for found in tasks(content)] == ["Eggs"]


def test_what_is_neither_an_event_nor_a_to_do_holds_nothing_to_keep() -> None:
    content = calendar(
        component("VJOURNAL", "UID:j1|SUMMARY:Dear diary|DTSTART:nonsense"),
        component("VFREEBUSY", "UID:f1|FREEBUSY:20261121T100000Z/PT1H"),
        todo("UID:k1|SUMMARY:Milk"),
        component("X-OTHER", "UID:x1|SUMMARY:Other"),
    )

    assert [(line.number, len(line.facts), line.refusal) for line in read("ics", content)] == [
        (3, 0, None),
        (8, 0, None),
        (12, 1, None),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(end: str) -> None:
    content = calendar(todo("UID:k1|SUMMARY:Fold\n ed"), "", todo("UID:k2|SUMMARY:Eggs")).replace("\n", end)

    found = read("ics", codecs.BOM_UTF8 + content.encode())

    assert [line.number for line in found] == [3, 9]
    assert [found.title for found in tasks(content)] == ["Folded", "Eggs"]


def test_names_are_read_in_either_case() -> None:
    content = calendar(todo("UID:k1|SUMMARY:Paint|DUE:20261130T100000Z|RRULE:FREQ=DAILY;COUNT=1")).lower()

    assert [(found.title, found.due) for found in tasks(content)] == [("paint", "2026-11-30T10:00:00.000Z")]


def test_two_calendars_in_a_file_keep_what_each_says_to_itself() -> None:
    content = calendar(todo("UID:k1|SUMMARY:Milk|DUE:20261130T100000"), says="X-WR-TIMEZONE:America/New_York")
    content += calendar(todo("UID:k2|SUMMARY:Eggs|DUE:20261130T100000"))

    assert [found.due for found in tasks(content)] == ["2026-11-30T15:00:00.000Z", "2026-11-30T09:00:00.000Z"]


REPEATS = "UID:k1|SUMMARY:Water plants"


@pytest.mark.parametrize(
    ("lines", "start", "due"),
    [
        ("DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY", None, "2026-11-23"),
        ("DUE;VALUE=DATE:20261107|RRULE:FREQ=WEEKLY", None, "2026-11-21"),
        ("DUE:20261107T170000|RRULE:FREQ=WEEKLY", None, "2026-11-28T16:00:00.000Z"),
        ("DUE:20261107T180000|RRULE:FREQ=WEEKLY", None, "2026-11-21T17:00:00.000Z"),
        ("DUE;VALUE=DATE:20261207|RRULE:FREQ=WEEKLY", None, "2026-12-07"),
        ("DUE;VALUE=DATE:20261001|RRULE:FREQ=DAILY;COUNT=3", None, "2026-10-03"),
        ("DUE;VALUE=DATE:20241001|RRULE:FREQ=DAILY;UNTIL=20241005", None, "2024-10-05"),
        ("DUE;VALUE=DATE:20240229|RRULE:FREQ=YEARLY", None, "2028-02-29"),
        ("DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY|EXDATE;VALUE=DATE:20261123", None, "2026-11-30"),
        ("DUE;VALUE=DATE:20261102|RDATE;VALUE=DATE:20261126", None, "2026-11-26"),
        (
            "DTSTART:20261103T080000|DUE:20261103T200000|RRULE:FREQ=WEEKLY",
            "2026-11-24T07:00:00.000Z",
            "2026-11-24T19:00:00.000Z",
        ),
        (
            "DTSTART:20261103T080000|DURATION:P1D|RRULE:FREQ=WEEKLY",
            "2026-11-24T07:00:00.000Z",
            "2026-11-25T07:00:00.000Z",
        ),
        ("DTSTART;VALUE=DATE:20261103|RRULE:FREQ=WEEKLY", "2026-11-17", None),
        ("DTSTART;VALUE=DATE:20261203|RRULE:FREQ=WEEKLY", "2026-12-03", None),
        ("RRULE:FREQ=DAILY", None, None),
        ("DTSTART:20261130T100000|DURATION:-PT1H|RRULE:FREQ=DAILY", None, None),
        ("DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY|STATUS:IN-PROCESS", None, "2026-11-23"),
    ],
)
def test_a_repeating_to_do_is_its_current_occurrence(lines: str, start: str | None, due: str | None) -> None:
    (found,) = tasks(calendar(todo(f"{REPEATS}|{lines}")))

    assert (found.task_id, found.start, found.due) == ("ics:k1", start, due)


def test_a_whole_series_may_be_completed() -> None:
    content = calendar(
        todo(f"{REPEATS}|DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY|COMPLETED:20261120T100000Z")
    )

    assert [fact.task_id for fact in closings(content)] == ["ics:k1"]


def test_an_occurrence_that_was_completed_is_a_task_of_its_own_and_the_series_moves_on() -> None:
    series = todo(f"{REPEATS}|DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY")
    done = todo(
        f"{REPEATS}|RECURRENCE-ID;VALUE=DATE:20261123|DUE;VALUE=DATE:20261123|COMPLETED:20261120T100000Z"
    )

    following, own = tasks(calendar(series, done))
    (closed,) = closings(calendar(series, done))

    assert (following.task_id, following.due) == ("ics:k1", "2026-11-30")
    assert (own.task_id, own.due) == ("ics:k1:2026-11-23", "2026-11-23") == (closed.task_id, own.due)


def test_an_occurrence_that_was_changed_is_told_as_it_was_changed() -> None:
    series = todo(f"{REPEATS}|DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY")
    moved = todo(
        "UID:k1|SUMMARY:Water cacti|RECURRENCE-ID;VALUE=DATE:20261123|DUE;VALUE=DATE:20261125|PRIORITY:1"
    )

    (found,) = tasks(calendar(series, moved))

    assert (found.task_id, found.title, found.due, found.priority) == (
        "ics:k1",
        "Water cacti",
        "2026-11-25",
        4,
    )


def test_an_occurrence_that_was_cancelled_is_passed_over() -> None:
    series = todo(f"{REPEATS}|DUE;VALUE=DATE:20261102|RRULE:FREQ=WEEKLY")
    cancelled = todo(f"{REPEATS}|RECURRENCE-ID;VALUE=DATE:20261123|DUE;VALUE=DATE:20261123|STATUS:CANCELLED")

    (found,) = tasks(calendar(series, cancelled))

    assert found.due == "2026-11-30"
    assert closings(calendar(series, cancelled)) == []


def test_a_series_of_which_each_occurrence_is_completed_is_complete() -> None:
    series = todo(f"{REPEATS}|DUE;VALUE=DATE:20261110|RRULE:FREQ=DAILY;COUNT=2")
    done = [
        todo(f"{REPEATS}|RECURRENCE-ID;VALUE=DATE:{day}|DUE;VALUE=DATE:{day}|COMPLETED:{day}T100000Z")
        for day in (20261110, 20261111)
    ]

    closed = {fact.task_id: format_instant(fact.at_ms) for fact in closings(calendar(series, *done))}

    assert closed["ics:k1"] == "2026-11-11T10:00:00.000Z"
    assert len(closed) == 3


def test_an_occurrence_without_its_series_is_a_task_of_its_own() -> None:
    (found,) = tasks(calendar(todo(f"{REPEATS}|RECURRENCE-ID:20261123T080000Z|DUE:20261124T080000Z")))

    assert (found.task_id, found.due) == ("ics:k1:2026-11-23T08:00:00.000Z", "2026-11-24T08:00:00.000Z")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "The file holds no BEGIN:VCALENDAR. Export it as iCalendar"),
        ("Buy milk\n", "The file holds no BEGIN:VCALENDAR."),
        (todo("UID:k1|SUMMARY:Milk"), "The file holds no BEGIN:VCALENDAR."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "The file holds no BEGIN:VCALENDAR."),
        (
            calendar(todo("SUMMARY:Milk")).encode("utf-16"),
            "The file is UTF-16, not UTF-8. Convert it to UTF-8",
        ),
    ],
)
def test_a_file_without_a_calendar_cannot_be_read(content: str | bytes, reason: str) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read("ics", content)

    assert reason in str(refused.value)


def test_a_file_that_is_too_large_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST", 100)

    with pytest.raises(UnreadableFile, match="of over 64 MiB is not read"):
        read("ics", calendar(todo(f"SUMMARY:{'a' * 100}")))


def test_a_calendar_may_be_empty() -> None:
    assert read("ics", calendar()) == []


def test_another_encoding_may_be_given() -> None:
    content = calendar(todo("UID:k1|SUMMARY:Grüße"))

    for encoding in ("latin-1", "utf-16"):
        (line,) = read("ics", content.encode(encoding), encoding=encoding)
        assert isinstance(line.facts[0], TaskUpsert)
        assert line.facts[0].title == "Grüße"
    for encoding in ("ascii", "no such thing"):
        with pytest.raises(UnreadableFile, match="The file is not in the encoding"):
            read("ics", content, encoding=encoding)


@pytest.mark.parametrize(
    ("sample", "filename", "recognised"),
    [
        (b"BEGIN:VCALENDAR\r\n", "anything.txt", True),
        (b"\n\nbegin:vcalendar\n", "-", True),
        (codecs.BOM_UTF8 + b"BEGIN:VCALENDAR\n", "x", True),
        ("BEGIN:VCALENDAR\n".encode("utf-16"), "x", True),
        (b"", "empty.ics", True),
        (b"", "empty", False),
        (b"BEGIN:VCARD\n", "people.ics", False),
        (b"(A) Call Mum\n", "todo.ics", False),
        (b"Write BEGIN:VCALENDAR\n", "todo.txt", False),
    ],
)
def test_a_calendar_is_recognised_by_how_it_begins(sample: bytes, filename: str, *, recognised: bool) -> None:
    source = sources.load("ics")

    assert source.recognises(sample, filename) is recognised
