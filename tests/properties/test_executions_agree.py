"""The fold defines what a feature means; what the store computes, keeps and learns must be the same, in any order."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oo.domain.errors import OoError
from oo.domain.facts import Fact, MoodCheckin, Reaction, TaskUpsert, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY, HOUR, LATEST
from oo.domain.outcome import Fate, Outcome
from oo.domain.profile import Status
from oo.domain.subjects import SUBJECT_OF
from oo.domain.task import STATES
from oo.features.fold import Folded, fold
from oo.features.spec import (
    SOURCES,
    Aggregate,
    Count,
    Distinct,
    EventSource,
    FeatureDefinition,
    Last,
    Max,
    Mean,
    Min,
    Mode,
    Ratio,
    Sum,
    Tie,
    Where,
    Windowed,
)
from oo.ports import Reader
from oo.usecases.app import App
from tests.support.history import ANCHORS, History, examples, histories, seeds
from tests.support.postgres import PostgresWorld, postgres_world
from tests.support.stores import World, world
from tests.support.training import training_set

NOW = LATEST // 2
Meant: TypeAlias = Mapping[tuple[str, int], Mapping[str, Folded]]


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """Hand out one world; each example sweeps it before it begins."""
    with world() as made:
        yield made


@pytest.fixture(scope="module")
def on_postgres() -> Iterator[PostgresWorld]:
    with postgres_world() as made:
        yield made


def arrive(app: App, batches: Sequence[Sequence[Fact]]) -> list[Outcome]:
    """Ingest batch after batch; return the outcomes of all, also of those that had waited."""
    outcomes: list[Outcome] = []
    for number, batch in enumerate(batches):
        ingested = app.ingest(batch, now_ms=NOW + number)
        outcomes += [*ingested.outcomes, *ingested.released]
    return outcomes


def assert_folds_agree(app: App, history: History) -> None:
    """Hold every execution of every definition equal to its fold."""
    folded = {
        (user_id, at_ms): {each.name: fold(each, facts, at_ms) for each in app.registry.batched}
        for user_id, facts in history.accepted().items()
        for at_ms in history.instants
    }
    assert_profiles_agree(app, folded)
    assert_everyone_agrees(app, folded)
    assert_points_agree(app, folded)
    assert_training_sets_agree(app, folded)


def assert_profiles_agree(app: App, meant: Meant) -> None:
    for (user_id, at_ms), folded in meant.items():
        profile = app.profiles.as_of(user_id, at_ms=at_ms)
        for definition in app.registry.batched:
            envelope, expected = profile.features[definition.name], folded[definition.name]
            assert_same(definition, Folded(envelope.value, expected.support), expected, user_id, at_ms)
            assert envelope.status == (Status.FRESH if expected.support else Status.FALLBACK)
            assert envelope.computed_at_ms == at_ms


def assert_everyone_agrees(app: App, meant: Meant) -> None:
    batched = app.registry.batched
    for at_ms in {at_ms for _, at_ms in meant}:
        computed = app.store.read(lambda reader: reader.compute_everyone(batched, at_ms))  # noqa: B023  # read at once
        assert set(computed) == {user_id for user_id, _ in meant}
        for user_id, values in computed.items():
            for definition in batched:
                expected = meant[user_id, at_ms][definition.name]
                assert_same(definition, values[definition.name], expected, user_id, at_ms)


def assert_points_agree(app: App, meant: Meant) -> None:
    points = [*meant, ("nobody", DAY)]
    computed = app.store.read(lambda reader: reader.compute_points(app.registry.batched, points))
    for point, values in zip(points, computed, strict=True):
        for definition in app.registry.batched:
            nothing = {definition.name: Folded(definition.fallback, 0)}
            assert_same(
                definition, values[definition.name], meant.get(point, nothing)[definition.name], *point
            )


def assert_training_sets_agree(app: App, meant: Meant) -> None:
    """A training set holds every number as float64."""
    points = [*meant, ("nobody", DAY)]
    for point, row in zip(points, training_set(app, points), strict=True):
        assert (row["user_id"], row["at_ms"]) == point
        for definition in app.registry.batched:
            nothing = {definition.name: Folded(definition.fallback, 0)}
            folded = meant.get(point, nothing)[definition.name]
            value = float(folded.value) if isinstance(folded.value, int) else folded.value
            assert_same(
                definition, Folded(row[definition.name], folded.support), replace(folded, value=value), *point
            )


def assert_same(definition: FeatureDefinition, computed: Folded, folded: Folded, *where: object) -> None:
    """Hold values equal: to the last bit, but for sums of reals, which depend on the order of adding."""
    expected: object = folded.value
    if isinstance(folded.value, float) and not _is_exact(definition):
        expected = pytest.approx(folded.value, rel=1e-9)
    assert computed.value == expected, (definition.name, *where)
    assert type(computed.value) is type(folded.value), (definition.name, *where)
    assert computed.support == folded.support, (definition.name, *where)


def _is_exact(definition: FeatureDefinition) -> bool:
    expression = definition.compute
    assert isinstance(expression, Windowed)
    return not (isinstance(expression.aggregate, Sum | Mean) and expression.column in expression.source.reals)


def assert_learning_is_the_fold_of_the_ledger(app: App, people: Sequence[str]) -> None:
    def differing(reader: Reader) -> list[tuple[str, str]]:
        return [(user_id, name) for user_id in people for name in app.learner.differences(reader, user_id)]

    assert app.store.read(differing) == []


def view(app: App, history: History) -> dict[str, Any]:
    """Return all that must not depend on the order of arrival."""
    return {user_id: _view(app, history, user_id) for user_id in history.people()}


def _view(app: App, history: History, user_id: str) -> dict[str, Any]:
    def live(reader: Reader) -> list[Any]:
        return [reader.live_tasks(user_id, at_ms) for at_ms in history.instants]

    def states(reader: Reader) -> list[Any]:
        found = [app.learner.state(reader, user_id, policy) for policy in app.learner.policies.values()]
        return [(state.dimensions, state.updates, state.to_bytes()) for state in found]

    return {
        "profiles": [app.profiles.as_of(user_id, at_ms=at_ms) for at_ms in history.instants],
        "tasks": app.tasks.of(user_id),
        "live": app.store.read(live),
        "states": app.store.read(states),
    }


def assert_computed_as_it_folds(app: App, history: History, seed: int) -> None:
    """Let a history arrive in an empty store, and hold what it computes and has learned equal to the folds."""
    outcomes = arrive(app, history.arriving(seed))

    accepted = sorted(outcome.key for outcome in outcomes if outcome.fate is Fate.ACCEPTED)
    assert accepted == sorted(fact.key for facts in history.accepted().values() for fact in facts)
    assert_folds_agree(app, history)
    assert_learning_is_the_fold_of_the_ledger(app, history.people())


@examples(100)
@given(history=histories(), seed=seeds())
def test_the_store_computes_what_the_fold_means(shared: World, history: History, seed: int) -> None:
    shared.sweep()

    assert_computed_as_it_folds(shared.app, history, seed)


@examples(50)
@given(history=histories(), seed=seeds())
def test_postgresql_computes_what_the_fold_means(
    on_postgres: PostgresWorld, history: History, seed: int
) -> None:
    on_postgres.sweep()

    assert_computed_as_it_folds(on_postgres.app, history, seed)


@examples(60)
@given(history=histories(), one=seeds(), other=seeds())
def test_the_order_of_arrival_changes_nothing(shared: World, history: History, one: int, other: int) -> None:
    shared.sweep()
    arrive(shared.app, history.arriving(one))
    first = view(shared.app, history)

    shared.sweep()
    arrive(shared.app, history.arriving(other))

    assert view(shared.app, history) == first


@examples(60)
@given(history=histories(), one=seeds(), other=seeds())
def test_arriving_a_second_time_changes_nothing(
    shared: World, history: History, one: int, other: int
) -> None:
    shared.sweep()
    arrive(shared.app, history.arriving(one))
    before = shared.dump()

    outcomes = arrive(shared.app, history.arriving(other))

    assert {outcome.fate for outcome in outcomes} <= {Fate.DUPLICATE, Fate.REFUSED}
    assert shared.dump() == before


@examples(60)
@given(history=histories(most_people=2, most_tips=4), seed=seeds())
def test_what_is_stored_is_what_would_be_computed_after_every_step(
    shared: World, history: History, seed: int
) -> None:
    shared.sweep()
    chance = random.Random(seed)
    facts = [fact for batch in history.arriving(seed) for fact in batch]
    served: list[str] = []

    for number, fact in enumerate(facts):
        now_ms = chance.choice((fact.at_ms, max(history.instants), *history.instants)) + chance.choice(
            (0, HOUR)
        )
        touched = _step(shared.app, chance, number, fact, now_ms, served)

        for user_id in {each.user_id for each in facts}:
            assert_stored_is_computed(shared.app, user_id)
        for user_id, name in touched:
            computed_at_ms = shared.app.profiles.stored(user_id, now_ms=LATEST).features[name].computed_at_ms
            assert computed_at_ms is not None, "an event brings what it touches up to date at once"
            assert computed_at_ms >= now_ms
    assert_learning_is_the_fold_of_the_ledger(shared.app, history.people())


def _step(
    app: App, chance: random.Random, number: int, fact: Fact, now_ms: int, served: list[str]
) -> list[tuple[str, str]]:
    """Take one step through the use cases; return the profile values that it must have brought up to date."""
    match chance.randrange(3):
        case 0:
            try:
                answer = app.recommend(fact.user_id, now_ms=now_ms, tip_id=f"r{number}", fresh=True)
            except OoError:
                return []
            if answer.tip is None:
                return []
            served.append(answer.tip.tip_id)
            subject = "signals.tip.served"
        case 1 if served:
            tip_id, reaction = chance.choice(served), chance.choice(tuple(Reaction))
            tip = app.store.read(lambda reader: reader.tip(tip_id))
            assert tip is not None
            now_ms = max(now_ms, tip.served_at_ms)
            fate = app.feedback(tip_id, reaction, now_ms=now_ms)
            assert fate in {Fate.ACCEPTED, Fate.DUPLICATE}
            return []
        case _:
            outcome = app.ingest([fact], now_ms=now_ms).outcomes[0]
            if outcome.fate is not Fate.ACCEPTED:
                return []
            subject = SUBJECT_OF[fact.type]
    return [(fact.user_id, definition.name) for definition in app.registry.touched_by(subject)]


def assert_stored_is_computed(app: App, user_id: str) -> None:
    if app.store.read(lambda reader: reader.person(user_id)) is None:
        return
    for name, envelope in app.profiles.stored(user_id, now_ms=LATEST).features.items():
        at_ms = envelope.computed_at_ms
        if at_ms is not None:
            stored = app.profiles.stored(user_id, now_ms=at_ms).features[name]
            assert stored.value == app.profiles.as_of(user_id, at_ms=at_ms).features[name].value, name


def test_a_mean_past_the_whole_numbers_of_float64_is_the_same_everywhere(
    shared: World, on_postgres: PostgresWorld
) -> None:
    dwells = [225_969_212_833_475] * 39 + [9_038_768_513_339_037 - 39 * 225_969_212_833_475]
    assert float(sum(dwells)) / 40 != sum(dwells) / 40, "a sum of which float64 loses the last digit"
    tips = [
        TipServed(user_id="ada", tip_id=f"t{n}", at_ms=LATEST - dwells[n], candidate_id="k")
        for n in range(40)
    ]
    given = [
        TipFeedback(user_id="ada", tip_id=tip.tip_id, at_ms=LATEST, reaction=Reaction.DONE) for tip in tips
    ]
    history = History((UserFact(user_id="ada", at_ms=0, tz="UTC"), *tips, *given), (LATEST,))
    for each in (shared, on_postgres):
        each.sweep()

        arrive(each.app, history.arriving(1))

        assert_folds_agree(each.app, history)


def test_nobody_can_take_the_place_of_another_persons_fact(shared: World) -> None:
    """Ids may hold colons, and a stranger may name any tip: neither may keep the right fact out."""
    shared.sweep()
    people = [UserFact(user_id=user_id, at_ms=0, tz="UTC") for user_id in ("a", "a:b")]
    tip = TipServed(user_id="a", tip_id="t", at_ms=DAY, candidate_id="k")
    right = TipFeedback(user_id="a", tip_id="t", at_ms=DAY, reaction=Reaction.DONE)
    moods = [
        MoodCheckin(user_id="a", event_id="b:c", at_ms=1, score=0.1),
        MoodCheckin(user_id="a:b", event_id="c", at_ms=1, score=0.9),
    ]
    strangers = [replace(right, user_id="a:b"), replace(right, user_id="nobody")]

    shared.app.ingest([*people, *strangers, right, *moods, tip], now_ms=NOW)

    recorded = shared.app.store.read(lambda reader: [*reader.facts("a"), *reader.facts("a:b")])
    assert set(map(repr, recorded)) == set(map(repr, [*people, tip, right, *moods]))


def test_snoozes_at_one_instant_hide_their_task_until_the_later_one_whichever_comes_first(
    shared: World,
) -> None:
    known: list[Fact] = [
        UserFact(user_id="ada", at_ms=0, tz="UTC"),
        TaskUpsert(user_id="ada", task_id="k", at_ms=0, title="Call"),
        *(TipServed(user_id="ada", tip_id=tip_id, at_ms=DAY, candidate_id="k") for tip_id in ("t1", "t2")),
    ]
    snoozes = [
        TipFeedback(
            user_id="ada",
            tip_id=tip_id,
            at_ms=DAY,
            reaction=Reaction.SNOOZE,
            snooze_until_ms=DAY + hours * HOUR,
        )
        for tip_id, hours in (("t1", 2), ("t2", 9))
    ]
    for order in (snoozes, snoozes[::-1]):
        shared.sweep()
        arrive(shared.app, [known, *([fact] for fact in order)])

        (task,) = shared.app.tasks.of("ada")
        assert task.live_from_ms("UTC") == DAY + 9 * HOUR


_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "reaction": st.sampled_from(("done", "dismiss", "snooze", "none")),
    "category": st.sampled_from(("", "Work", "home", "work", "éclair", "nowhere")),
    "state": st.sampled_from(STATES),
    "source": st.sampled_from(("todoist", "calendar", "nowhere")),
    "priority": st.integers(1, 4),
    "local_hour": st.integers(0, 23),
    "local_weekday": st.integers(0, 6),
    "dwell_ms": st.sampled_from((0, 1, HOUR, DAY)),
    "duration_ms": st.sampled_from((0, 1, 60_000)),
    "at_ms": st.sampled_from((0, *ANCHORS)),
}


def _wheres(source: EventSource) -> st.SearchStrategy[Where]:
    return st.sampled_from(source.texts + source.integers).flatmap(
        lambda column: st.builds(
            Where, st.just(column), st.lists(_VALUES[column], min_size=1, max_size=3).map(tuple)
        )
    )


def _aggregates(source: EventSource) -> st.SearchStrategy[Aggregate]:
    any_column, number = st.sampled_from(source.columns), st.sampled_from(source.numbers)
    tie = st.sampled_from(get_args(Tie))
    return st.one_of(
        st.just(Count()),
        st.builds(Ratio, _wheres(source)),
        *(st.builds(kind, number) for kind in (Sum, Mean)),
        *(st.builds(kind, any_column) for kind in (Min, Max, Distinct)),
        *(st.builds(kind, any_column, tie) for kind in (Mode, Last)),
    )


@st.composite
def definitions(draw: st.DrawFn) -> tuple[FeatureDefinition, ...]:
    """Generate batched features that are in no catalogue; some share their source, window and filter."""
    found = []
    window_ms = st.sampled_from((1, 2, HOUR, HOUR + 1, DAY, 30 * DAY, 10_000 * DAY))
    shared_ms = draw(window_ms)
    for number in range(draw(st.integers(1, 6))):
        source = draw(st.sampled_from(SOURCES))
        compute = Windowed(
            source=source,
            aggregate=draw(_aggregates(source)),
            window_ms=draw(st.one_of(st.just(shared_ms), window_ms)),
            where=draw(st.one_of(st.none(), _wheres(source))),
        )
        found.append(
            FeatureDefinition(
                name=f"f{number}",
                dtype="categorical" if compute.is_text else "numeric",
                freshness="batched",
                description="Made up.",
                compute=compute,
                ttl_sec=60,
                fallback=draw(st.sampled_from((None, "none yet" if compute.is_text else -1))),
                invalidated_by=tuple(SUBJECT_OF.values()),
            )
        )
    return tuple(found)


def assert_any_definition_is_computed_as_it_folds(app: App, history: History, seed: int) -> None:
    arrive(app, history.arriving(seed))

    assert_folds_agree(app, history)
    for user_id in history.people():
        rebuilt = app.profiles.rebuild(user_id, now_ms=history.instants[0])
        stored = app.profiles.stored(user_id, now_ms=history.instants[0])
        assert stored == rebuilt == app.profiles.as_of(user_id, at_ms=history.instants[0])


@examples(60)
@given(made=definitions(), history=histories(most_people=2), seed=seeds())
def test_any_definition_that_the_registry_accepts_is_computed_as_it_folds(
    made: tuple[FeatureDefinition, ...], history: History, seed: int
) -> None:
    with world(made) as new:
        assert_any_definition_is_computed_as_it_folds(new.app, history, seed)


@examples(50)
@given(made=definitions(), history=histories(most_people=2), seed=seeds())
def test_postgresql_computes_any_definition_that_the_registry_accepts_as_it_folds(
    made: tuple[FeatureDefinition, ...], history: History, seed: int
) -> None:
    with postgres_world(made) as new:
        assert_any_definition_is_computed_as_it_folds(new.app, history, seed)
