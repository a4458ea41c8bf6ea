"""Files as the tools in use write them.

calcurse.ics was written by calcurse 4.7.1 (`calcurse --export=ical`), todoman.ics by todoman 4.7.0 and khal.ics by
khal 0.14.1 (the files of one folder each, one after the other). The others are written by hand as Google Calendar,
Apple Calendar and Reminders, Outlook, Thunderbird and Nextcloud Tasks write theirs.
"""

from pathlib import Path

import pytest

from oo import sources
from oo.domain.facts import CalendarEvent, TaskCompleted, TaskDeleted, TaskUpsert
from oo.domain.instant import format_instant
from oo.sources.base import SAMPLE_BYTES
from tests.sources.reading import facts, read, refusals

SAMPLES = Path(__file__).parents[1] / "samples" / "ics"
NAMES = sorted(path.name for path in SAMPLES.iterdir())


def content(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def tasks(name: str) -> dict[str, TaskUpsert]:
    return {fact.title: fact for fact in facts(read("ics", content(name))) if isinstance(fact, TaskUpsert)}


def closed(name: str) -> dict[str, str]:
    """What became of the tasks that are not open: their titles, with the fact's type and time."""
    titles = {task.task_id: title for title, task in tasks(name).items()}
    found = [
        fact for fact in facts(read("ics", content(name))) if isinstance(fact, (TaskCompleted, TaskDeleted))
    ]
    return {titles[fact.task_id]: f"{fact.type} {format_instant(fact.at_ms)[:16]}" for fact in found}


def busy(name: str) -> list[str]:
    """When each occurrence begins, with its length in minutes, and a minus where it leaves the person free."""
    found = [fact for fact in facts(read("ics", content(name))) if isinstance(fact, CalendarEvent)]
    return [
        f"{format_instant(fact.start_ms)[:16]} {'' if fact.busy else '-'}{(fact.end_ms - fact.start_ms) // 60_000}"
        for fact in sorted(found, key=lambda fact: fact.start_ms)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_recognised_by_the_one_source_that_reads_it(name: str) -> None:
    sample = content(name)[:SAMPLE_BYTES]

    recognising = [other for other in sources.names() if sources.load(other).recognises(sample, name)]

    assert recognising == ["ics"]
    assert sources.detect(sample, "todo.txt").name == "ics"


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_read_without_a_refusal(name: str) -> None:
    lines = read("ics", content(name))

    assert refusals(lines) == {}
    assert all(line.facts for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_that_was_cut_anywhere_loses_only_what_was_cut(name: str) -> None:
    whole = {line.number: line for line in read("ics", content(name))}

    for cut in range(len("BEGIN:VCALENDAR\r\n"), len(content(name)), 97):
        lines = read("ics", content(name)[:cut])
        assert all(line.refusal or line.number in whole for line in lines)
        assert len(refusals(lines)) <= 1


def test_google_calendar() -> None:
    assert busy("google-calendar.ics") == [
        "2026-10-05T16:00 90",
        "2026-10-12T16:00 90",
        "2026-10-19T16:00 90",
        "2026-10-26T17:00 90",
        "2026-11-02T17:00 90",
        "2026-11-09T17:00 90",
        "2026-11-24T08:30 45",
        "2026-11-24T18:00 90",
        "2026-11-26T13:00 -60",
        "2026-11-27T23:00 -2880",
        "2026-11-30T17:00 90",
        "2026-12-07T17:00 90",
        "2026-12-14T17:00 90",
        "2026-12-21T17:00 90",
    ]


def test_apple_calendar() -> None:
    found = busy("apple-calendar.ics")

    assert len(found) == 1 + 1 + 28
    assert found[:2] == ["2026-11-02T06:00 60", "2026-11-03T06:00 60"]
    assert "2026-11-08T06:00 60" not in found
    assert "2026-11-25T09:00 120" in found
    assert found[-1] == "2027-05-13T22:00 -1440"


def test_apple_reminders() -> None:
    found = tasks("apple-reminders.ics")

    assert {title: (task.due, task.priority) for title, task in found.items()} == {
        "Leiter zurückbringen": ("2026-11-27T16:00:00.000Z", 4),
        "Briefmarken kaufen": (None, 1),
        "Zählerstand ablesen": ("2026-12-01T07:00:00.000Z", 2),
    }
    assert closed("apple-reminders.ics") == {"Briefmarken kaufen": "task.completed 2026-11-19T07:15"}


def test_outlook() -> None:
    found = busy("outlook.ics")

    assert len(found) == 10 + 1 + 1
    assert found[0] == "2026-11-09T08:00 60"
    assert "2026-11-25T18:00 30" in found
    assert "2026-12-03T23:00 -1440" in found


def test_thunderbird() -> None:
    found = tasks("thunderbird.ics")

    assert found["Bilge pump: order the spare part"].category == "Boat"
    assert found["Bilge pump: order the spare part"].start == "2026-11-15T08:00:00.000Z"
    assert closed("thunderbird.ics") == {"Water the seedlings": "task.completed 2026-11-20T18:59"}
    assert busy("thunderbird.ics") == ["2026-11-27T18:00 180"]


def test_nextcloud_tasks() -> None:
    found = tasks("nextcloud-tasks.ics")

    assert {title: (task.due, task.start, task.priority) for title, task in found.items()} == {
        "Dachrinne reinigen": ("2026-11-29T16:00:00.000Z", None, 3),
        "Laubsäcke besorgen": (None, None, 1),
        "Steuerunterlagen sortieren": ("2026-12-15", "2026-12-01", 2),
        "Altes Fahrrad verkaufen": (None, None, 1),
    }
    assert closed("nextcloud-tasks.ics") == {
        "Laubsäcke besorgen": "task.completed 2026-11-17T19:15",
        "Altes Fahrrad verkaufen": "task.deleted 2026-11-18T05:00",
    }


def test_calcurse_which_gives_no_uids() -> None:
    found = tasks("calcurse.ics")

    assert {title: task.priority for title, task in found.items()} == {
        "Renew the library card": 4,
        "Order firewood, beech; dry": 3,
        "Sort the photographs": 2,
        "Read about beekeeping": 1,
        "Pay the chimney sweep": 4,
    }
    assert closed("calcurse.ics") == {"Pay the chimney sweep": "task.completed 2026-11-21T17:00"}
    assert busy("calcurse.ics") == [
        "2026-11-02T17:00 90",
        "2026-11-09T17:00 90",
        "2026-11-23T17:00 90",
        "2026-11-24T08:30 45",
        "2026-11-27T23:00 1440",
        "2026-11-30T17:00 90",
        "2026-12-07T17:00 90",
        "2026-12-14T17:00 90",
        "2026-12-21T17:00 90",
        "2027-05-13T22:00 1440",
    ]


def test_todoman() -> None:
    found = tasks("todoman.ics")

    assert {title: (task.due, task.priority, task.category) for title, task in found.items()} == {
        "Return the borrowed ladder, and thank Nele": ("2026-12-04T16:30:00.000Z", 3, None),
        "Cancel the old subscription": ("2026-11-18", 1, None),
        "Read the beekeeping handbook; chapters 3 & 4": (None, 2, "reading"),
        "Grüße an die Nachbarn schicken 🌻": (None, 1, None),
        "Book the chimney sweep": ("2026-11-30", 4, "household"),
        "Paint the fence": ("2026-11-19", 1, None),
    }
    assert closed("todoman.ics") == {
        "Book the chimney sweep": "task.completed 2026-11-21T13:13",
        "Cancel the old subscription": "task.deleted 2026-11-21T13:13",
    }


def test_khal() -> None:
    found = busy("khal.ics")

    assert [start for start in found if start.endswith(" 90")] == [
        *(f"2026-10-{day}T16:00 90" for day in ("05", "12", "19")),
        "2026-10-26T17:00 90",
        *(f"2026-11-{day}T17:00 90" for day in ("02", "09", "16", "23", "30")),
        *(f"2026-12-{day}T17:00 90" for day in ("07", "14")),
    ]
    assert [start for start in found if not start.endswith(" 90")] == [
        "2026-11-24T08:30 45",
        "2026-11-26T19:00 120",
        "2026-11-27T23:00 2880",
    ]
