"""The profile store: what is recomputed when, and what is left as it is."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from oo.compose import build_app, build_learner
from oo.domain.errors import UnknownUser
from oo.domain.facts import Reaction, TipFeedback, TipServed, UserFact
from oo.domain.instant import HOUR, MINUTE, SECOND, parse_instant
from oo.domain.profile import FeatureValue, Status
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.settings import Settings
from oo.usecases.app import App
from oo.usecases.profile import Profiles
from tests.support.stores import World, world

NOON = parse_instant("2026-09-01T12:00:00Z")


@pytest.fixture
def living() -> Iterator[World]:
    """Ada in Berlin, with one tip that was done after a minute, and a profile as of an hour later."""
    with world() as made:
        made.app.ingest([UserFact(user_id="ada", at_ms=0, tz="Europe/Berlin")], now_ms=0)
        made.app.ingest([served(1, NOON), done(1, NOON + MINUTE)], now_ms=NOON + MINUTE)
        made.app.profiles.get("ada", now_ms=NOON + HOUR)
        yield made


def served(number: int, at_ms: int) -> TipServed:
    return TipServed(user_id="ada", tip_id=f"t{number}", at_ms=at_ms, candidate_id="k")


def done(number: int, at_ms: int, reaction: Reaction = Reaction.DONE) -> TipFeedback:
    return TipFeedback(user_id="ada", tip_id=f"t{number}", at_ms=at_ms, reaction=reaction)


def stored(app: App, name: str, now_ms: int) -> FeatureValue:
    return app.profiles.stored("ada", now_ms=now_ms).features[name]


def computed_at(app: App, now_ms: int) -> dict[str, int | None]:
    return {
        name: each.computed_at_ms for name, each in app.profiles.stored("ada", now_ms=now_ms).features.items()
    }


def test_a_value_is_fresh_to_the_last_millisecond_of_its_ttl_and_stale_at_the_next(living: World) -> None:
    end = NOON + HOUR + HOUR

    assert stored(living.app, "tip_volume_30d", end - 1).status is Status.FRESH
    assert stored(living.app, "tip_volume_30d", end).status is Status.STALE
    assert stored(living.app, "tip_volume_30d", end).value == 1


def test_somebody_of_whom_nothing_was_computed_has_every_feature_missing(living: World) -> None:
    living.app.ingest([UserFact(user_id="bob", at_ms=0, tz="UTC")], now_ms=NOON)

    profile = living.app.profiles.stored("bob", now_ms=NOON)

    assert {each.status for each in profile.features.values()} == {Status.MISSING}
    assert list(profile.features) == [each.name for each in living.app.registry.batched]
    assert not profile.is_current


def test_nobody_has_no_profile(living: World) -> None:
    for read in (living.app.profiles.stored, living.app.profiles.get):
        with pytest.raises(UnknownUser):
            read("eve", now_ms=NOON)


def test_looking_at_what_is_stored_computes_nothing(living: World) -> None:
    before = living.dump()

    living.app.profiles.stored("ada", now_ms=NOON + 1000 * HOUR)
    living.app.profiles.as_of("ada", at_ms=NOON + 1000 * HOUR)

    assert living.dump() == before


def test_only_what_is_past_its_ttl_is_recomputed(living: World) -> None:
    first, now_ms = NOON + HOUR, NOON + 2 * HOUR

    profile = living.app.profiles.get("ada", now_ms=now_ms)

    assert {each.status for each in profile.features.values()} == {Status.FRESH, Status.FALLBACK}
    for definition in living.app.registry.batched:
        past_its_ttl = now_ms - first >= definition.ttl_sec * SECOND
        wanted = now_ms if past_its_ttl else first
        assert profile.features[definition.name].computed_at_ms == wanted, definition.name
    assert computed_at(living.app, now_ms)["tip_volume_30d"] == now_ms
    assert computed_at(living.app, now_ms)["completion_rate_30d"] == first


def test_a_rebuild_recomputes_everything_at_once(living: World) -> None:
    living.app.profiles.rebuild("ada", now_ms=NOON + HOUR + 1)

    assert set(computed_at(living.app, NOON + HOUR + 1).values()) == {NOON + HOUR + 1}


def test_an_event_updates_what_names_its_subject_and_nothing_else(living: World) -> None:
    living.app.ingest([done(1, NOON + 90 * MINUTE, Reaction.DISMISS)], now_ms=NOON + 91 * MINUTE)

    at = computed_at(living.app, NOON + 91 * MINUTE)
    touched = {definition.name for definition in living.app.registry.touched_by("signals.tip.feedback")}
    assert "dismiss_rate_30d" in touched
    assert "tip_volume_30d" not in touched
    assert {at[name] for name in touched} == {NOON + 91 * MINUTE}
    assert {at[name] for name in at.keys() - touched} == {NOON + HOUR}
    assert stored(living.app, "dismiss_rate_30d", NOON + 91 * MINUTE).value == 1.0


def test_many_facts_drop_what_they_touch_and_the_next_read_computes_it(living: World) -> None:
    now_ms = NOON + 2 * HOUR
    living.app.ingest([served(2, now_ms), done(2, now_ms)], now_ms=now_ms)

    assert stored(living.app, "tip_volume_30d", now_ms).status is Status.MISSING
    assert living.app.profiles.get("ada", now_ms=now_ms).features["tip_volume_30d"].value == 2


def test_a_question_about_the_past_is_answered_and_overwrites_nothing(living: World) -> None:
    before = living.dump()

    past = living.app.profiles.get("ada", now_ms=NOON - 1)

    assert past.features["tip_volume_30d"].value == 0
    assert past.features["tip_volume_30d"].status is Status.FALLBACK
    assert living.dump() == before


def test_a_clock_that_was_set_back_never_shows_a_value_from_the_future(living: World) -> None:
    assert stored(living.app, "completion_rate_30d", NOON + MINUTE).status is Status.MISSING
    assert living.app.profiles.get("ada", now_ms=NOON).features["completion_rate_30d"].value == 0.0


def test_an_event_under_a_clock_that_was_set_back_still_reaches_the_stored_value(living: World) -> None:
    living.app.ingest([served(2, NOON + 1)], now_ms=NOON + 2)

    assert stored(living.app, "tip_volume_30d", NOON + HOUR).value == 2
    assert stored(living.app, "tip_volume_30d", NOON + HOUR).computed_at_ms == NOON + HOUR


def test_a_changed_definition_is_recomputed_whatever_the_age_of_its_value(living: World) -> None:
    registry = Registry(replace(each, fallback=-1.0) if each.fallback == 0.0 else each for each in CATALOG)
    profiles = Profiles(store=living.store, registry=registry)
    now_ms = NOON + HOUR + 1

    assert profiles.stored("ada", now_ms=now_ms).features["completion_rate_30d"].status is Status.MISSING
    assert profiles.get("ada", now_ms=now_ms).features["completion_rate_30d"].computed_at_ms == now_ms
    assert profiles.get("ada", now_ms=now_ms).features["preferred_hour"].computed_at_ms == NOON + HOUR


def test_without_anything_to_compute_from_the_values_are_the_fallbacks() -> None:
    with world() as made:
        made.app.ingest([UserFact(user_id="eve", at_ms=0, tz="UTC")], now_ms=0)

        profile = made.app.profiles.get("eve", now_ms=NOON)

    assert {each.status for each in profile.features.values()} == {Status.FALLBACK}
    assert profile.values() == {each.name: each.fallback for each in Registry(CATALOG).batched}


def test_a_move_that_is_told_later_changes_the_hours_that_are_stored(living: World) -> None:
    assert stored(living.app, "preferred_hour", NOON + HOUR).value == 14

    living.app.ingest([UserFact(user_id="ada", at_ms=NOON - 1, tz="America/St_Johns")], now_ms=NOON + HOUR)
    assert stored(living.app, "preferred_hour", NOON + HOUR).value == 9

    living.app.ingest([UserFact(user_id="ada", at_ms=NOON + MINUTE, tz="UTC")], now_ms=NOON + HOUR)
    assert stored(living.app, "preferred_hour", NOON + HOUR).value == 12


def test_a_first_zone_that_starts_later_governs_what_came_before_it() -> None:
    with world() as made:
        made.app.ingest([served(1, NOON), done(1, NOON + MINUTE)], now_ms=NOON + HOUR)
        made.app.ingest([UserFact(user_id="ada", at_ms=NOON + HOUR, tz="Europe/Berlin")], now_ms=NOON + HOUR)

        assert made.app.profiles.as_of("ada", at_ms=NOON + MINUTE).features["preferred_hour"].value == 14


def test_values_survive_the_store_being_closed_and_opened(living: World) -> None:
    before = living.app.profiles.stored("ada", now_ms=NOON + HOUR)
    living.app.close()
    settings = Settings(database=f"sqlite:///{living.path}")
    registry = Registry(CATALOG)
    again = type(living.store).open(living.path, registry)
    app = build_app(again, registry, build_learner(settings, registry), settings)

    assert app.profiles.stored("ada", now_ms=NOON + HOUR) == before
    app.close()
