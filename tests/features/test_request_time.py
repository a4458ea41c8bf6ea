"""Features of the moment and of a candidate, at the times where clocks and calendars part."""

import pytest

from oo.domain.facts import TaskUpsert
from oo.domain.instant import DAY, HOUR, parse_instant
from oo.domain.person import Person, ZoneSpan
from oo.domain.task import Task, fold_task
from oo.features.candidate import candidates, is_overdue, priority, task_age_days
from oo.features.catalog import CATALOG
from oo.features.context import context_features, day_of_week, hour_of_day, tasks
from oo.features.registry import Registry
from oo.features.spec import Moment

WRITTEN = parse_instant("2026-09-01T08:00:00Z")


def task(
    *,
    due: str | None = None,
    created: str | None = None,
    importance: int = 1,
    task_id: str = "k",
    tz: str = "UTC",
) -> Task:
    fact = TaskUpsert(
        user_id="ada",
        task_id=task_id,
        at_ms=WRITTEN,
        title="Call",
        due=due,
        created=created,
        priority=importance,
    )
    folded = fold_task([fact], Person("ada", (ZoneSpan(0, tz),)))
    assert folded is not None
    return folded


def moment(at: str, tz: str = "UTC", *live: Task) -> Moment:
    return Moment(now_ms=parse_instant(at), tz=tz, tasks=live)


@pytest.mark.parametrize(
    ("at", "tz", "overdue"),
    [
        ("2026-09-02T23:59:59.999Z", "UTC", False),
        ("2026-09-03T00:00:00.000Z", "UTC", True),
        ("2026-09-02T21:59:59.999Z", "Europe/Berlin", False),
        ("2026-09-02T22:00:00.000Z", "Europe/Berlin", True),
        # The same instant on either side of the date line.
        ("2026-09-02T11:00:00.000Z", "Pacific/Kiritimati", True),
        ("2026-09-02T11:00:00.000Z", "Pacific/Pago_Pago", False),
        ("2026-09-03T10:59:59.999Z", "Pacific/Pago_Pago", False),
        ("2026-09-03T11:00:00.000Z", "Pacific/Pago_Pago", True),
    ],
)
def test_a_due_day_is_over_when_the_persons_own_day_is(at: str, tz: str, overdue: bool) -> None:  # noqa: FBT001
    assert is_overdue(task(due="2026-09-02"), moment(at, tz)) is overdue


@pytest.mark.parametrize(
    ("at", "overdue"), [("2026-09-02T08:00:00.000Z", False), ("2026-09-02T08:00:00.001Z", True)]
)
@pytest.mark.parametrize("tz", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_due_time_is_over_at_one_instant_everywhere(at: str, tz: str, overdue: bool) -> None:  # noqa: FBT001
    assert is_overdue(task(due="2026-09-02T08:00:00.000Z"), moment(at, tz)) is overdue


def test_what_has_no_due_date_is_never_overdue() -> None:
    assert is_overdue(task(), moment("2999-01-01T00:00:00Z")) is False


def test_age_counts_in_fractions_of_a_day_from_creation_in_the_persons_zone() -> None:
    born = task(created="2026-08-20", tz="Europe/Berlin")

    assert born.created_ms == parse_instant("2026-08-19T22:00:00Z")
    assert task_age_days(born, moment("2026-08-21T04:00:00Z")) == 1.25


def test_age_without_a_creation_date_counts_from_the_first_word_of_the_task() -> None:
    assert task_age_days(task(), Moment(now_ms=WRITTEN + DAY + 6 * HOUR, tz="UTC")) == 1.25


def test_a_task_from_the_future_has_no_age() -> None:
    assert task_age_days(task(created="2026-12-01"), moment("2026-09-01T00:00:00Z")) == 0.0


def test_priority_is_the_tasks_own() -> None:
    assert [priority(task(importance=level), moment("2026-09-01T00:00:00Z")) for level in (1, 2, 3, 4)] == [
        1,
        2,
        3,
        4,
    ]


@pytest.mark.parametrize(
    ("at", "tz", "hour", "weekday"),
    [
        ("2026-10-25T00:59:59.999Z", "Europe/Berlin", 2, 6),
        ("2026-10-25T01:00:00Z", "Europe/Berlin", 2, 6),
        ("2026-03-29T00:59:59.999Z", "Europe/Berlin", 1, 6),
        ("2026-03-29T01:00:00Z", "Europe/Berlin", 3, 6),
        ("2026-10-03T15:29:59.999Z", "Australia/Lord_Howe", 1, 6),
        ("2026-10-03T15:30:00Z", "Australia/Lord_Howe", 2, 6),
        ("2026-11-01T04:29:59.999Z", "America/St_Johns", 1, 6),
        ("2026-11-01T04:30:00Z", "America/St_Johns", 1, 6),
        ("2026-09-01T12:00:00Z", "Pacific/Kiritimati", 2, 2),
        ("2026-09-01T12:00:00Z", "Pacific/Pago_Pago", 1, 1),
    ],
)
def test_the_hour_and_weekday_are_those_on_the_persons_wall(
    at: str, tz: str, hour: int, weekday: int
) -> None:
    assert (hour_of_day(moment(at, tz)), day_of_week(moment(at, tz))) == (hour, weekday)


def test_a_zone_holds_from_its_first_millisecond_and_the_first_one_also_before() -> None:
    person = Person("ada", (ZoneSpan(WRITTEN, "Europe/Berlin"), ZoneSpan(WRITTEN + HOUR, "Asia/Tokyo")))

    asked = (0, WRITTEN - 1, WRITTEN, WRITTEN + HOUR - 1, WRITTEN + HOUR, WRITTEN + DAY)

    assert [person.tz_at(at_ms) for at_ms in asked] == ["Europe/Berlin"] * 4 + ["Asia/Tokyo"] * 2


def test_the_context_holds_single_values_and_the_task_list_stands_apart() -> None:
    now = moment("2026-09-01T12:00:00Z", "UTC", task(due="2026-09-02"))

    assert context_features(Registry(CATALOG), now) == {
        "hour_of_day": 12,
        "day_of_week": 1,
        "calendar_busyness": 0.0,
        "mood_score": None,
        "hours_since_todoist_sync": None,
        "hours_since_calendar_sync": None,
    }
    assert tasks(now) == [{"id": "k", "title": "Call", "due": "2026-09-02", "priority": 1, "category": None}]


def test_candidates_come_by_id_with_their_raw_features() -> None:
    now = moment("2026-09-02T08:00:00Z", "UTC", task(task_id="z"), task(task_id="a", due="2026-09-01"))

    offered = candidates(Registry(CATALOG), now)

    assert [(each.candidate_id, each.features) for each in offered] == [
        ("a", {"is_overdue": True, "task_age_days": 1.0, "priority": 1}),
        ("z", {"is_overdue": False, "task_age_days": 1.0, "priority": 1}),
    ]
