"""How the lines of a todo.txt file are read."""

import codecs

import pytest

from oo.domain.errors import UnreadableFile
from oo.domain.facts import TaskUpsert
from oo.sources import base
from oo.sources.base import ReadLine
from tests.sources.reading import BERLIN, NOW, completions, read, refusals, task, tasks, todo


def test_a_line_becomes_a_task_with_all_that_it_says() -> None:
    line = "(B) 2026-11-01 Book the +Garden tour with @Ada today +Trips @phone due:2026-11-30 t:2026-11-25 rec:+1y"

    found = task(line)

    assert found == TaskUpsert(
        user_id="ada",
        at_ms=NOW,
        task_id=found.task_id,
        title="Book the Garden tour with Ada today",
        due="2026-11-30",
        created="2026-11-01",
        start="2026-11-25",
        priority=3,
        category="Garden",
        source="todotxt",
    )


@pytest.mark.parametrize(
    ("line", "priority", "title"),
    [
        ("(A) Call Mum", 4, "Call Mum"),
        ("(B) Call Mum", 3, "Call Mum"),
        ("(C) Call Mum", 2, "Call Mum"),
        ("(D) Call Mum", 1, "Call Mum"),
        ("(Z) Call Mum", 1, "Call Mum"),
        ("Call Mum", 1, "Call Mum"),
        ("(a) Call Mum", 1, "(a) Call Mum"),
        ("(AA) Call Mum", 1, "(AA) Call Mum"),
        ("(A)Call Mum", 1, "(A)Call Mum"),
        ("Call Mum (A)", 1, "Call Mum (A)"),
        ("x 2026-11-20 Call Mum pri:A", 4, "Call Mum"),
        ("x 2026-11-20 (B) Call Mum", 3, "Call Mum"),
        ("x (B) 2026-11-20 2026-11-01 Call Mum", 3, "Call Mum"),
        ("x 2026-11-20 Call Mum", 1, "Call Mum"),
        ("Call Mum pri:A", 1, "Call Mum"),
    ],
)
def test_a_priority_is_one_capital_in_its_place(line: str, priority: int, title: str) -> None:
    found = task(line)

    assert (found.priority, found.title) == (priority, title)


@pytest.mark.parametrize(
    ("line", "title", "category"),
    [
        ("Email @bob about +garden plans @office", "Email bob about garden plans", "garden"),
        ("Buy milk @shop @town", "Buy milk", "shop"),
        ("Buy milk @shop due:2026-12-01 +home", "Buy milk", "home"),
        ("+garden @home", "garden home", "garden"),
        ("Call +49 170 1234 at 10:30", "Call +49 170 1234 at 10:30", None),
        ("Mail bob@example.org, 1+1=2", "Mail bob@example.org, 1+1=2", None),
        (
            "Read https://example.org/a:b and mailto:bob@example.org",
            "Read https://example.org/a:b and mailto:bob@example.org",
            None,
        ),
        (r"Tidy C:\temp and std::vector, Re:Offer", r"Tidy C:\temp and std::vector, Re:Offer", None),
        ("Groceries: milk\t  and   eggs note:fresh", "Groceries: milk and eggs", None),
        ("Bewässern +Größe", "Bewässern", "Größe"),
        ("Plan + decide @ home", "Plan + decide @ home", None),
    ],
)
def test_the_title_is_what_people_would_read(line: str, title: str, category: str | None) -> None:
    found = task(line)

    assert (found.title, found.category) == (title, category)


@pytest.mark.parametrize("line", ["X 2026-11-20 marks the spot", "xylophone lesson", "x-ray at noon", "x"])
def test_only_a_small_x_and_a_space_complete_a_task(line: str) -> None:
    assert completions(line) == []
    assert task(line).title == line


def test_a_date_inside_the_text_is_text() -> None:
    assert task("Prepare for 2026-12-01 at work").title == "Prepare for 2026-12-01 at work"
    assert task("2026-11-20-notes to sort").created is None


@pytest.mark.parametrize(
    ("tag", "due"),
    [
        ("due:2026-11-30", "2026-11-30"),
        ("due:20261130", "2026-11-30"),
        ("due:2026-11-30T10:00", "2026-11-30T09:00:00.000Z"),
        ("due:2026-07-01T10:00", "2026-07-01T08:00:00.000Z"),
        ("due:2026-11-30T10:00Z", "2026-11-30T10:00:00.000Z"),
        ("due:2026-11-30 due:2027-01-01", "2026-11-30"),
        ("due:", None),
    ],
)
def test_a_due_date_is_a_day_or_a_time_on_the_persons_wall_clock(tag: str, due: str | None) -> None:
    assert task(f"Pay rent {tag}").due == due


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Pay rent due:2026-13-45", "'due:2026-13-45' is not a date. Write it as due:2026-11-20."),
        ("Pay rent due:tomorrow", "'due:tomorrow' is not a date. Write it as due:2026-11-20."),
        ("Pay rent t:0001-01-01", "'t:0001-01-01' is not a date. Write it as t:2026-11-20."),
        ("Pay rent due:9999-12-31T23:59:59-14:00", "is not a date"),
        ("2026-02-30 Pay rent", "A date at the beginning of the line is not in the calendar."),
        ("x 2026-13-01 Pay rent", "A date at the beginning of the line is not in the calendar."),
        ("1869-02-03 Pay rent", "The time lies outside the years 1970 to 9999."),
        ("x 1869-02-03 Pay rent", "The time lies outside the years 1970 to 9999."),
        ("due:2026-11-20 rec:1w", "The line says nothing beside its tags. Write what is to be done."),
        ("(A) 2026-11-20", "The line says nothing beside its tags."),
        ("x 2026-11-20", "The line says nothing beside its tags."),
        ("Pay\0rent", "Character 4 is a NUL. Remove it."),
        ("Pay \x1b[31mrent", "Character 5 is the control character U+001B. Remove it."),
        ("Pay\x85rent", "Character 4 is the control character U+0085. Remove it."),
        ("a" * 10_001, "The line is longer than 10,000 characters. Shorten it."),
    ],
)
def test_a_bad_line_is_refused_by_number_and_the_good_ones_are_kept(line: str, reason: str) -> None:
    lines = todo(f"Buy milk\n\n{line}\nCall Mum\n")

    assert [found.number for found in lines] == [1, 3, 4]
    assert reason in refusals(lines)[3]
    assert [len(found.facts) for found in lines] == [1, 0, 1]


def test_hidden_tasks_are_left_out_without_a_refusal() -> None:
    assert todo("h:1 Lists +garden @phone\nCall Mum h:0")[0] == ReadLine(number=1)


def test_a_line_of_ten_thousand_characters_is_read_quickly() -> None:
    assert len(task("a" * 10_000).title) == 10_000
    assert tasks(" " * 9_999 + "a") != []
    assert refusals(todo("+" * 10_000 + "\n" + "a:" * 4_999 + " b")) == {}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_line_ends_and_marked_encodings_do_not_matter(end: str, encoding: str) -> None:
    content = end.join(["(A) Grüße an Zoë 🌻", "", "Buy milk", ""])

    lines = todo(content.encode(encoding))

    assert [line.number for line in lines] == [1, 3]
    assert lines == todo("(A) Grüße an Zoë 🌻\n\nBuy milk\n")


def test_composed_and_decomposed_characters_are_the_same_task() -> None:
    assert task("Cafe\N{COMBINING ACUTE ACCENT}") == task("Caf\N{LATIN SMALL LETTER E WITH ACUTE}")


def test_marks_in_the_middle_of_files_put_together_do_not_matter() -> None:
    assert (
        tasks(codecs.BOM_UTF8 + b"Buy milk\n" + codecs.BOM_UTF8 + b"x 2026-11-20 Pay rent\n")[1].title
        == "Pay rent"
    )


@pytest.mark.parametrize(
    "bad", [b"Caf\xe9 with Ada", b"\xed\xa0\x80 half a pair", b"\xff\xfe\xfd", b"\xc0\x80 two bytes for NUL"]
)
def test_bytes_that_are_not_utf_8_refuse_their_line_alone(bad: bytes) -> None:
    lines = todo(b"Buy milk\n" + bad + b"\nCall Mum")

    assert list(refusals(lines)) == [2]
    assert "is not valid UTF-8. Save the file as UTF-8." in refusals(lines)[2]


def test_a_damaged_utf_16_file_refuses_the_damaged_lines_alone() -> None:
    content = (
        codecs.BOM_UTF16_LE
        + "Buy milk\n\ud800 half a pair\nCall Mum\nCut of".encode("utf-16-le", "surrogatepass")
        + b"f"
    )

    assert list(refusals(todo(content))) == [2, 4]


def test_the_encoding_can_be_given() -> None:
    lines = todo("Café with Zoë".encode("cp1252"), encoding="cp1252")

    assert [getattr(fact, "title", None) for fact in lines[0].facts] == ["Café with Zoë"]


@pytest.mark.parametrize("encoding", ["klingon", "hex", "ascii", "\0", "undefined"])
def test_an_encoding_that_the_file_is_not_in_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableFile, match="is not in the encoding"):
        todo("Café".encode(), encoding=encoding)


def test_a_file_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST", 1_000)

    with pytest.raises(UnreadableFile):
        read("todotxt", b"Buy milk\n" * 1_000, tz=BERLIN)


SIMPLETASK = """\
(A) 2026-10-02 Renew the passport @town +papers due:2026-12-01 t:2026-11-15
2026-10-05 Descale the kettle @home rec:+3m due:2026-12-05
h:1 Lists @home @town +papers
x 2026-11-02 2026-10-01 Return the drill @town pri:B
"""
SWIFTODO = """\
x 2026-11-14 2026-11-07 Water the plants rec:1w due:2026-11-14
x 2026-11-21 2026-11-14 Water the plants rec:1w due:2026-11-21
2026-11-21 Water the plants rec:1w due:2026-11-28
(C) Choose a present for Mo +Family
"""
TOPYDO = """\
(B) 2026-11-01 Write the report +work id:1 due:2026-11-25
2026-11-01 Collect the figures +work p:1
2026-11-03 Pay the tax ★:1 due:2026-11-30
"""
SLEEK = (
    "(A) 2026-11-11 Fix bike @garage due:2026-11-22 pm:2\r\nx 2026-11-20 2026-11-11 Oil the chain pri:C\r\n"
)


@pytest.mark.parametrize(
    ("content", "titles", "done"),
    [
        (SIMPLETASK, ["Renew the passport", "Descale the kettle", "Return the drill"], 1),
        (SWIFTODO, ["Water the plants"] * 3 + ["Choose a present for Mo"], 2),
        (TOPYDO, ["Write the report", "Collect the figures", "Pay the tax ★:1"], 0),
        (SLEEK, ["Fix bike", "Oil the chain"], 1),
    ],
)
def test_files_in_the_manner_of_known_tools_are_read_whole(
    content: str, titles: list[str], done: int
) -> None:
    assert refusals(todo(content)) == {}
    assert [found.title for found in tasks(content)] == titles
    assert len({found.task_id for found in tasks(content)}) == len(titles)
    assert len(completions(content)) == done


@pytest.mark.parametrize(
    "line",
    [
        "x (C) 2026-11-20 2026-11-01 Pay rent",
        "x 2026-11-20 (C) 2026-11-01 Pay rent",
        "x 2026-11-20 2026-11-01 (C) Pay rent",
    ],
)
def test_the_priority_of_a_completed_task_may_stand_before_between_or_after_its_dates(line: str) -> None:
    read = task(line)

    assert (read.title, read.priority, read.created) == ("Pay rent", 2, "2026-11-01")


def test_an_x_behind_a_space_is_a_word() -> None:
    read = task(" x marks the spot")

    assert (read.title, read.priority) == ("x marks the spot", 1)
    assert completions(" x marks the spot") == []
