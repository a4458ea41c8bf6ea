"""The skew meter: what decisions were served, against what the facts give; and what is not skew."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from oo.domain.facts import Reaction, TaskUpsert, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY, HOUR, SECOND, LocalTime, local_time, parse_instant
from oo.domain.person import Person, ZoneSpan
from oo.domain.profile import Profile
from oo.ports import Transaction
from oo.usecases.profile import Profiles
from oo.usecases.skew import FeatureSkew, in_sample
from tests.support.history import WINDOW
from tests.support.planting import change_constant
from tests.support.stores import World, world

NOON = parse_instant("2026-09-01T12:00:00Z")
END = NOON + 20 * DAY


@pytest.fixture
def living() -> Iterator[World]:
    """Hand out a person in Berlin with three tasks."""
    with world() as made:
        made.app.ingest(
            [
                UserFact(user_id="ada", at_ms=0, tz="Europe/Berlin"),
                *(
                    TaskUpsert(user_id="ada", task_id=f"k{n}", at_ms=NOON, title=f"Task {n}")
                    for n in range(3)
                ),
            ],
            now_ms=NOON,
        )
        yield made


def live(made: World, days: int = 4, first: int = 0) -> None:
    """Serve a tip at four hours of each day; every second is done an hour later, the others are snoozed."""
    for number in range(first * 4, (first + days) * 4):
        at_ms = NOON + number * 5 * HOUR
        made.app.recommend("ada", now_ms=at_ms, tip_id=f"t{number}", fresh=True)
        reaction = Reaction.SNOOZE if number % 2 else Reaction.DISMISS
        made.app.feedback(f"t{number}", reaction, now_ms=at_ms + HOUR)
        made.app.ingest(
            [replace(TASK, task_id=f"k{number % 3}", at_ms=at_ms + HOUR + 1, title=f"Again {number}")],
            now_ms=at_ms + HOUR + 1,
        )


TASK = TaskUpsert(user_id="ada", task_id="k0", at_ms=NOON, title="Task")


def found(made: World) -> dict[str, FeatureSkew]:
    return {name: each for name, each in made.app.skew.measured(now_ms=END).features.items() if each.skewed}


def execute(made: World, statement: str) -> None:
    with closing(sqlite3.connect(made.path)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def test_what_was_served_is_what_the_facts_give(living: World) -> None:
    live(living)

    report = living.app.skew.measured(now_ms=END)

    assert report.decisions == 16
    assert set(report.features) == {each.name for each in living.app.registry.batched}
    assert {each.compared for each in report.features.values()} == {16}
    assert not found(living)
    assert sum(each.late for each in report.features.values()) == 0
    assert living.app.check(now_ms=END) == []


def test_a_decision_is_not_made_from_itself(living: World) -> None:
    live(living, days=1)

    served = living.store.read(lambda reader: reader.tip_served("t0"))

    assert served is not None
    assert served.profile_features is not None
    assert served.profile_features["tip_volume_30d"] == 0


def test_a_changed_constant_is_found_and_named(living: World) -> None:
    change_constant(living, "one", WINDOW, 2 * DAY)
    live(living)

    skewed = found(living)

    assert "tip_volume_30d" in skewed
    volume = skewed["tip_volume_30d"]
    assert volume.mismatched > 0
    assert volume.largest >= 1
    (finding,) = (each for each in living.app.check(now_ms=END) if each.what.startswith("tip_volume_30d"))
    assert finding.kind == "skew"
    assert "the facts give" in finding.what


def test_a_shifted_zone_is_found_and_named(living: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def in_tokyo(_: Person, at_ms: int) -> LocalTime:
        return local_time(at_ms, "Asia/Tokyo")

    with monkeypatch.context() as patch:
        patch.setattr(Person, "local_time", in_tokyo)
        serve_done(living)
    living.store.write(lambda transaction: transaction.relocalise(Person("ada", BERLIN)))

    assert set(found(living)) >= {"preferred_hour"}


BERLIN = (ZoneSpan(0, "Europe/Berlin"),)


def serve_done(made: World) -> None:
    for number in range(2):
        at_ms = NOON + number * DAY
        made.app.recommend("ada", now_ms=at_ms, tip_id=f"t{number}", fresh=True)
        made.app.feedback(f"t{number}", Reaction.DONE, now_ms=at_ms + HOUR)


def test_a_dropped_event_is_found_and_named(living: World) -> None:
    live(living)

    execute(living, "DELETE FROM tip_feedback WHERE tip_id = 't2'")

    assert set(found(living)) >= {"dismiss_rate_30d"}
    assert "tip_volume_30d" not in found(living)


def test_a_value_that_was_merely_old_is_stale_and_no_skew(
    living: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(living, days=1)

    def as_stored(self: Profiles, transaction: Transaction, user_id: str, *, now_ms: int) -> Profile:
        return self._profile(user_id, transaction.profile_rows(user_id), now_ms)

    monkeypatch.setattr(Profiles, "current", as_stored)
    living.app.recommend("ada", now_ms=NOON + 15 * DAY, tip_id="late", fresh=True)

    report = living.app.skew.measured(now_ms=END)
    assert not found(living)
    assert {each.stale for each in report.features.values()} == {1}
    assert report.features["tip_volume_30d"].oldest_sec > 10 * DAY / SECOND


def test_a_fact_that_arrived_late_is_told_apart(living: World) -> None:
    live(living, days=1)
    tip = TipServed(user_id="ada", tip_id="old", at_ms=NOON - DAY, candidate_id="k1")
    living.app.ingest(
        [tip, TipFeedback(user_id="ada", tip_id="old", at_ms=NOON - DAY + HOUR, reaction=Reaction.DONE)],
        now_ms=END - DAY,
    )

    report = living.app.skew.measured(now_ms=END)

    assert not found(living)
    assert report.features["tip_volume_30d"].late == 4
    assert living.app.check(now_ms=END) == []


def test_another_definition_is_not_compared(living: World) -> None:
    live(living, days=1)

    fingerprint = living.app.registry.fingerprints["tip_volume_30d"]
    execute(
        living,
        f"UPDATE feature_log SET features = replace(features, '{fingerprint}', '0123456789abcdef')",  # noqa: S608  # ours
    )

    report = living.app.skew.measured(now_ms=END)
    assert report.features["tip_volume_30d"].outdated == 4
    assert report.features["tip_volume_30d"].compared == 0


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_sample_has_the_share_it_is_asked_for_and_grows_by_people(share: float) -> None:
    people = [f"p{number}" for number in range(5_000)]
    chosen = {user_id for user_id in people if in_sample(user_id, share)}

    assert len(chosen) / len(people) == pytest.approx(share, abs=0.02)
    assert chosen <= {user_id for user_id in people if in_sample(user_id, min(1.0, share + 0.2))}


def test_nothing_is_logged_of_people_outside_the_sample(living: World) -> None:
    object.__setattr__(living.app.recommend.skew, "share", 0.0)

    living.app.recommend("ada", now_ms=NOON, tip_id="t0")

    assert living.app.skew.measured(now_ms=END).decisions == 0


def test_the_log_is_read_to_its_end_page_by_page(living: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oo.usecases.skew.PAGE", 3)
    live(living)

    assert living.app.skew.measured(now_ms=END).decisions == 16


def test_what_is_no_longer_kept_is_forgotten(living: World) -> None:
    live(living, days=1)

    living.app.skew.forget(now_ms=NOON + 31 * DAY)

    assert living.app.skew.measured(now_ms=END).decisions == 0
