"""Every execution of every definition is held equal on a live store; what differs is named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from oo.api import documents
from oo.domain.errors import DefinitionChanged, UnknownUser
from oo.domain.facts import (
    AppSession,
    MoodCheckin,
    Reaction,
    SourceSynced,
    TaskCompleted,
    TaskUpsert,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import DAY, HOUR, MINUTE, parse_instant
from oo.features.catalog import CATALOG
from oo.features.contract import files
from oo.features.registry import Registry
from oo.features.spec import TASKS, Distinct, FeatureDefinition, Windowed
from oo.usecases.definitions import Definitions
from oo.usecases.verify import Verification
from tests.support.history import WINDOW
from tests.support.planting import change_constant
from tests.support.stores import World, world
from tests.support.training import training_set

NOON = parse_instant("2026-09-01T12:00:00Z")
NOW = NOON + 6 * DAY
CATEGORIES = FeatureDefinition(
    name="categories_30d",
    dtype="numeric",
    freshness="batched",
    description="How many categories the tasks of the last 30 days have.",
    compute=Windowed(source=TASKS, aggregate=Distinct("category"), window_ms=30 * DAY),
    ttl_sec=3600,
    fallback=0,
    invalidated_by=("signals.task.upsert",),
)


def fill(made: World) -> None:
    """Record something of every source about two people."""
    for user_id in ("ada", "bo"):
        facts = [
            UserFact(user_id=user_id, at_ms=0, tz="Europe/Berlin"),
            *(
                TaskUpsert(user_id=user_id, task_id=f"k{n}", at_ms=NOON, title=f"Task {n}", category="ab"[n])
                for n in range(2)
            ),
            TaskCompleted(user_id=user_id, task_id="k0", at_ms=NOON + DAY),
            AppSession(user_id=user_id, at_ms=NOON, event_id="e1", duration_ms=MINUTE),
            MoodCheckin(user_id=user_id, at_ms=NOW - HOUR, event_id="e2", score=0.7),
            SourceSynced(user_id=user_id, at_ms=NOON, source="todoist"),
            *(
                TipServed(user_id=user_id, tip_id=f"{user_id}.{n}", at_ms=NOON + n * DAY, candidate_id="k1")
                for n in range(5)
            ),
            *(
                TipFeedback(
                    user_id=user_id,
                    tip_id=f"{user_id}.{n}",
                    at_ms=NOON + n * DAY + HOUR,
                    reaction=Reaction.DONE if n % 2 else Reaction.DISMISS,
                )
                for n in range(4)
            ),
        ]
        made.app.ingest(facts, now_ms=NOW - HOUR)
        made.app.profiles.get(user_id, now_ms=NOW - MINUTE)


@pytest.fixture
def filled() -> Iterator[World]:
    """Hand out two people with stored profiles."""
    with world() as made:
        fill(made)
        yield made


def verified(made: World) -> Verification:
    return made.app.verify.some(["ada", "bo"], now_ms=NOW)


def test_every_execution_of_every_feature_agrees(filled: World) -> None:
    found = verified(filled)

    features = len(filled.app.registry.batched)
    # For each of two people: the stored rows, everyone's statement once, and two instants by two statements.
    assert found.checked == 2 * features * (1 + 1 + 2 * 2)
    assert found.differences == []


def test_a_stored_value_that_is_not_what_the_facts_give_is_named(filled: World) -> None:
    with closing(sqlite3.connect(filled.path)) as connection, connection:
        connection.execute(
            "UPDATE user_profile_features SET value = 0.9 WHERE user_id = 'bo' AND name = 'dismiss_rate_30d'"
        )

    (difference,) = verified(filled).differences

    assert (difference.user_id, difference.feature, difference.execution) == (
        "bo",
        "dismiss_rate_30d",
        "stored",
    )
    assert (difference.expected, difference.found) == (0.4, 0.9)
    assert difference.at_ms == NOW - MINUTE


@pytest.mark.parametrize(
    ("frame", "execution"), [("one", "person"), ("everyone", "everyone"), ("points", "points")]
)
def test_a_statement_that_computes_something_else_is_named(filled: World, frame: str, execution: str) -> None:
    change_constant(filled, frame, WINDOW, 2 * DAY)

    differences = verified(filled).differences

    assert {difference.execution for difference in differences} == {execution}
    assert "tip_volume_30d" in {difference.feature for difference in differences}


def test_a_person_whom_nobody_knows_is_refused(filled: World) -> None:
    with pytest.raises(UnknownUser):
        filled.app.verify.some(["nobody"], now_ms=NOW)


def test_a_new_feature_is_one_entry() -> None:
    with world((*CATALOG, CATEGORIES)) as made:
        fill(made)

        assert made.app.profiles.get("ada", now_ms=NOW).features["categories_30d"].value == 2
        entry = documents.feature(made.app.registry, made.app.registry["categories_30d"])
        assert entry["description"] == CATEGORIES.description
        for text in files(made.app.registry).values():
            assert CATEGORIES.description in text
        (row,) = training_set(made.app, [("ada", NOW)])
        assert row["categories_30d"] == 2
        found = verified(made)
        assert found.differences == []
        assert found.checked == 2 * len(made.app.registry.batched) * (1 + 1 + 2 * 2)


def serve(made: World, *definitions: FeatureDefinition) -> None:
    Definitions(store=made.store, registry=Registry(definitions)).serve(now_ms=NOW)


def test_a_definition_may_be_served_again_and_described_better(filled: World) -> None:
    serve(filled, CATEGORIES)

    serve(filled, replace(CATEGORIES, description="The categories.", ttl_sec=60))


def test_a_changed_meaning_without_a_new_version_is_refused_with_both_fingerprints(filled: World) -> None:
    serve(filled, CATEGORIES)
    assert isinstance(CATEGORIES.compute, Windowed)
    changed = replace(CATEGORIES, compute=replace(CATEGORIES.compute, window_ms=DAY))

    with pytest.raises(DefinitionChanged) as raised:
        serve(filled, changed)

    before, after = (Registry([each]).fingerprints["categories_30d"] for each in (CATEGORIES, changed))
    assert before in raised.value.message
    assert after in raised.value.message
    assert "version to 2" in raised.value.hint
    serve(filled, replace(changed, version=2))
    serve(filled, CATEGORIES)


def test_a_refused_change_leaves_what_was_served(filled: World) -> None:
    serve(filled, CATEGORIES)
    known = filled.store.read(lambda reader: reader.definitions())

    with pytest.raises(DefinitionChanged):
        serve(filled, replace(CATEGORIES, fallback=-1))

    assert filled.store.read(lambda reader: reader.definitions()) == known
