"""A training set: every row of the spine, in order, with what was so, what was known, or what was logged by then."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oo.adapters.sql.duckdb import DuckDb
from oo.domain.errors import OfflineError
from oo.domain.facts import (
    Fact,
    MoodCheckin,
    Reaction,
    TaskCompleted,
    TaskUpsert,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import DAY, HOUR, MINUTE, parse_instant
from oo.features.catalog import CATALOG
from oo.features.spec import TIPS, Count, FeatureDefinition, Where, Windowed
from oo.pipelines import training_set as pipeline
from oo.pipelines.training_set import Request, build
from oo.usecases import history
from tests.support.stores import World, world
from tests.support.training import engine, rows, sql, training_set, write_spine

NOON = parse_instant("2026-09-01T12:00:00Z")
LATE = NOON + 3 * DAY
ADA = UserFact(user_id="ada", at_ms=0, tz="Europe/Berlin")


@pytest.fixture
def made() -> Iterator[World]:
    with world() as new:
        yield new


def tip(number: int, at_ms: int, **known: Any) -> TipServed:
    return TipServed(user_id="ada", tip_id=f"t{number}", at_ms=at_ms, candidate_id="k", **known)


def given(number: int, at_ms: int, reaction: Reaction = Reaction.DONE) -> TipFeedback:
    return TipFeedback(user_id="ada", tip_id=f"t{number}", at_ms=at_ms, reaction=reaction)


def arrive(made: World, at_ms: int, *facts: Fact) -> None:
    made.app.ingest(facts, now_ms=at_ms)


def column(made: World, name: str, points: list[tuple[str, int]], **options: Any) -> list[Any]:
    return [row[name] for row in training_set(made.app, points, **options)]


def test_ten_thousand_rows_with_duplicates_and_strangers_are_kept_in_order(
    made: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_ROWS", 50)
    monkeypatch.setattr(pipeline, "MOST_PEOPLE", 7)
    chance = random.Random(1)
    for number in range(60):
        user_id = f"p{number}"
        served = [
            TipServed(user_id=user_id, tip_id=f"{user_id}.{tip}", at_ms=NOON + tip * HOUR, candidate_id="k")
            for tip in range(number)
        ]
        arrive(made, LATE, UserFact(user_id=user_id, at_ms=0, tz="UTC"), *served)
    points = [(f"p{chance.randrange(80)}", NOON + chance.randrange(61) * HOUR) for _ in range(9_000)]
    points += chance.choices(points, k=1_000)

    found = training_set(made.app, points, features=("tip_volume_30d", "completion_rate_30d"))

    assert [(row["user_id"], row["at_ms"]) for row in found] == points
    for row in found:
        tips = int(row["user_id"][1:])
        served_by_then = min(tips, (row["at_ms"] - NOON) // HOUR + 1) if tips < 60 else 0
        assert (row["tip_volume_30d"], row["completion_rate_30d"]) == (served_by_then, 0.0)


def test_other_columns_of_the_spine_come_first_whatever_they_hold(made: World, tmp_path: Path) -> None:
    spine, out = tmp_path / "[a]*.parquet", tmp_path / "d.parquet"
    write_spine(tmp_path / "a, which that could mean as well.parquet", [("eve", NOON)])
    sql(
        "SELECT 1.5 AS label, 'ada' AS user_id, {'a': [1, 2]} AS nested, 5::INTEGER AS at_ms, 7 AS point, "
        '8 AS "k""y"',
        spine,
    )

    build(made.app, engine(), Request(spine=spine, out=out, features=("tip_volume_30d",)), now_ms=0)

    (row,) = rows(out)
    assert list(row) == ["label", "user_id", "nested", "at_ms", "point", 'k"y', "tip_volume_30d"]
    assert (row["nested"], row["point"], row['k"y']) == ({"a": [1, 2]}, 7, 8)


def test_a_spine_without_rows_gives_a_set_without_rows(made: World) -> None:
    assert training_set(made.app, []) == []
    assert training_set(made.app, [], as_known=True, logged=True) == []


def test_as_known_counts_what_had_arrived_and_as_of_what_had_happened(made: World) -> None:
    arrive(made, NOON, ADA, tip(1, NOON), tip(2, NOON))
    arrive(made, NOON + MINUTE, given(1, NOON + MINUTE))
    arrive(made, LATE, given(2, NOON + MINUTE), tip(3, NOON + HOUR))
    arrive(made, LATE + DAY, given(1, NOON + HOUR, Reaction.DISMISS))
    points = [
        ("ada", at_ms)
        for at_ms in (NOON - 1, NOON, NOON + MINUTE, NOON + HOUR, LATE - 1, LATE, LATE + DAY - 1, LATE + DAY)
    ]

    happened = column(made, "completion_rate_30d", points)
    known = column(made, "completion_rate_30d", points, as_known=True)

    assert happened == [0.0, 0.0, 1.0, *[1 / 3] * 5]
    assert known == [0.0, 0.0, 0.5, 0.5, 0.5, 2 / 3, 2 / 3, 1 / 3]
    assert column(made, "tip_volume_30d", points, as_known=True) == [0.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0]


def test_as_known_nothing_is_known_of_a_person_whose_record_is_still_to_come(made: World) -> None:
    arrive(made, NOON, tip(1, NOON), given(1, NOON))
    arrive(made, LATE, ADA)
    points = [("ada", NOON + HOUR), ("ada", LATE), ("nobody", LATE)]

    assert column(made, "tip_volume_30d", points, as_known=True) == [0.0, 1.0, 0.0]
    assert column(made, "tip_volume_30d", points) == [1.0, 1.0, 0.0]


def test_as_known_a_zone_that_came_late_moves_no_hour_before(made: World) -> None:
    arrive(made, NOON, ADA, tip(1, NOON), given(1, NOON))
    arrive(made, LATE, UserFact(user_id="ada", at_ms=NOON - DAY, tz="Asia/Tokyo"))
    points = [("ada", LATE - 1), ("ada", LATE)]

    assert column(made, "preferred_hour", points, as_known=True) == [14.0, 21.0]
    assert column(made, "preferred_hour", points) == [21.0, 21.0]


def test_as_known_a_task_is_what_was_known_of_it(made: World) -> None:
    arrive(made, NOON, ADA, TaskUpsert(user_id="ada", task_id="k1", at_ms=NOON, title="Call"))
    arrive(made, LATE, TaskCompleted(user_id="ada", task_id="k1", at_ms=NOON + HOUR))
    points = [("ada", LATE - 1), ("ada", LATE)]

    assert column(made, "task_completion_rate_30d", points, as_known=True) == [0.0, 1.0]
    assert column(made, "task_completion_rate_30d", points) == [1.0, 1.0]


def test_as_known_is_what_happened_where_everything_arrived_at_once(made: World) -> None:
    moods = [
        MoodCheckin(user_id="ada", event_id=f"m{n}", at_ms=NOON + n * HOUR, score=n / 7) for n in range(7)
    ]
    for fact in (ADA, tip(1, NOON), given(1, NOON + MINUTE), *moods):
        arrive(made, fact.at_ms, fact)
    points = [("ada", NOON + step * HOUR // 2) for step in range(-1, 60)]

    assert training_set(made.app, points, as_known=True) == training_set(made.app, points)


def test_logged_values_take_the_place_of_computed_ones_and_the_moment_comes_with_them(made: World) -> None:
    profile = {"completion_rate_30d": 0.25, "mean_dwell_ms_30d": None, "preferred_category": 5}
    context = {"hour_of_day": 14, "mood_score": None, "day_of_week": True, "else": 1}
    decided = tip(
        1, NOON, category="home", candidates=({"id": "k"},), profile_features=profile, context=context
    )
    arrive(made, NOON, ADA, decided, tip(2, NOON + 1), given(1, NOON), given(2, NOON + 1))
    points = [("ada", NOON), ("ada", NOON + 1), ("nobody", NOON)]

    found = training_set(made.app, points, logged=True)

    shown = ("logged", "completion_rate_30d", "mean_dwell_ms_30d", "preferred_category", "tip_volume_30d")
    assert [tuple(row[name] for name in shown) for row in found] == [
        (True, 0.25, None, "home", 1.0),
        (False, 1.0, 0.0, "home", 2.0),
        (False, 0.0, None, None, 0.0),
    ]
    moment = [each.name for each in made.app.registry if each.name in made.app.registry.context]
    moment.remove("tasks")
    assert list(found[0])[-1 - len(moment) :] == [*moment, "logged"]
    assert [row["hour_of_day"] for row in found] == [14.0, None, None]
    assert [row["day_of_week"] for row in found] == [None, None, None]


def test_a_decision_that_the_app_took_is_found_with_what_it_saw(made: World) -> None:
    arrive(made, NOON, ADA, TaskUpsert(user_id="ada", task_id="k1", at_ms=NOON, title="Call"))
    arrive(made, NOON, tip(1, NOON))
    made.app.recommend("ada", now_ms=NOON + HOUR, tip_id="d1", fresh=True)
    points = [("ada", NOON + HOUR), ("ada", NOON + HOUR + 1)]

    found = training_set(made.app, points, logged=True)

    assert [row["logged"] for row in found] == [True, False]
    # The tip that was decided on was not served yet when its features were read.
    assert [row["tip_volume_30d"] for row in found] == [1.0, 2.0]
    assert [row["hour_of_day"] for row in found] == [15.0, None]


def test_a_row_may_name_its_decision(made: World, tmp_path: Path) -> None:
    for number in (1, 2):
        profile = {"tip_volume_30d": 10 * number}
        arrive(made, NOON, ADA, tip(number, NOON, candidates=({"id": "k"},), profile_features=profile))
    spine, out = tmp_path / "s.parquet", tmp_path / "d.parquet"
    sql(
        f"SELECT * FROM (VALUES ('ada', {NOON}, 't2'), ('ada', {LATE}, 't2'), ('ada', {NOON}, 'unknown'), "  # noqa: S608
        f"('bob', {NOON}, 't1'), ('ada', {NOON}, NULL)) AS spine(user_id, at_ms, tip_id)",
        spine,
    )

    manifest = build(
        made.app,
        engine(),
        Request(spine=spine, out=out, logged=True, features=("tip_volume_30d", "hour_of_day")),
        now_ms=0,
    )

    found = [(row["tip_volume_30d"], row["logged"]) for row in rows(out)]
    assert found == [(20.0, True), (20.0, True), (2.0, False), (0.0, False), (10.0, True)]
    assert manifest["logged"] == 3


def test_a_feature_that_is_declared_is_a_column(tmp_path: Path) -> None:
    weekend = FeatureDefinition(
        name='Tips "on" weekends',
        dtype="numeric",
        freshness="batched",
        description="Tips served on Saturdays and Sundays.",
        compute=Windowed(
            source=TIPS, where=Where("local_weekday", (5, 6)), aggregate=Count(), window_ms=30 * DAY
        ),
        ttl_sec=60,
        fallback=-1,
        invalidated_by=("signals.tip.served",),
    )
    saturday = parse_instant("2026-09-05T12:00:00Z")

    with world((*CATALOG, weekend)) as made:
        arrive(made, LATE, ADA, tip(1, saturday), tip(2, saturday + DAY), tip(3, saturday + 2 * DAY))
        found = column(made, weekend.name, [("ada", saturday + 3 * DAY), ("bob", NOON)])

    assert found == [2.0, -1.0]


def test_the_manifest_says_what_is_in_the_set(made: World, tmp_path: Path) -> None:
    spine, out = tmp_path / "s.parquet", tmp_path / "d.parquet"
    write_spine(spine, [("ada", NOON)])

    manifest = build(
        made.app,
        engine(),
        Request(spine=spine, out=out, as_known=True, features=("preferred_hour", "tip_volume_30d")),
        now_ms=NOON,
    )

    assert json.loads((tmp_path / "d.parquet.manifest.json").read_text()) == manifest
    assert manifest["built_at"] == "2026-09-01T12:00:00.000Z"
    assert (manifest["rows"], manifest["as_known"], manifest["logged"]) == (1, True, None)
    assert manifest["engine"] == {"name": "duckdb", "version": DuckDb.version}
    registry = made.app.registry
    assert [(each["name"], each["fingerprint"], each["window_ms"]) for each in manifest["features"]] == [
        (name, registry.fingerprints[name], 30 * DAY) for name in ("preferred_hour", "tip_volume_30d")
    ]
    assert manifest["sha256"] == pipeline._digest(out)
    assert manifest["spine"] == {"file": "s.parquet", "sha256": pipeline._digest(spine)}


class Stopped(BaseException):
    """As Ctrl+C does, it passes through what catches exceptions."""


@pytest.mark.parametrize("failure", [Stopped(), OfflineError("The disk is full.")])
def test_a_failure_while_it_is_written_leaves_what_was_there_and_nothing_else(
    made: World, tmp_path: Path, failure: BaseException
) -> None:
    class Failing(DuckDb):
        def write(self, file: Path) -> None:
            super().write(file)
            raise failure

    spine, out = tmp_path / "s.parquet", tmp_path / "d.parquet"
    request = Request(spine=spine, out=out)
    write_spine(spine, [("ada", NOON)])
    build(made.app, engine(), request, now_ms=0)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    write_spine(spine, [("ada", NOON), ("bob", NOON)])
    failing = Failing()

    with pytest.raises(type(failure)):
        build(made.app, failing, request, now_ms=0)
    failing.close()

    after = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert {**after, spine.name: b""} == {**before, spine.name: b""}
    with out.open("rb") as old:
        build(made.app, engine(), request, now_ms=0)
        assert old.read() == before[out.name], "who reads the old set reads it to its end"
    assert len(rows(out)) == 2


def test_progress_reaches_its_end_in_every_kind_of_work(made: World, tmp_path: Path) -> None:
    arrive(made, NOON, ADA)
    spine = tmp_path / "s.parquet"
    write_spine(spine, [("ada", NOON), ("bob", NOON), ("ada", LATE)])
    request = Request(spine=spine, out=tmp_path / "d.parquet", logged=True)
    last: dict[str, tuple[int, int]] = {}

    for asked in (request, replace(request, as_known=True)):
        build(
            made.app,
            engine(),
            asked,
            now_ms=0,
            progress=lambda what, done, of: last.update({what: (done, of)}),
        )

    assert last.keys() == {"reading people", "joining", "folding rows", "reading decisions"}
    assert all(done == of for done, of in last.values())
