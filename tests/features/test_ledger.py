"""What is kept equals the fold of the facts; what does not is named, and rebuilt from them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from oo.domain.errors import UnknownUser
from oo.domain.facts import Reaction, TaskCompleted, TaskUpsert, UserFact
from oo.domain.instant import DAY, HOUR, parse_instant
from tests.support.stores import World, world

NOON = parse_instant("2026-09-01T12:00:00Z")
NOW = NOON + 2 * DAY
BREAKS = {
    "policy:egreedy/v1": "UPDATE policy_state SET sums = zeroblob(length(sums)) WHERE policy = 'egreedy/v1'",
    "policy:egreedy/v2": "UPDATE policy_state SET sums = x'00' WHERE policy = 'egreedy/v2'",
    "profile:dismiss_rate_30d": "UPDATE user_profile_features SET value = 0.9 WHERE name = 'dismiss_rate_30d'",
    "profile:tip_volume_30d": "UPDATE user_profile_features SET support = 9 WHERE name = 'tip_volume_30d'",
    "task:k1": "UPDATE tasks SET title = 'Another' WHERE task_id = 'k1'",
    "task:k2": "DELETE FROM tasks WHERE task_id = 'k2'",
    "task:made up": (
        "INSERT INTO tasks SELECT user_id, 'made up', title, due, created, start, priority, category, source, at_ms, "
        "created_ms, changed_at_ms, completed_at_ms, deleted_at_ms, reaction, reacted_at_ms, snooze_until_ms, "
        "live_from_ms FROM tasks WHERE task_id = 'k1'"
    ),
    "history:k0": "UPDATE task_states SET priority = 4 WHERE task_id = 'k0'",
}


@pytest.fixture
def lived() -> Iterator[World]:
    """Hand out a person with three tasks, some tips and answers."""
    with world() as made:
        made.app.ingest(
            [
                UserFact(user_id="ada", at_ms=0, tz="Europe/Berlin"),
                *(
                    TaskUpsert(user_id="ada", task_id=f"k{n}", at_ms=NOON, title=f"Task {n}")
                    for n in range(3)
                ),
                TaskCompleted(user_id="ada", task_id="k0", at_ms=NOON + 1),
            ],
            now_ms=NOON + 1,
        )
        for number, reaction in enumerate((Reaction.SNOOZE, Reaction.DISMISS)):
            at_ms = NOON + number * 5 * HOUR + 2
            made.app.recommend("ada", now_ms=at_ms, tip_id=f"t{number}", fresh=True)
            made.app.feedback(f"t{number}", reaction, now_ms=at_ms + HOUR)
        yield made


def broken(made: World) -> list[str]:
    return [each.part for each in made.app.ledger.differences("ada")]


def execute(made: World, statement: str) -> None:
    with closing(sqlite3.connect(made.path)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def ledger_findings(made: World) -> list[str]:
    return [each.what for each in made.app.check(now_ms=NOW) if each.kind == "ledger"]


def test_nothing_differs_after_a_life_by_the_use_cases(lived: World) -> None:
    assert broken(lived) == []
    assert ledger_findings(lived) == []
    before = lived.dump()

    assert lived.app.ledger.repair("ada", now_ms=NOW) == []

    assert lived.dump() == before


@pytest.mark.parametrize("part", BREAKS)
def test_what_was_changed_by_hand_is_named_and_rebuilt(lived: World, part: str) -> None:
    whole = lived.app.profiles.as_of("ada", at_ms=NOW), lived.app.tasks.of("ada")
    execute(lived, BREAKS[part])

    assert broken(lived) == [part]
    (what,) = ledger_findings(lived)
    assert what.startswith(f"{part} of ada is kept as ")

    (rebuilt,) = lived.app.ledger.repair("ada", now_ms=NOW)

    assert rebuilt.part == part
    assert broken(lived) == []
    assert ledger_findings(lived) == []
    assert (lived.app.profiles.as_of("ada", at_ms=NOW), lived.app.tasks.of("ada")) == whole


def test_a_person_whom_nobody_knows_is_refused(lived: World) -> None:
    with pytest.raises(UnknownUser):
        lived.app.ledger.differences("nobody")
    with pytest.raises(UnknownUser):
        lived.app.ledger.repair("nobody", now_ms=NOW)
