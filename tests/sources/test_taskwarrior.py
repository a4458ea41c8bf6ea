"""How a Taskwarrior export is read. The samples were written by Taskwarrior 2.6.2, on a machine in Berlin."""

import codecs
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oo import sources
from oo.domain.errors import UnreadableFile
from oo.domain.facts import Fact, TaskCompleted, TaskDeleted, TaskFact, TaskUpsert
from oo.domain.ids import checked
from oo.domain.instant import DAY, format_instant, parse_instant
from oo.domain.person import Person, ZoneSpan
from oo.domain.task import fold_task
from oo.sources import base, taskwarrior
from oo.sources.base import ReadLine
from tests.sources.reading import BERLIN, NOW, facts, read, refusals

SAMPLES = Path(__file__).parent.parent / "samples" / "taskwarrior"
EXPORT = (SAMPLES / "export-2.6.2.json").read_text()
LINES = (SAMPLES / "export-2.6.2-lines.json").read_text()
ADA = Person(user_id="ada", zones=(ZoneSpan(0, BERLIN),))

UUID = "20401ffc-c207-4d74-9a46-22e5d48327d6"
PENDING = {
    "uuid": UUID,
    "status": "pending",
    "description": "Paint",
    "entry": "20261002T070000Z",
    "modified": "20261002T070000Z",
}
END = "20261118T160000Z"


def export(*tasks: object) -> str:
    return "[\n" + ",\n".join(json.dumps(task) for task in tasks) + "\n]\n"


def lines(content: str | bytes, *, at_ms: int = NOW, tz: str = BERLIN) -> list[ReadLine]:
    return read("taskwarrior", content, at_ms=at_ms, tz=tz)


def tasks(content: str | bytes) -> list[TaskUpsert]:
    return [fact for fact in facts(lines(content)) if isinstance(fact, TaskUpsert)]


def task(**attributes: object) -> TaskUpsert:
    (only,) = tasks(export(PENDING | attributes))
    return only


def happened(*, at_ms: int = NOW, **attributes: object) -> list[Fact]:
    return facts(lines(export(PENDING | attributes), at_ms=at_ms))


def test_a_task_of_a_real_export_is_read_with_all_that_it_says() -> None:
    shed = tasks(EXPORT)[0]

    assert shed == TaskUpsert(
        user_id="ada",
        at_ms=NOW,
        task_id=f"taskwarrior:{UUID}",
        title='Repaint the shed door / "green"',
        due="2026-12-01",
        created="2026-10-02T07:00:00.000Z",
        start=None,
        priority=4,
        category="Home.Garden",
        source="taskwarrior",
    )


def test_a_real_export_is_read_whole() -> None:
    assert refusals(lines(EXPORT)) == {}
    assert [
        (found.title, found.due, found.start, found.priority, found.category) for found in tasks(EXPORT)
    ] == [
        ('Repaint the shed door / "green"', "2026-12-01", None, 4, "Home.Garden"),
        ("Call the dentist about café hours 🌻", "2026-12-01T09:30:00.000Z", None, 3, "phone"),
        ("Plan the winter holiday", None, "2027-01-02", 1, "Travel"),
        ("Order seeds", None, "2027-02-01", 2, "Home.Garden"),
        ("Learn to juggle", None, "9999-12-30", 1, None),
        ("Water the plants", "2026-11-20", None, 1, None),
        ("Water the plants", "2026-11-27", None, 1, None),
        ("Send holiday greetings", None, None, 4, None),
        ("Return the drill", None, None, 1, "tools"),
        ("Sell the old bike", None, None, 1, "Home"),
    ]


def test_what_a_real_export_shows_as_done_or_deleted_is_so_since_its_end() -> None:
    closed = [fact for fact in facts(lines(EXPORT)) if not isinstance(fact, TaskUpsert)]

    assert [(type(fact), format_instant(fact.at_ms)) for fact in closed] == [
        (TaskCompleted, "2026-11-18T16:00:00.000Z"),
        (TaskDeleted, "2026-11-19T07:15:00.000Z"),
    ]


def layouts() -> dict[str, str]:
    """The same tasks in every form that Taskwarrior has written them in, and some that other tools make of them."""
    objects = json.loads(EXPORT)
    dumped = [json.dumps(found, ensure_ascii=False) for found in objects]
    return {
        "array=off": LINES,
        "2.4, the bracket before the first": "[" + ",\n".join(dumped) + "]\n",
        "2.3, commas alone": ",\n".join(dumped) + "\n",
        "Windows": EXPORT.replace("\n", "\r\n"),
        "a mark": "\ufeff" + EXPORT,
        "blank lines": "\n" + EXPORT.replace("\n", "\n\n"),
        "all on one line": "[" + ",".join(dumped) + "]",
        "laid out": json.dumps(objects, indent=2),
        "laid out far": json.dumps(objects, indent=8, ensure_ascii=False) + "\n\n",
    }


@pytest.mark.parametrize("content", layouts().values(), ids=layouts())
def test_however_the_tasks_are_laid_out_they_are_the_same(content: str) -> None:
    assert facts(lines(content)) == facts(lines(EXPORT))
    assert facts(lines(content.encode("utf-16"))) == facts(lines(EXPORT))
    assert sources.detect(content.encode()[:65536], "tasks").name == "taskwarrior"


def test_a_task_is_numbered_by_its_line_or_in_one_document_by_its_place() -> None:
    bad = PENDING | {"status": "lost"}

    assert list(refusals(lines(export(PENDING, bad)))) == [3]
    assert list(refusals(lines(f"\n{json.dumps(bad)}\n"))) == [2]
    assert list(refusals(lines(json.dumps([PENDING, bad])))) == [2]
    assert list(refusals(lines(json.dumps([PENDING, bad], indent=4)))) == [2]
    assert list(refusals(lines(json.dumps(bad, indent=4)))) == [1]


@pytest.mark.parametrize("content", ["", "\n", "[\n]\n", "[]", "[\n\n]", "\ufeff[]\r\n"])
def test_an_export_of_nothing_holds_nothing(content: str) -> None:
    assert lines(content) == []


@pytest.mark.parametrize(
    ("priority", "expected"), [("H", 4), ("M", 3), ("L", 2), ("", 1), (None, 1), ("urgent", 1), (7, 1)]
)
def test_a_priority_that_taskwarrior_does_not_come_with_counts_as_none(
    priority: object, expected: int
) -> None:
    assert task(priority=priority).priority == expected


@pytest.mark.parametrize(
    ("attributes", "category"),
    [
        ({"project": "Home.Garden", "tags": ["phone"]}, "Home.Garden"),
        ({"tags": ["phone", "town"]}, "phone"),
        ({"tags": "phone,town"}, "phone"),
        ({"project": " ", "tags": ["", "town"]}, "town"),
        ({"tags": []}, None),
        ({"tags": None}, None),
        ({}, None),
    ],
)
def test_the_category_is_the_project_else_the_first_tag(
    attributes: dict[str, object], category: str | None
) -> None:
    assert task(**attributes).category == category


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ("20261130T230000Z", "2026-12-01"),
        ("20260701T220000Z", "2026-07-02"),
        ("20261201T225959Z", "2026-12-01T22:59:59.000Z"),
        ("20261201T000000Z", "2026-12-01T00:00:00.000Z"),
        ("99991230T230000Z", "9999-12-31"),
        ("", None),
        (None, None),
    ],
)
def test_a_midnight_of_the_persons_clock_is_a_day_and_every_other_time_an_instant(
    written: str | None, due: str | None
) -> None:
    assert task(due=written).due == due


def test_the_day_of_a_midnight_is_that_of_the_persons_zone() -> None:
    west = [fact.due for fact in facts(lines(EXPORT, tz="America/New_York")) if isinstance(fact, TaskUpsert)]

    assert west[0] == "2026-11-30T23:00:00.000Z"


@pytest.mark.parametrize(
    ("attributes", "start"),
    [
        ({"wait": "20270101T230000Z"}, "2027-01-02"),
        ({"wait": "20270101T080000Z", "status": "waiting"}, "2027-01-01T08:00:00.000Z"),
        ({"scheduled": "20270131T230000Z"}, "2027-02-01"),
        ({"wait": "20270101T230000Z", "scheduled": "20270131T230000Z"}, "2027-01-02"),
        ({"start": "20261101T080000Z"}, None),
    ],
)
def test_a_task_hides_until_it_has_waited_else_until_it_is_scheduled(
    attributes: dict[str, object], start: str | None
) -> None:
    assert task(**attributes).start == start


def test_a_recurring_task_is_a_pattern_and_its_occurrences_are_tasks() -> None:
    pattern = PENDING | {"status": "recurring", "recur": "weekly", "mask": "-", "due": "20261119T230000Z"}
    occurrence = PENDING | {"uuid": "7be55a4b-ff26-49c5-b04f-8ae9f389babe", "parent": UUID, "imask": 0}

    found = lines(export(pattern, occurrence))

    assert found[0] == ReadLine(number=2)
    assert [fact.task_id for fact in facts(found) if isinstance(fact, TaskFact)] == [
        "taskwarrior:7be55a4b-ff26-49c5-b04f-8ae9f389babe"
    ]


def test_attributes_that_a_person_defined_are_passed_over() -> None:
    defined = {"points": 3.5, "estimate": "PT2H", "nested": {"a": [1, None]}, "type": "bug", "depends": UUID}

    assert task(**defined) == task()


def test_annotations_are_no_part_of_the_title() -> None:
    assert task(annotations=[{"entry": "20261003T070000Z", "description": "Primer\nfirst"}]) == task()


def test_a_title_is_one_line_of_composed_characters() -> None:
    found = task(description="Cafe\N{COMBINING ACUTE ACCENT}\n with\t Zoë ")

    assert found.title == "Caf\N{LATIN SMALL LETTER E WITH ACUTE} with Zoë"


@pytest.mark.parametrize(("status", "kind"), [("completed", TaskCompleted), ("deleted", TaskDeleted)])
@pytest.mark.parametrize(
    ("end", "closed"),
    [
        ("20261118T160000Z", "2026-11-18T16:00:00.000Z"),
        ("19700101T000000Z", "1970-01-01T00:00:00.000Z"),
        ("20270101T000000Z", format_instant(NOW)),
        (None, format_instant(NOW)),
    ],
)
def test_a_closed_task_was_closed_at_its_end_and_never_after_the_import(
    status: str, kind: type[Fact], end: str | None, closed: str
) -> None:
    written, ended = happened(status=status, end=end)

    assert isinstance(written, TaskUpsert)
    assert type(ended) is kind
    assert format_instant(ended.at_ms) == closed
    assert written.at_ms <= ended.at_ms


def test_a_closed_task_was_written_down_when_it_was_entered() -> None:
    written, _ = happened(status="completed", end=END)

    assert format_instant(written.at_ms) == "2026-10-02T07:00:00.000Z"


@pytest.mark.parametrize("status", ["completed", "deleted"])
def test_an_end_before_the_beginning_drops_the_beginning(status: str) -> None:
    written, ended = happened(status=status, end="20261001T000000Z")

    assert isinstance(written, TaskUpsert)
    assert written.created is None
    assert written.at_ms == ended.at_ms


@pytest.mark.parametrize("status", ["completed", "deleted"])
def test_a_task_seen_open_in_the_morning_is_closed_in_the_evening(status: str) -> None:
    seen = happened(at_ms=parse_instant("2026-11-18T08:00:00+01:00"))

    told = [fact for fact in [*seen, *happened(status=status, end=END)] if isinstance(fact, TaskFact)]

    folded = fold_task(told, ADA)
    assert folded is not None
    assert folded.status(NOW, BERLIN) == status


@pytest.mark.parametrize("status", ["pending", "waiting"])
def test_a_task_whose_time_has_run_out_is_deleted_then(status: str) -> None:
    until = "20261120T170000Z"

    before = happened(status=status, until=until, at_ms=NOW - 2 * DAY)
    after = happened(status=status, until=until)

    assert [type(fact) for fact in before] == [TaskUpsert]
    assert [type(fact) for fact in after] == [TaskUpsert, TaskDeleted]
    assert format_instant(after[1].at_ms) == "2026-11-20T17:00:00.000Z"


def test_a_task_done_in_time_is_done() -> None:
    assert type(happened(status="completed", until="20261120T170000Z", end=END)[1]) is TaskCompleted


@pytest.mark.parametrize("uuid", [UUID, "k7", "a/b c", "ü" * 300, "u\x1fv"])
def test_a_task_is_known_by_its_uuid_whatever_else_changes(uuid: str) -> None:
    one = tasks(export(PENDING | {"uuid": uuid}))
    other = tasks(
        export(PENDING | {"uuid": uuid, "description": "Varnish", "priority": "H", "project": "Shed"})
    )

    assert [found.task_id for found in one] == [found.task_id for found in other]
    assert all(checked(found.task_id) for found in one)


def test_a_task_that_stands_in_the_file_twice_is_read_once() -> None:
    found = lines(export(PENDING, PENDING | {"description": "Varnish"}))

    assert [fact.title for fact in facts(found) if isinstance(fact, TaskUpsert)] == ["Paint"]
    assert refusals(found) == {3: "The task has the uuid of number 2. Keep one of the two."}


def test_a_task_that_was_refused_does_not_stand_in_the_way_of_the_same_one_well_written() -> None:
    found = lines(export(PENDING | {"end": "x"}, PENDING))

    assert list(refusals(found)) == [2]
    assert len(facts(found)) == 1


WRONG: list[tuple[object, str]] = [
    ({}, "`status` is missing. Every task has a uuid, a status and a description."),
    ({"status": "pending", "description": "Paint"}, "`uuid` is missing."),
    ({"status": "pending", "uuid": UUID}, "`description` is missing."),
    (PENDING | {"description": " \t\n"}, "`description` is missing."),
    (PENDING | {"description": 7}, "`description` must be a text."),
    (PENDING | {"description": ["Paint"]}, "`description` must be a text."),
    (PENDING | {"description": "a" * 10_001}, "`description` is longer than 10,000 characters. Shorten it."),
    (
        PENDING | {"description": "\x1b[31mPaint"},
        "`description` holds the control character U+001B. Remove it.",
    ),
    (PENDING | {"description": "Paint\x7f"}, "`description` holds the control character U+007F."),
    (PENDING | {"description": "Pa\0int"}, "holds a NUL character or half a surrogate pair."),
    (PENDING | {"description": "\ud800"}, "holds a NUL character or half a surrogate pair."),
    (PENDING | {"project": {}}, "`project` must be a text."),
    (PENDING | {"project": "\x1b"}, "`project` holds the control character U+001B."),
    (PENDING | {"uuid": 7}, "`uuid` must be a text."),
    (PENDING | {"uuid": "\x9b"}, "`uuid` holds the control character U+009B."),
    (
        PENDING | {"status": "done"},
        "'done' is not a status. There are pending, waiting, completed, deleted, recurring",
    ),
    (PENDING | {"status": "complete"}, "'complete' is not a status. Did you mean 'completed'?"),
    (PENDING | {"status": None}, "`status` is missing."),
    (PENDING | {"status": True}, "`status` must be a text."),
    (PENDING | {"tags": {"a": 1}}, "`tags` must be a list of texts."),
    (PENDING | {"tags": ["a", 1]}, "`tags` must be a list of texts."),
    (PENDING | {"tags": 1}, "`tags` must be a list of texts."),
    (PENDING | {"tags": ["\x1b"]}, "`tags` holds the control character U+001B."),
    (
        PENDING | {"due": "tomorrow"},
        "`due`: 'tomorrow' is not a time. Taskwarrior writes it as 20261120T093000Z.",
    ),
    (PENDING | {"due": "20261345T000000Z"}, "`due`: '20261345T000000Z' is not a time."),
    (PENDING | {"due": "20261201T000000"}, "`due`: '20261201T000000' has no zone."),
    (PENDING | {"due": "19691231T235959Z"}, "`due`: The time lies outside the years 1970 to 9999."),
    (PENDING | {"due": 1788247800}, "`due` must be a text."),
    (PENDING | {"wait": "x"}, "`wait`: 'x' is not a time."),
    (PENDING | {"scheduled": "x"}, "`scheduled`: 'x' is not a time."),
    (PENDING | {"entry": "x"}, "`entry`: 'x' is not a time."),
    (PENDING | {"until": "x"}, "`until`: 'x' is not a time."),
    (PENDING | {"status": "completed", "end": "x"}, "`end`: 'x' is not a time."),
    (PENDING | {"points": float("nan")}, "NaN and infinities are not numbers"),
    (PENDING | {"points": 2**64}, "A whole number does not fit into 64 bits."),
]


@pytest.mark.parametrize(("value", "reason"), WRONG, ids=[reason[:45] for _, reason in WRONG])
def test_a_task_that_cannot_be_read_is_refused_alone_and_in_plain_words(value: object, reason: str) -> None:
    other = PENDING | {"uuid": "k7"}

    found = lines(export(value, other))

    assert reason in refusals(found)[2]
    assert [len(line.facts) for line in found] == [0, 1]
    assert refusals(found)[2].isprintable()


RAW = [
    (b'{"uuid": "k1", "status": "pending", "uuid": "k2"}', "The key 'uuid' is given twice. Give it once."),
    (b'{"description": "Pa\x1bint"}', "Not valid JSON at column 20: invalid control character at."),
    (b'{"description": "caf\xe9"}', "The line is not UTF-8. Convert it to UTF-8."),
    (b'{"description": "\xed\xa0\x80"}', "The line is not UTF-8."),
    (b'{"a": ' + b'{"a": ' * 40 + b"1" + b"}" * 41, "Nested more than 32 deep."),
    (b'{"a": ' * 50_000, "Nested more than 32 deep."),
    (b'{"description": "' + b"a" * taskwarrior.LONGEST + b'"}', "The line is longer than 1,048,576 bytes."),
    (b'{"uuid": "k1", "status": "pend', "Not valid JSON at column 26"),
    (b'{"urgency": H}', "Not valid JSON at column 13: expecting value."),
    (b"Configuration override rc.json.array:on", "Not valid JSON at column 1: expecting value."),
    (b"7", "Not a JSON object. A task is one, as `task export` writes it."),
    (b'{"uuid": "k1"} {"uuid": "k2"}', "Not valid JSON at column 16: extra data."),
]


@pytest.mark.parametrize(("raw", "reason"), RAW, ids=[reason[:45] for _, reason in RAW])
def test_a_line_that_is_not_json_takes_no_other_with_it(raw: bytes, reason: str) -> None:
    good = json.dumps(PENDING).encode()

    found = lines(
        b"[\n" + good + b",\n" + raw + b",\n" + json.dumps(PENDING | {"uuid": "k7"}).encode() + b"\n]\n"
    )

    assert reason in refusals(found)[3]
    assert [len(line.facts) for line in found] == [1, 0, 1]


def test_a_task_that_is_no_object_is_refused_by_its_place() -> None:
    found = refusals(lines(json.dumps([PENDING, 7, None, ["x"], "text"])))

    assert list(found) == [2, 3, 4, 5]
    assert set(found.values()) == {"Not a JSON object. A task is one, as `task export` writes it."}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"[{json.dumps(PENDING)},{{]", "Not valid JSON at column"),
        (json.dumps([PENDING, PENDING], indent=2)[:-3], "Not valid JSON at column"),
        (f"[{json.dumps(PENDING | {'points': float('nan')})}, {{}}]", "NaN and infinities are not numbers"),
        ("Buy milk\nCall Mum\n", "Not valid JSON at column 1"),
        ("[" * 100_000, "Nested more than 32 deep."),
    ],
)
def test_one_document_is_read_whole_or_not_at_all(content: str, reason: str) -> None:
    with pytest.raises(UnreadableFile) as refusal:
        lines(content)

    assert "neither a task a line nor one list of tasks" in str(refusal.value)
    assert reason in str(refusal.value)
    assert "`task export`" in str(refusal.value)


def test_the_encoding_can_be_given() -> None:
    content = json.dumps(PENDING | {"description": "Café"}, ensure_ascii=False)

    found = read("taskwarrior", content.encode("cp1252"), encoding="cp1252")

    assert [fact.title for fact in facts(found) if isinstance(fact, TaskUpsert)] == ["Café"]


@pytest.mark.parametrize("encoding", ["klingon", "ascii", "\0", "hex"])
def test_an_encoding_that_the_file_is_not_in_is_refused(encoding: str) -> None:
    with pytest.raises(UnreadableFile, match="is not in the encoding"):
        read("taskwarrior", "Café".encode(), encoding=encoding)


def test_a_file_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LARGEST", 1_000)

    with pytest.raises(UnreadableFile, match="over 64 MiB"):
        lines(EXPORT)


@pytest.mark.parametrize(
    ("sample", "filename", "name"),
    [
        (EXPORT.encode(), "todo.txt", "taskwarrior"),
        (EXPORT.encode("utf-16"), "tasks.json", "taskwarrior"),
        (codecs.BOM_UTF8 + LINES.encode(), "-", "taskwarrior"),
        (EXPORT.encode()[:700], "tasks", "taskwarrior"),
        (b"[\n]\n", "tasks.json", "taskwarrior"),
        (b'{"type": "user", "user_id": "ada", "tz": "Europe/Berlin"}\n', "tasks.json", "events"),
        (
            (
                b'{"type": "task.upsert", "user_id": "ada", "task_id": "k1", "at": "2026-09-01T07:30:00Z",'
                b' "title": "Read about \\"uuid\\":\\"x\\", \\"status\\":\\"pending\\", \\"description\\":\\"\\""}\n'
            ),
            "log",
            "events",
        ),
        (b"(A) Read what `task export` writes\n", "todo.txt", "todotxt"),
    ],
)
def test_an_export_is_told_by_its_content(sample: bytes, filename: str, name: str) -> None:
    assert sources.detect(sample, filename).name == name


@pytest.mark.parametrize(
    "sample",
    [
        b'{"name": "x", "version": 1}',
        b'[{"uuid": "x", "status": "open", "description": "y"}]',
        b'# Notes\n\n    {"uuid": "x", "status": "pending", "description": "y"}\n',
        b"[]",
        b"",
    ],
)
def test_what_is_no_export_is_not_taken_for_one(sample: bytes) -> None:
    assert not taskwarrior.SOURCE.recognises(sample, "package.js")


def outcome(content: bytes) -> list[ReadLine] | str:
    try:
        return lines(content)
    except UnreadableFile as refusal:
        return str(refusal)


@settings(deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='[]{},:"\\aud\n \r0', max_size=60).map(str.encode))
@example(b"\xff\xfe")
@example(b"\xff\xfe\n")
@example(b"[\n{}\n]")
@example(b"{\n}")
@example(b"][")
def test_any_bytes_are_read_or_refused_and_read_again_the_same(content: bytes) -> None:
    taskwarrior.SOURCE.recognises(content, "tasks.json")

    assert outcome(content) == outcome(content)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "uuid": st.sampled_from(["k1", "k2", "k3"]) | values,
                "status": st.sampled_from(["pending", "waiting", "completed", "deleted", "recurring"])
                | values,
                "description": st.text(min_size=1) | values,
                "due": st.sampled_from(["20261130T230000Z", "99991231T235959Z", "19700101T000000Z"]) | values,
                "entry": st.sampled_from(["20261002T070000Z", "20271002T070000Z"]) | values,
                "end": st.sampled_from(["20261118T160000Z", "20281118T160000Z"]) | values,
                "until": st.sampled_from(["20261118T160000Z", "20281118T160000Z"]) | values,
                "tags": values,
                "priority": values,
            },
        ),
        max_size=4,
    ),
    st.sampled_from([None, 2]),
)
def test_any_tasks_are_read_or_refused_and_nothing_lies_ahead(
    found: list[dict[str, Any]], indent: int | None
) -> None:
    try:
        told = lines(json.dumps(found, indent=indent) if indent else export(*found))
    except UnreadableFile:
        assert indent
        return

    upserts = [fact.task_id for fact in facts(told) if isinstance(fact, TaskUpsert)]
    assert len(set(upserts)) == len(upserts)
    assert all(0 <= fact.at_ms <= NOW for fact in facts(told))
    assert all(line.refusal is None or line.refusal.isprintable() for line in told)
    assert all(not (line.facts and line.refusal) for line in told)
