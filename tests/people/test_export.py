"""A person gets everything that is recorded about them, and it is the same wherever it comes from."""

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oo import sources
from oo.domain.facts import (
    DecisionScored,
    Fact,
    MoodCheckin,
    PolicyReset,
    RewardFact,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import DAY
from oo.domain.outcome import Fate
from oo.sources.event_log import parse, to_line
from oo.usecases.app import App
from oo.usecases.export import EVENTS, README
from tests.shell.running import Shell
from tests.support.history import History, examples, histories, seeds
from tests.support.service import unlike_the_ledger
from tests.support.stores import World, world

NOW = 1_788_247_800_000


@pytest.fixture(scope="module")
def empty() -> Iterator[World]:
    with world() as made:
        yield made


def unzipped(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert found.testzip() is None
        return {name: found.read(name).decode() for name in found.namelist()}


def facts(content: bytes) -> list[Fact]:
    return [parse(line) for line in unzipped(content)[EVENTS].splitlines()]


def imported(app: App, content: bytes, now_ms: int) -> None:
    app.import_file(
        io.BytesIO(unzipped(content)[EVENTS].encode()),
        sources.load("events"),
        user_id="",
        tz="UTC",
        now_ms=now_ms,
    )


@given(history=histories(), seed=seeds())
@examples(120)
def test_an_export_that_is_imported_into_an_empty_store_is_exported_byte_for_byte(
    empty: World, history: History, seed: int
) -> None:
    empty.sweep()
    for number, batch in enumerate(history.arriving(seed)):
        empty.app.ingest(batch, now_ms=NOW + number)
    exported = {user_id: empty.app.export(user_id) for user_id in history.people()}

    for user_id, content in exported.items():
        empty.sweep()
        imported(empty.app, content, NOW + DAY)

        assert empty.app.export(user_id) == content


@given(history=histories(), seed=seeds())
@examples(40)
def test_an_export_holds_every_fact_that_counts_and_nobody_elses(
    empty: World, history: History, seed: int
) -> None:
    empty.sweep()
    for batch in history.arriving(seed):
        empty.app.ingest(batch, now_ms=NOW)

    for user_id, accepted in history.accepted().items():
        found = {fact.key for fact in facts(empty.app.export(user_id))}
        assert found >= {fact.key for fact in accepted}
        assert {fact.user_id for fact in facts(empty.app.export(user_id))} == {user_id}


def test_what_waits_and_what_was_refused_late_is_part_of_it(app: App) -> None:
    early = TipFeedback(user_id="ada", tip_id="t1", at_ms=5, reaction="done")  # type: ignore[arg-type]
    stray = TipFeedback(user_id="ada", tip_id="never", at_ms=9, reaction="done")  # type: ignore[arg-type]
    tip = TipServed(user_id="ada", tip_id="t1", at_ms=10, candidate_id="k1")
    given = [
        UserFact(user_id="ada", at_ms=0, tz="UTC"),
        early,
        stray,
        tip,
        PolicyReset(user_id="ada", at_ms=11),
    ]

    for fact in given:
        app.ingest([fact], now_ms=NOW)

    assert sorted(map(to_line, facts(app.export("ada")))) == sorted(map(to_line, given))


def test_an_answer_that_was_refused_when_its_tip_came_is_so_again(empty: World) -> None:
    empty.sweep()
    tip = TipServed(user_id="ada", tip_id="t1", at_ms=10, candidate_id="k1", policy="egreedy/v1")
    stranger = RewardFact(user_id="ada", decision_id="t1", policy="linucb/v1", at_ms=20, reward=1.0)
    for fact in (UserFact(user_id="ada", at_ms=0, tz="UTC"), stranger, tip):
        empty.app.ingest([fact], now_ms=NOW)
    content = empty.app.export("ada")
    assert stranger in facts(content)

    empty.sweep()
    imported(empty.app, content, NOW)

    assert empty.app.export("ada") == content


def test_a_choice_that_a_program_asked_for_is_a_line_of_it(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    assert unzipped(app.export("ada")).keys() == {README, EVENTS}

    app.score("ada", ({"id": "c1", "priority": 2},), decision_id="d1", now_ms=NOW)

    (line,) = [each for each in unzipped(app.export("ada"))[EVENTS].splitlines() if "decision.scored" in each]
    decision = json.loads(line)
    assert (decision["decision_id"], decision["candidate_id"]) == ("d1", "c1")
    assert (decision["probabilities"], decision["candidates"]) == ([1.0], [{"id": "c1", "priority": 2}])


OFFERS = st.lists(
    st.fixed_dictionaries(
        {
            "is_overdue": st.booleans(),
            "task_age_days": st.floats(0, 1000, allow_subnormal=False),
            "priority": st.integers(1, 4),
        }
    ),
    min_size=1,
    max_size=4,
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["egreedy/v1", "egreedy/v2", "linucb/v1", "uniform/v1"]),
        OFFERS,
        st.lists(st.floats(0, 1), max_size=2),
        st.fixed_dictionaries({}, optional={"completion_rate_30d": st.floats(0, 1)}),
        st.booleans(),
    ),
    min_size=1,
    max_size=6,
)


@given(steps=STEPS, known=st.booleans())
@examples(80)
def test_what_programs_asked_for_comes_back_with_all_that_was_learned_from_it(
    empty: World, steps: list[Any], *, known: bool
) -> None:
    empty.sweep()
    app = empty.app
    if known:
        app.people.add("ada", "UTC", now_ms=0)
    for number, (policy, offers, rewards, profile, reset) in enumerate(steps):
        at_ms = NOW + 10 * number
        app.score(
            "ada",
            named(offers),
            decision_id=f"d{number}",
            now_ms=at_ms,
            policy=policy,
            profile_features=profile,
        )
        for later, reward in enumerate(rewards, 1):
            app.reward(f"d{number}", reward, now_ms=at_ms + later)
        if reset:
            app.ingest([PolicyReset(user_id="ada", at_ms=at_ms + 5)], now_ms=at_ms + 5)
    app.people.add("ada", "UTC", now_ms=0)
    content, before = app.export("ada"), states(app)

    empty.sweep()
    for _ in range(2):  # again changes nothing
        imported(app, content, NOW + DAY)

        assert app.export("ada") == content
        assert states(app) == before
    policy, offers, _, profile, _ = steps[0]
    again = app.score(
        "ada", named(offers), decision_id="d0", now_ms=NOW + DAY, policy=policy, profile_features=profile
    )
    assert again.fact in facts(content), "whoever asks again has the same answer"


def named(offers: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
    return tuple({"id": f"c{place}", **offer} for place, offer in enumerate(offers))


def states(app: App) -> dict[str, bytes]:
    """What each policy has learned about ada, as bytes; it has to be what the ledger adds up to."""
    assert unlike_the_ledger(app, "ada") == []
    found = {
        name: app.store.read(lambda reader, name=name: reader.policy_state("ada", name))  # type: ignore[misc]
        for name in app.learner.policies
    }
    return {name: state.to_bytes() for name, state in found.items() if state is not None and state.updates}


def scored_line(**changed: object) -> DecisionScored:
    known: dict[str, Any] = {
        "user_id": "ada",
        "at_ms": NOW,
        "decision_id": "d1",
        "policy": "egreedy/v1",
        "candidate_id": "c1",
        "scores": (0.0, 0.0),
        "probabilities": (0.5, 0.5),
        "candidates": ({"id": "c1", "priority": 1}, {"id": "c2", "priority": 2}),
        "context": {},
        "profile_features": {},
    }
    return DecisionScored(**known | changed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"candidate_id": "c3"}, "do not hold the shown one"),
        ({"probabilities": (0.5, 0.1)}, "add up to"),
        ({"candidates": ({"id": "c1", "priority": "high"}, {"id": "c2"})}, "not a finite number"),
        ({"decision_id": "t1"}, "the id of a tip"),
    ],
)
def test_a_line_of_a_choice_that_cannot_have_been_is_refused(
    app: App, changed: dict[str, Any], said: str
) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    app.ingest([TipServed(user_id="ada", tip_id="t1", at_ms=10, candidate_id="k1")], now_ms=NOW)

    (outcome,) = app.ingest([scored_line(**changed)], now_ms=NOW).outcomes

    assert outcome.fate is Fate.REFUSED
    assert said in outcome.message


def test_a_choice_of_a_policy_that_is_not_here_is_kept_and_teaches_nothing(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    line = scored_line(policy="theirs/v9")

    assert app.ingest([line], now_ms=NOW).outcomes[0].fate is Fate.ACCEPTED
    assert app.ingest([line], now_ms=NOW).outcomes[0].fate is Fate.DUPLICATE
    assert app.ingest([scored_line(policy="theirs/v8")], now_ms=NOW).outcomes[0].fate is Fate.REFUSED
    assert line in facts(app.export("ada"))
    assert states(app) == {}


def test_the_zip_says_what_it_is_and_nothing_of_the_moment(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    content = app.export("ada")

    assert "oo import events.jsonl" in unzipped(content)[README]
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert {entry.date_time for entry in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.external_attr >> 16 for entry in found.infolist()} == {0o100600}


def test_the_shell_writes_a_file_for_its_owner_alone(shell: Shell) -> None:
    shell.json("users", "add", "ada", "--tz", "UTC")
    shell.json("tasks", "add", "ada", "Buy milk")
    place = shell.folder / "ada.zip"
    before = os.umask(0)
    try:
        answer = shell.json("export", "ada", "--out", str(place))
    finally:
        os.umask(before)

    assert answer == {"user_id": "ada", "file": str(place), "bytes": place.stat().st_size}
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert "Buy milk" in unzipped(place.read_bytes())[EVENTS]
    assert not [each for each in shell.folder.iterdir() if each.suffix == ".draft"]


def test_somebody_unknown_is_refused_and_no_file_is_left(shell: Shell) -> None:
    ran = shell.here("export", "nobody", "--out", str(shell.folder / "nobody.zip"))

    assert (ran.code, ran.out) == (1, "")
    assert "There is no person 'nobody'" in ran.err
    assert not (shell.folder / "nobody.zip").exists()


def test_facts_about_somebody_whose_record_never_came_make_nobody_known(app: App) -> None:
    app.ingest([MoodCheckin(user_id="ada", at_ms=NOW, event_id="e1", score=0.5)], now_ms=NOW)

    with pytest.raises(Exception, match="There is no person 'ada'"):
        app.export("ada")
