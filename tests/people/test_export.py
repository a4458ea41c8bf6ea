"""A person gets everything that is recorded about them, and it is the same wherever it comes from."""

import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator

import pytest
from hypothesis import given

from oo import sources
from oo.domain.facts import Fact, MoodCheckin, PolicyReset, RewardFact, TipFeedback, TipServed, UserFact
from oo.domain.instant import DAY
from oo.sources.event_log import parse, to_line
from oo.usecases.app import App
from oo.usecases.export import DECISIONS, EVENTS, README
from tests.shell.running import Shell
from tests.support.history import History, examples, histories, seeds
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


def test_a_choice_that_a_program_asked_for_has_a_file_of_its_own(app: App) -> None:
    app.people.add("ada", "UTC", now_ms=0)
    assert unzipped(app.export("ada")).keys() == {README, EVENTS}

    app.score("ada", ({"id": "c1", "priority": 2},), decision_id="d1", now_ms=NOW)

    (line,) = unzipped(app.export("ada"))[DECISIONS].splitlines()
    decision = json.loads(line)
    assert (decision["decision_id"], decision["chosen"], decision["probabilities"]) == ("d1", "c1", [1.0])
    assert decision["candidates"] == [{"id": "c1", "priority": 2}]


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
