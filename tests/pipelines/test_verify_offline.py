"""The offline engine is held equal to the fold on a live store, and what it gets wrong is named."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from oo.adapters.sql.aggregates import Aggregate, aggregates
from oo.domain.facts import Reaction, TaskUpsert, UserFact
from oo.domain.instant import DAY, HOUR, parse_instant
from oo.pipelines.verify_offline import verify_offline
from tests.support.history import WINDOW
from tests.support.stores import World, world
from tests.support.training import engine

NOON = parse_instant("2026-09-01T12:00:00Z")
NOW = NOON + 10 * DAY


@pytest.fixture
def lived() -> Iterator[World]:
    """Hand out two people with a few days of tips."""
    with world() as made:
        for user_id in ("ada", "bo"):
            made.app.ingest(
                [
                    UserFact(user_id=user_id, at_ms=0, tz="Europe/Berlin"),
                    *(
                        TaskUpsert(user_id=user_id, task_id=f"k{n}", at_ms=NOON, title=f"Task {n}")
                        for n in range(5)
                    ),
                ],
                now_ms=NOON,
            )
            for number in range(4):
                at_ms = NOON + number * 2 * DAY + 1
                made.app.recommend(user_id, now_ms=at_ms, tip_id=f"{user_id}.{number}", fresh=True)
                made.app.feedback(f"{user_id}.{number}", Reaction.DONE, now_ms=at_ms + HOUR)
        yield made


def test_every_value_agrees(lived: World) -> None:
    found = verify_offline(lived.app, engine(), ["ada", "bo"], now_ms=NOW)

    assert found.differences == []
    assert found.checked >= 2 * 2 * len(lived.app.registry.batched)


def test_what_the_engine_gets_wrong_is_named(lived: World, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = aggregates

    def two_days(*arguments: Any) -> list[Aggregate]:
        return [
            replace(each, prepared=replace(each.prepared, constants=_shortened(each)))
            for each in compiled(*arguments)
        ]

    monkeypatch.setattr("oo.adapters.sql.duckdb.aggregates", two_days)

    differences = verify_offline(lived.app, engine(), ["ada"], now_ms=NOW).differences

    assert {each.execution for each in differences} == {"duckdb"}
    volume = next(each for each in differences if each.feature == "tip_volume_30d" and each.at_ms == NOW)
    assert (volume.expected, volume.found) == (4, 0)


def _shortened(aggregate: Aggregate) -> dict[str, Any]:
    return {key: 2 * DAY if value == WINDOW else value for key, value in aggregate.prepared.constants.items()}
