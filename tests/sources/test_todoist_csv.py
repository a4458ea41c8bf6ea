"""How a Todoist project is read from CSV.

The samples are laid out as Todoist exports them: `garden.csv` as of 2026, `move-2017.csv` as of then, and
`excel-semicolons.csv` as a German spreadsheet saves the former.
"""

import codecs
import csv
import io
import time
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oo import sources
from oo.domain.errors import UnreadableFile
from oo.domain.facts import TaskUpsert
from oo.domain.ids import checked
from oo.sources import base, todoist_csv
from oo.sources.base import SAMPLE_BYTES, ReadLine
from tests.sources.reading import BERLIN, NOW, facts, read, refusals

SAMPLES = Path(__file__).parent.parent / "samples" / "todoist-csv"
GARDEN = (SAMPLES / "garden.csv").read_bytes()
MOVE = (SAMPLES / "move-2017.csv").read_bytes()
EXCEL = (SAMPLES / "excel-semicolons.csv").read_bytes()

HEADER = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,DATE,TIMEZONE,DEADLINE"
ME = "Ada (1000001)"


def row(kind: str = "task", content: str = "Paint", **cells: str) -> str:
    return record({"TYPE": kind, "CONTENT": content} | cells)


def record(cells: dict[str, str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells.get(column, "") for column in HEADER.split(","))
    return line.getvalue()


def table(*rows: str) -> str:
    return f"{HEADER}\r\n{''.join(rows)}"


def lines(content: str | bytes, *, at_ms: int = NOW, tz: str = BERLIN) -> list[ReadLine]:
    return read("todoist-csv", content, at_ms=at_ms, tz=tz)


def tasks(content: str | bytes) -> list[TaskUpsert]:
    return [fact for fact in facts(lines(content)) if isinstance(fact, TaskUpsert)]


def task(content: str = "Paint", **cells: str) -> TaskUpsert:
    (only,) = tasks(table(row(content=content, **cells)))
    return only


def titles(content: str | bytes) -> list[str]:
    return [found.title for found in tasks(content)]


def ids(content: str | bytes) -> list[str]:
    return [found.task_id for found in tasks(content)]


def test_a_record_becomes_a_task_with_all_that_it_says() -> None:
    found = tasks(GARDEN)[0]

    assert found == TaskUpsert(
        user_id="ada",
        at_ms=NOW,
        task_id=found.task_id,
        title="Repaint the shed door",
        due="2026-12-01",
        created=None,
        start=None,
        priority=4,
        category="outdoors",
        source="todoist-csv",
    )


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_an_export_of_today_is_read_whole(end: bytes) -> None:
    content = GARDEN.replace(b"\r\n", b"\n").replace(b"\n", end)

    assert refusals(lines(content)) == {}
    assert [(found.title, found.due, found.priority, found.category) for found in tasks(content)] == [
        ("Repaint the shed door", "2026-12-01", 4, "outdoors"),
        ("Buy sandpaper, two grades", None, 1, None),
        ('Ask the shop for "weatherproof" paint', "2026-12-01T09:30:00.000Z", 2, None),
        ("Water the plants", None, 3, None),
        ("Order seeds from the catalogue", "2027-01-31", 1, "phone"),
        ("Drain the hose", "2026-11-20", 3, "Winter"),
        ("Cover the roses", None, 1, "Winter"),
        ("Water the plants", None, 1, "Someday"),
    ]


def test_an_export_of_2017_is_read_whole() -> None:
    assert refusals(lines(MOVE)) == {}
    assert [(found.title, found.due, found.priority) for found in tasks(MOVE)] == [
        ("Return the keys", "2017-01-31T17:00:00.000Z", 4),
        ("Read the meters", None, 3),
        ("Label the boxes", None, 1),
        ("Register the new address", "2017-02-06", 1),
    ]


def test_what_a_spreadsheet_saves_is_read_whole() -> None:
    assert refusals(lines(EXCEL)) == {}
    assert [(found.title, found.due, found.category) for found in tasks(EXCEL)] == [
        ("Küche streichen", "2026-12-05", "wochenende"),
        ("Farbe kaufen; Pinsel auch", None, None),
        ("Regal bauen", None, "Später"),
    ]


def test_tabs_in_utf_16_are_read_as_a_spreadsheet_saves_them() -> None:
    content = EXCEL.decode("utf-8-sig").replace(";", "\t").replace("kaufen\t Pinsel", "kaufen; Pinsel")

    assert tasks(content.encode("utf-16")) == tasks(EXCEL)


def test_every_cell_may_stand_between_quotes() -> None:
    rows = csv.reader(io.StringIO(GARDEN.decode(), newline=""))
    quoted = io.StringIO()
    csv.writer(quoted, quoting=csv.QUOTE_ALL).writerows(rows)

    assert tasks(quoted.getvalue()) == tasks(GARDEN)


def test_columns_are_told_by_their_names() -> None:
    content = "CONTENT, TYPE ,COLOUR,PRIORITY\nPaint,task,red,2\n"

    (found,) = tasks(content)

    assert (found.title, found.priority) == ("Paint", 3)


def test_spaces_around_what_a_record_is_do_not_matter() -> None:
    assert titles(table(row(" task "))) == ["Paint"]


def test_two_columns_are_enough() -> None:
    (found,) = tasks("TYPE,CONTENT\ntask,Paint\n")

    assert (found.title, found.priority, found.due, found.category) == ("Paint", 1, None, None)


@pytest.mark.parametrize(
    ("written", "priority"), [("1", 4), ("2", 3), ("3", 2), ("4", 1), ("", 4), (" 3 ", 2)]
)
def test_one_is_the_highest_priority_and_todoist_reads_an_empty_one_so(written: str, priority: int) -> None:
    assert task(PRIORITY=written).priority == priority


@pytest.mark.parametrize(
    ("content", "title", "category"),
    [
        ("Call Ada @phone", "Call Ada", "phone"),
        ("Call Ada @phone @town", "Call Ada", "phone"),
        ("Call Ada @30min @/munich", "Call Ada", "30min"),
        ("Mail @bob about the shed @office", "Mail @bob about the shed", "office"),
        ("Mail ada@example.org", "Mail ada@example.org", None),
        ("Meet at 5 @", "Meet at 5 @", None),
        ("Read [the report](https://example.org/a) @desk", "Read the report", "desk"),
        ("Read [a](https://x.org/(b)) and [c @d](https://x.org/@d)", "Read a and c @d", None),
        ("Call [Ada @work](https://x.org)", "Call Ada @work", None),
        ("[Draft] (not a link)", "[Draft] (not a link)", None),
        ("**Very** soon: **call**", "Very soon: call", None),
        ("** **", "** **", None),
        ("2 * 3 * 4", "2 * 3 * 4", None),
        ("*", "*", None),
        ("  Buy \n\n milk\tand  eggs ", "Buy milk and eggs", None),
        ("Caf\N{LATIN SMALL LETTER E WITH ACUTE}", "Caf\N{LATIN SMALL LETTER E WITH ACUTE}", None),
        ("Cafe\N{COMBINING ACUTE ACCENT}", "Caf\N{LATIN SMALL LETTER E WITH ACUTE}", None),
    ],
)
def test_the_title_is_what_people_read_and_labels_stand_at_its_end(
    content: str, title: str, category: str | None
) -> None:
    found = task(content)

    assert (found.title, found.category) == (title, category)


def test_the_category_is_the_section_else_the_first_label() -> None:
    content = table(
        row(content="One @phone"),
        row("section", " Big   jobs "),
        row(content="Two @phone"),
        row(content="Three", INDENT="2"),
        row("section", ""),
        row(content="Four @town"),
    )

    assert [found.category for found in tasks(content)] == ["phone", "Big jobs", "Big jobs", "town"]


def test_a_section_that_is_refused_ends_the_one_before() -> None:
    content = table(row("section", "Big"), row("section", "Sm\0all"), row(content="One"))

    assert [found.category for found in tasks(content)] == [None]
    assert refusals(lines(content)) == {3: "CONTENT holds a NUL. Remove it."}


def test_headings_comments_and_settings_hold_nothing_to_keep() -> None:
    content = table(
        row("meta", "view_style=board"),
        row(content="* Before the frost"),
        row("note", "One\n\ntwo"),
        row("comment", "\x1b"),
        row("section", "Winter"),
    )

    assert lines(content) == [ReadLine(number=number) for number in (2, 3, 4, 7, 8)]


def test_blank_records_are_passed_over_whatever_their_length() -> None:
    assert lines(table(",,,,,,,\r\n", "\r\n", ",,\r\n", ' , ,"",\r\n')) == []


DATES = [
    ("2026-08-20", "2026-08-20"),
    ("2026-08-20 10:00", "2026-08-20T08:00:00.000Z"),
    ("2026-08-20T10:00", "2026-08-20T08:00:00.000Z"),
    ("2026-12-20 10:00:30", "2026-12-20T09:00:30.000Z"),
    ("2026-08-20T10:00:00Z", "2026-08-20T10:00:00.000Z"),
    ("2026-08-20T10:00:00.000000Z", "2026-08-20T10:00:00.000Z"),
    ("2026-08-20T10:00+05:30", "2026-08-20T04:30:00.000Z"),
    ("2025-03-31 at 11:00", "2025-03-31T09:00:00.000Z"),
    ("20 Aug 2026", "2026-08-20"),
    ("1 Sep. 2033", "2033-09-01"),
    ("20 august 2026", "2026-08-20"),
    ("20th of August 2026", None),
    ("20th Aug 2026", "2026-08-20"),
    ("1. May 2026", "2026-05-01"),
    ("Wed, 2 december 2026", "2026-12-02"),
    ("Aug 20 2026", "2026-08-20"),
    ("Aug 20, 2026", "2026-08-20"),
    ("August 1st, 2026", "2026-08-01"),
    ("Thu 20 Aug 2026", "2026-08-20"),
    ("Thursday, August 20, 2026", "2026-08-20"),
    ("20 Sept 2026 10:00", "2026-09-20T08:00:00.000Z"),
    ("20 Aug 2026 at 7pm", "2026-08-20T17:00:00.000Z"),
    ("20 Aug 2026 @ 7:05 AM", "2026-08-20T05:05:00.000Z"),
    ("20 Aug 2026 12am", "2026-08-19T22:00:00.000Z"),
    ("20 Aug 2026 12 pm", "2026-08-20T10:00:00.000Z"),
    ("Aug 20, 2026, 9:00", "2026-08-20T07:00:00.000Z"),
    ("  20\u00a0Aug \n 2026 ", "2026-08-20"),
    ("", None),
    ("today", None),
    ("tomorrow at 9am", None),
    ("in 3 days", None),
    ("monday", None),
    ("Jan 5", None),
    ("4 Jan 10:00", None),
    ("every day", None),
    ("every! 3 months", None),
    ("every monday starting 2026-08-20", None),
    ("every 20 Aug 2026", None),
    ("jährlich", None),
    ("30 März 2026", None),
    ("2026年8月20日", None),
    ("8/20/2026", None),
    ("20.08.2026", None),
    ("20 Aug 26", None),
    ("20 Aug 2026 10", None),
    ("20 Aug 2026 13pm", None),
    ("Augur 20 2026", None),
    ("sunny 20 Aug 2026", None),
    ("20 Aug 2026 10:00 every year", None),
    ("20 Aug 2026 to 22 Aug 2026", None),
    ("٢٠ Aug 2026", None),
]


@pytest.mark.parametrize(("written", "due"), DATES)
def test_a_date_that_means_one_day_whenever_it_is_read_is_taken(written: str, due: str | None) -> None:
    assert task(DATE=written).due == due


@pytest.mark.parametrize(
    ("cells", "due"),
    [
        ({"DATE": "2026-08-20 10:00", "TIMEZONE": "Asia/Tokyo"}, "2026-08-20T01:00:00.000Z"),
        ({"DATE": "2026-08-20 10:00", "TIMEZONE": ""}, "2026-08-20T08:00:00.000Z"),
        ({"DATE": "2026-08-20", "TIMEZONE": "Asia/Tokyo"}, "2026-08-20"),
        ({"DATE": "2026-08-20", "TIMEZONE": "GMT +1:00"}, "2026-08-20"),
        ({"DATE": "2026-08-20", "DEADLINE": "2026-08-31"}, "2026-08-20"),
        ({"DATE": "", "DEADLINE": "Aug 31 2026"}, "2026-08-31"),
        ({"DATE": "every day", "DEADLINE": "2026-08-31"}, "2026-08-31"),
        ({"DATE": "every day", "DEADLINE": "soon"}, None),
    ],
)
def test_a_time_is_in_the_zone_of_its_record_and_a_deadline_takes_the_place_of_a_date(
    cells: dict[str, str], due: str | None
) -> None:
    assert task(**cells).due == due


WRONG = [
    (row("taks"), "'taks' is not a TYPE. Did you mean 'task'?"),
    (row("project"), "'project' is not a TYPE. There are task, section, note, comment, meta."),
    (row("TASK"), "'TASK' is not a TYPE."),
    (row(""), "The record has no TYPE. There are task, section, note, comment, meta."),
    (row(PRIORITY="0"), "PRIORITY '0' is none of 1, 2, 3 and 4. 1 is the highest."),
    (row(PRIORITY="5"), "PRIORITY '5' is none of 1, 2, 3 and 4."),
    (row(PRIORITY="high"), "PRIORITY 'high' is none of 1, 2, 3 and 4."),
    (row(PRIORITY="1.0"), "PRIORITY '1.0' is none of 1, 2, 3 and 4."),
    (row(INDENT="0"), "INDENT '0' is not a whole number from 1 on."),
    (row(INDENT="-1"), "INDENT '-1' is not a whole number from 1 on."),
    (row(INDENT="x"), "INDENT 'x' is not a whole number from 1 on."),
    (row(INDENT="٢"), "is not a whole number from 1 on."),
    (
        row(DATE="2026-13-45"),
        "DATE '2026-13-45' is not in the calendar. Write it as 2026-11-20, or 2026-11-20 10:00.",
    ),
    (row(DATE="31 Feb 2027"), "DATE '31 Feb 2027' is not in the calendar."),
    (row(DATE="2026-08-20 25:00"), "DATE '2026-08-20 25:00' is not in the calendar."),
    (row(DATE="1 Jan 1969"), "DATE '1 Jan 1969' is not in the calendar."),
    (row(DATE="0000-01-01"), "DATE '0000-01-01' is not in the calendar."),
    (row(DEADLINE="2026-02-30"), "DEADLINE '2026-02-30' is not in the calendar."),
    (row(DATE="2026-08-20 10:00", TIMEZONE="Mars/Olympus"), "'Mars/Olympus' is not a time zone."),
    (row(content=""), "CONTENT says nothing beside its labels. Write what is to be done."),
    (row(content="@home @phone"), "CONTENT says nothing beside its labels."),
    (row(content="a" * 10_001), "CONTENT is longer than 10,000 characters. Shorten it."),
    (row(content="Pa\0int"), "CONTENT holds a NUL. Remove it."),
    (row(content="\x1b[31mPaint"), "CONTENT holds the control character U+001B. Remove it."),
    (row(content="Pa\x85int"), "CONTENT holds the control character U+0085."),
    (row(DESCRIPTION="a" * 100_000), "The record is longer than 100,000 characters. Shorten it."),
    ("task,Paint,,1\r\n", "The record has 4 columns, the header 8."),
    (
        "task,Buy milk, eggs and flour,,1,1,,,\r\n",
        "The record has 9 columns, the header 8. Put a text that holds",
    ),
    (
        'task,"Call "Ada"",,1,1,,,\r\n',
        "A quote of the record is out of place, or not closed within 100,000 characters. Put a text",
    ),
    (
        'task,"Paint" now,,1,1,,,\r\n',
        "A quote of the record is out of place, or not closed within 100,000 characters.",
    ),
    (
        "task,Pa\rint,,1,1,,,\r\n",
        "A quote of the record is out of place, or not closed within 100,000 characters.",
    ),
]


@pytest.mark.parametrize(("bad", "reason"), WRONG, ids=[reason[:45] for _, reason in WRONG])
def test_a_record_that_cannot_be_read_is_refused_alone_and_in_plain_words(bad: str, reason: str) -> None:
    found = lines(table(row(content="One"), bad, row(content="Two")))

    assert [line.number for line in found] == [2, 3, 4]
    assert reason in refusals(found)[3]
    assert refusals(found)[3].isprintable()
    assert [len(line.facts) for line in found] == [1, 0, 1]


@pytest.mark.parametrize(
    "bad", [b"Caf\xe9", b"\xed\xa0\x80 half a pair", b"\xff\xfe", b"\xc0\x80 two bytes for NUL"]
)
def test_bytes_that_are_not_utf_8_refuse_their_record_alone(bad: bytes) -> None:
    content = (
        table(row(content="One")).encode() + b"task," + bad + b",,1,1,,,\r\n" + row(content="Two").encode()
    )

    assert refusals(lines(content)) == {3: "CONTENT is not valid UTF-8. Save the file as UTF-8."}
    assert titles(content) == ["One", "Two"]


def test_a_description_is_not_read_and_may_hold_anything() -> None:
    assert task(DESCRIPTION="\x1b\0\x85") == task()


def test_a_damaged_utf_16_file_refuses_the_damaged_records_alone() -> None:
    content = table(row(content="One"), "task,\ud800,,1,1,,,\n", row(content="Two"), "task,Cut")

    found = lines(codecs.BOM_UTF16_LE + content.encode("utf-16-le", "surrogatepass") + b"f")

    assert list(refusals(found)) == [3, 5]


def test_a_record_is_numbered_by_the_line_that_it_begins_on() -> None:
    content = "\n" + table(
        row(content="One", DESCRIPTION="a\nb\r\n\r\nc"), row("note", "d\ne"), row(content="Two"), row("x")
    )

    assert [line.number for line in lines(content)] == [3, 7, 9, 10]


SWALLOWING = 'task,"Buy milk,,4,1,,,\r\n'


@pytest.mark.parametrize(
    "following",
    [
        row(content="One") + row(content="Two"),
        row(content="One, or more") + row(content="Two"),
        row(content="One", DESCRIPTION="first\nsecond") + row(content="Two"),
        row("note", 'said "yes"') + row(content="One") + row(content="Two"),
        ",,,,,,,\r\n" + row(content="One") + ",,,,,,,\r\n" + row(content="Two"),
    ],
)
def test_a_quote_that_is_never_closed_swallows_nothing(following: str) -> None:
    content = table(row(content="Zero"), SWALLOWING, following)

    assert list(refusals(lines(content))) == [3]
    assert titles(content)[0] == "Zero"
    assert [title.partition(",")[0] for title in titles(content)[1:]] == ["One", "Two"]


def test_a_quote_that_closes_where_another_record_has_its_own_swallows_nothing() -> None:
    content = table(SWALLOWING, 'task,One,"a\r\nb",4,1,,,\r\n', row(content="Two"))

    assert list(refusals(lines(content))) == [2]
    assert titles(content) == ["One", "Two"]


def test_a_stray_quote_far_below_does_not_make_one_record_of_all_between() -> None:
    content = table(SWALLOWING, row(content="One"), 'task,A screen of 12",,4,1,,,\r\n')

    assert list(refusals(lines(content))) == [2]
    assert titles(content) == ["One", 'A screen of 12"']


def test_reading_goes_on_at_a_record_whose_cells_all_stand_between_quotes() -> None:
    content = table('"task","Buy "milk"","","4","1","","",""\n', '"task","One","","4","1","","",""\n')

    assert list(refusals(lines(content))) == [2]
    assert titles(content) == ["One"]


OUT_OF_PLACE = "A quote of the record is out of place, or not closed within 100,000 characters."
QUOTE = 'Put a text that holds delimiters, quotes or line ends between ", and double each " in it.'


def test_lines_that_go_with_a_broken_record_are_named() -> None:
    content = table('task,"Call "Ada\r\non Monday\r\nor later",,1,1,,,\r\n', row(content="Two"))

    assert refusals(lines(content)) == {2: f"{OUT_OF_PLACE} Lines 2 to 4 are left out. {QUOTE}"}
    assert titles(content) == ["Two"]


def test_a_quote_that_is_open_at_the_end_is_told() -> None:
    content = table(row(content="One"), 'task,"Two,,4\r\nand so on')

    assert refusals(lines(content)) == {3: f"{OUT_OF_PLACE} Lines 3 to 4 are left out. {QUOTE}"}


def test_a_text_may_hold_a_line_that_begins_as_a_record_does() -> None:
    content = table(row("note", "One\nnote, they close at six\ntask, so to say"), row(content="Two"))

    assert refusals(lines(content)) == {}
    assert titles(content) == ["Two"]


def test_a_record_over_several_lines_with_too_few_columns_takes_its_own_lines_alone() -> None:
    content = table('task,Paint,"one\r\ntwo",1\r\n', row(content="Two"))

    assert refusals(lines(content))[2].startswith(
        "The record has 4 columns, the header 8. Lines 2 to 3 are left out."
    )
    assert list(refusals(lines(content))) == [2]
    assert titles(content) == ["Two"]


def test_a_record_may_be_long_but_not_beyond_all_measure() -> None:
    for size in (99_000, 101_000):
        content = table(row(DESCRIPTION="and so on\n" * (size // 10)), row(content="Two"))

        assert list(refusals(lines(content))) == ([] if size < 100_000 else [2])
        assert titles(content)[-1] == "Two"


def test_a_record_over_many_lines_ends_at_the_measure_of_one() -> None:
    content = table('task,"Paint\r\n', "and so on\r\n" * 20_000, row(content="Two"))

    assert list(refusals(lines(content))) == [2]
    assert titles(content) == ["Two"]


def test_a_file_of_open_quotes_is_refused_as_a_whole_and_quickly() -> None:
    content = io.BytesIO(table(row(), 'task,a","\r\n' * 200_000).encode())
    begun = time.process_time()

    with pytest.raises(UnreadableFile, match="Over 100 records have quotes out of place"):
        next(todoist_csv.SOURCE.read(content, user_id="ada", tz=BERLIN, at_ms=NOW))

    assert time.process_time() - begun < 5


@pytest.mark.parametrize(
    "content",
    ["[" * 9_999, "**" * 4_999 + "a", "[a](" * 2_400, "@" * 10_000, "a @" * 3_300, "[a](b(" * 1_600],
)
def test_a_text_of_ten_thousand_characters_is_read_quickly(content: str) -> None:
    begun = time.process_time()

    assert len(task(content).title) > 1_000

    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "cells",
    [
        {"PRIORITY": "1"},
        {"DATE": "2026-08-20"},
        {"DEADLINE": "2026-08-20"},
        {"DESCRIPTION": "Primer first"},
        {"content": "Paint @home"},
        {"content": "  Paint\n@home @today "},
    ],
)
def test_priority_dates_and_labels_keep_the_identity(cells: dict[str, str]) -> None:
    assert task(**cells).task_id == task().task_id


def test_a_section_keeps_the_identity() -> None:
    assert ids(table(row("section", "Winter"), row())) == ids(table(row()))


def test_other_words_are_another_task() -> None:
    found = {
        task(content).task_id
        for content in ("Paint", "paint", "Paint it", "**Paint**", "[Paint](x)", "[Paint](y)")
    }

    assert len(found) == 6


def test_the_tasks_above_are_part_of_the_identity() -> None:
    alone = table(row(content="Pack"))
    below = table(row(content="Trip"), row(content="Pack", INDENT="2"))
    elsewhere = table(row(content="Move"), row(content="Pack", INDENT="2"))
    deeper = table(row(content="Trip"), row(content="List", INDENT="2"), row(content="Pack", INDENT="3"))
    labelled = table(row(content="Trip @fun", PRIORITY="1"), row(content="Pack", INDENT="2"))
    heading = table(row(content="* Trip"), row(content="Pack", INDENT="2"))

    assert len({ids(content)[-1] for content in (alone, below, elsewhere, deeper)}) == 4
    assert ids(below)[-1] == ids(labelled)[-1] == ids(heading)[-1]


def test_a_task_stands_below_the_nearest_before_it_that_is_indented_less() -> None:
    below = ids(table(row(content="Trip"), row(content="Pack", INDENT="2")))[-1]

    beside = table(row(content="Trip"), row(content="Fly", INDENT="2"), row(content="Pack", INDENT="2"))
    skipped = table(row(content="Trip"), row(content="Pack", INDENT="4"))
    refused = table(row(content="Move"), row(content="Trip", PRIORITY="9"), row(content="Pack", INDENT="2"))

    assert ids(beside)[-1] == ids(skipped)[-1] == ids(refused)[-1] == below


def test_a_section_begins_anew() -> None:
    content = table(row(content="Trip"), row("section", "Later"), row(content="Pack", INDENT="2"))

    assert ids(content)[-1] == task("Pack").task_id


def test_tasks_that_say_the_same_are_counted() -> None:
    first, second = tasks(table(row(), row(PRIORITY="1")))

    assert first.task_id == task().task_id
    assert second.task_id != first.task_id


def test_every_id_is_one_that_is_accepted() -> None:
    for content in ("Grüße 🌻", "a/b/ü", "a" * 10_000):
        assert checked(task(content).task_id)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n\n",
        "Buy milk\n",
        "TYPE,TEXT\ntask,Paint\n",
        "type,content\ntask,Paint\n",
        'TYPE,"CONTENT\n',
        "\0",
    ],
)
def test_a_file_without_the_columns_is_refused(content: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        lines(content)

    assert str(refusal.value) == (
        "The file does not begin with the names of columns, TYPE and CONTENT among them."
        " Export it once more from Todoist."
    )


def test_the_encoding_can_be_given() -> None:
    found = read("todoist-csv", table(row(content="Café")).encode("cp1252"), encoding="cp1252")

    assert [fact.title for fact in facts(found) if isinstance(fact, TaskUpsert)] == ["Café"]


@pytest.mark.parametrize("encoding", ["klingon", "ascii", "\0", "hex"])
def test_an_encoding_that_the_file_is_not_in_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableFile, match="is not in the encoding"):
        read("todoist-csv", table(row(content="Café")).encode(), encoding=encoding)


def test_a_file_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST", 1_000)

    with pytest.raises(UnreadableFile, match="over 64 MiB"):
        lines(GARDEN)


@pytest.mark.parametrize(
    ("sample", "filename", "name"),
    [
        (GARDEN, "todo.txt", "todoist-csv"),
        (MOVE, "-", "todoist-csv"),
        (EXCEL, "garden.csv", "todoist-csv"),
        (EXCEL.decode("utf-8-sig").encode("utf-16"), "garden.csv", "todoist-csv"),
        (GARDEN[:200], "garden.csv", "todoist-csv"),
        (b"TYPE,CONTENT", "garden", "todoist-csv"),
        (b"\n\n" + GARDEN, "garden", "todoist-csv"),
        (b'{"type": "user", "user_id": "ada", "tz": "Europe/Berlin"}\n', "log.csv", "events"),
        (b"(A) Tidy TYPE,CONTENT\n", "todo.txt", "todotxt"),
    ],
)
def test_an_export_is_told_by_its_content(sample: bytes, filename: str, name: str) -> None:
    assert sources.detect(sample, filename).name == name


@pytest.mark.parametrize(
    "sample",
    [
        b"",
        b"name,type,content,ttl\nexample.org,A,192.0.2.1,300\n",
        b'"List Name","Title","Content"\n',
        b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
        b"Buy milk\nTYPE,CONTENT\n",
        codecs.BOM_UTF16_LE + b"T",
        b'"' * 200_000,
        b"a" * 200_000,
    ],
)
def test_other_tables_and_texts_are_not_taken_for_one(sample: bytes) -> None:
    assert not todoist_csv.SOURCE.recognises(sample, "garden.csv")


def samples() -> list[Path]:
    """The files of every format that has a folder of samples."""
    return sorted(path for name in sources.names() for path in (SAMPLES.parent / name).glob("*.*"))


@pytest.mark.parametrize("sample", samples(), ids=lambda path: path.name)
def test_each_sample_is_recognised_by_its_own_source_alone(sample: Path) -> None:
    content = sample.read_bytes()[:SAMPLE_BYTES]

    certain = [
        name
        for name in sources.names()
        if not sources.load(name).any_text and sources.load(name).recognises(content, sample.name)
    ]

    assert certain == [sample.parent.name]
    assert sources.detect(content, sample.name).name == sample.parent.name


def outcome(content: bytes) -> list[ReadLine] | str:
    try:
        return lines(content)
    except UnreadableFile as refusal:
        return str(refusal)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='task,note;"@*[]()\r\n\t 012', max_size=80).map(str.encode))
@example(b"\xff\xfe")
@example(b"\xff\xfe\n")
@example(b'TYPE,CONTENT\n"')
@example(b"TYPE,CONTENT\n\0,\0")
def test_any_bytes_are_read_or_refused_and_read_again_the_same(content: bytes) -> None:
    for whole in (content, HEADER.encode() + b"\n" + content):
        todoist_csv.SOURCE.recognises(whole, "garden.csv")

        assert outcome(whole) == outcome(whole)


cells = st.sampled_from(["", "1", "2", "9", "2026-08-20", "2026-08-20 10:00", "31 Feb 2027"]) | st.text(
    max_size=12
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"TYPE": st.sampled_from(["task", "task", "section", "note", "", "x"])},
            optional=dict.fromkeys(HEADER.split(",")[1:], cells),
        ),
        max_size=5,
    )
)
def test_any_records_are_read_or_refused_and_each_is_a_task_of_its_own(rows: list[dict[str, str]]) -> None:
    found = lines(table(*(record(cells) for cells in rows)).encode("utf-8", "surrogatepass"))

    seen = [fact.task_id for fact in facts(found) if isinstance(fact, TaskUpsert)]
    assert len(set(seen)) == len(seen)
    assert all(not (line.facts and line.refusal) for line in found)
    assert all(line.refusal is None or line.refusal.isprintable() for line in found)


@settings(deadline=None)
@given(st.lists(st.text(alphabet='ab,;"\n ', min_size=1, max_size=10).filter(str.strip), max_size=6))
def test_whatever_a_text_holds_it_is_read_as_it_was_written(contents: list[str]) -> None:
    found = titles(table(*(row(content=content) for content in contents)))

    assert found == [" ".join(content.split()) for content in contents]
