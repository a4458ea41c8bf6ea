"""Which task a line of todo.txt is, and when it was completed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oo.domain.facts import TaskCompleted, TaskFact
from oo.domain.ids import checked
from oo.domain.instant import DAY, MINUTE, format_instant, parse_instant
from oo.domain.person import Person, ZoneSpan
from oo.domain.task import fold_task
from tests.sources.reading import BERLIN, NOW, completions, facts, task, tasks, todo

ADA = Person(user_id="ada", zones=(ZoneSpan(0, BERLIN),))


@pytest.mark.parametrize(
    "other",
    [
        "(A) Water plants +garden",
        "2026-11-01 Water plants +garden",
        "Water plants due:2026-12-01 +garden rec:1w",
        "  Water   plants\t+garden ",
        "x 2026-11-20 Water plants +garden pri:A",
        "x Water plants +garden",
    ],
)
def test_priority_dates_tags_and_completion_keep_the_identity(other: str) -> None:
    assert task(other).task_id == task("Water plants +garden").task_id


@pytest.mark.parametrize("other", ["Water plants", "Water the plants +garden", "Water plants @garden"])
def test_other_words_are_another_task(other: str) -> None:
    assert task(other).task_id != task("Water plants +garden").task_id


@pytest.mark.parametrize("tag", ["id:k7", "uid:k7", "uuid:k7"])
def test_an_id_tag_is_the_identity(tag: str) -> None:
    assert (
        task(f"Water plants {tag}").task_id
        == task(f"(A) Feed the cat {tag} due:2026-12-01").task_id
        == "todotxt:k7"
    )


def test_every_id_is_one_that_is_accepted() -> None:
    for line in ("Grüße 🌻", "id:a/b/ü Paint", "a" * 10_000, f"Paint id:{'9' * 500}"):
        assert checked(task(line).task_id)


def test_lines_that_say_the_same_are_counted() -> None:
    first, second = tasks("Call Mum\nCall Mum due:2026-12-01\n")

    assert first.task_id == task("Call Mum").task_id
    assert second.task_id != first.task_id


def test_a_completed_line_completes_the_task_that_said_the_same() -> None:
    one, two = tasks("Call Mum\nCall Mum\n")

    done = completions("x 2026-11-20 Call Mum\nx 2026-11-20 Call Mum\n")

    assert [fact.task_id for fact in done] == [one.task_id, two.task_id]


def test_a_completed_line_beside_an_open_one_is_history() -> None:
    content = "x 2026-11-14 Water plants rec:1w\nx 2026-11-21 Water plants rec:1w\nWater plants rec:1w\n"

    past, present, following = tasks(content)

    assert following.task_id == task("Water plants").task_id
    assert len({past.task_id, present.task_id, following.task_id}) == 3


def test_history_keeps_its_identity_as_it_grows() -> None:
    before = completions("x 2026-11-14 Water plants\nWater plants\n")

    after = completions("x 2026-11-21 Water plants\nx 2026-11-14 Water plants\nWater plants due:2026-11-28\n")

    assert before[0] in after


def test_recurring_tasks_in_an_archive_do_not_complete_their_next_occurrence() -> None:
    following = task("Water plants rec:1w due:2026-11-28")

    (done,) = completions("x 2026-11-21 Water plants rec:1w due:2026-11-21\n")

    assert done.task_id != following.task_id


def test_a_completion_is_dated_to_the_end_of_its_day_in_the_persons_zone() -> None:
    (done,) = completions("x 2026-11-20 2026-11-01 Pay rent")

    assert format_instant(done.at_ms) == "2026-11-20T22:59:59.999Z"
    assert format_instant(tasks("x 2026-11-20 2026-11-01 Pay rent")[0].at_ms) == "2026-10-31T23:00:00.000Z"


@pytest.mark.parametrize(
    "line", ["x 2026-11-21 Pay rent", "x 2027-01-01 Pay rent", "x Pay rent", "x 9999-12-31 Pay rent"]
)
def test_a_completion_of_today_later_or_no_day_is_of_now(line: str) -> None:
    assert [fact.at_ms for fact in completions(line)] == [NOW]


@pytest.mark.parametrize(
    "line",
    [
        "x 2026-11-21 Pay rent",
        "x 2026-11-21 2026-11-01 Pay rent pri:A",
        "x 2026-11-21 2026-11-01 Pay rent",
        "x Pay rent",
        "x 2026-11-21 2026-11-30 Pay rent",
    ],
)
def test_a_task_seen_open_in_the_morning_is_complete_in_the_evening(line: str) -> None:
    morning = parse_instant("2026-11-21T08:00:00+01:00")
    seen = tasks("(A) 2026-11-01 Pay rent", at_ms=morning)

    later = [fact for fact in facts(todo(line)) if isinstance(fact, TaskFact)]

    for at_ms in (NOW, NOW + DAY):
        folded = fold_task([*seen, *later], ADA)
        assert folded is not None
        assert folded.status(at_ms, BERLIN) == "completed"


def test_a_task_completed_yesterday_evening_is_complete_though_it_was_seen_open_that_morning() -> None:
    morning = parse_instant("2026-11-20T08:00:00+01:00")
    seen = tasks("(A) Pay rent", at_ms=morning)

    later = [fact for fact in facts(todo("x 2026-11-20 Pay rent")) if isinstance(fact, TaskFact)]

    folded = fold_task([*seen, *later], ADA)
    assert folded is not None
    assert folded.status(NOW, BERLIN) == "completed"


def test_the_first_day_of_all_time_lies_not_before_it() -> None:
    lines = todo("x 1970-01-01 1970-01-01 Pay rent")

    assert all(fact.at_ms >= 0 for fact in facts(lines))


LINES = st.lists(
    st.sampled_from(
        [
            "Water plants",
            "(A) Water plants due:2026-11-28",
            "x 2026-11-14 Water plants rec:1w",
            "x 2026-11-14 2026-11-01 Water plants",
            "x Water plants",
            "Feed the cat id:7",
            "x 2026-11-20 Feed the cat id:7",
            "due:never",
            "",
        ]
    ),
    max_size=12,
)


@given(LINES)
def test_the_same_file_twice_gives_the_same_facts_but_for_their_time(lines: list[str]) -> None:
    content = "\n".join(lines)

    first, again = facts(todo(content)), facts(todo(content, at_ms=NOW + 5 * MINUTE))

    assert [replace(fact, at_ms=0) for fact in first] == [replace(fact, at_ms=0) for fact in again]


@given(LINES)
def test_no_two_lines_of_a_file_are_the_same_task(lines: list[str]) -> None:
    found = tasks("\n".join(lines))

    assert len({fact.task_id for fact in found}) == len(found)


@given(LINES)
def test_a_task_is_written_down_before_it_is_completed(lines: list[str]) -> None:
    for line in todo("\n".join(lines)):
        times = [fact.at_ms for fact in line.facts]
        assert times == sorted(times)
        assert all(at_ms <= NOW for at_ms in times)
        assert not line.facts[1:] or isinstance(line.facts[1], TaskCompleted)
