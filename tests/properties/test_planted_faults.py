"""Faults planted on purpose in what the store computes: each must be found, or the tests of it prove nothing."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import NoSuchExample

from oo.adapters.sql import duckdb as offline
from oo.adapters.sql import transaction as writing
from oo.adapters.sql.aggregates import Aggregate, aggregates
from oo.adapters.sql.prepared import Prepared
from oo.domain import facts as vocabulary
from oo.domain import task_history
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
from oo.domain.instant import DAY, HOUR, MINUTE, LocalTime, local_time, parse_instant
from oo.domain.person import Person
from oo.features.fold import fold
from oo.features.spec import FeatureDefinition
from oo.ports import Reader
from oo.usecases.app import App
from tests.support.history import THOROUGH, WINDOW, History, histories
from tests.support.stores import World, world
from tests.support.training import training_set

Patch: TypeAlias = pytest.MonkeyPatch
AT = {"one": ":at_ms", "everyone": ":at_ms", "points": "spine.at_ms", "duckdb": "spine.at_ms"}
"""The instant in the text of each frame."""
NOON = parse_instant("2026-09-01T12:00:00Z")


Rewrite: TypeAlias = Callable[[tuple[str, ...], Prepared], Prepared]


@dataclass(frozen=True)
class Fault:
    """A change for the worse: to the text of a frame's statements, or to the code that writes what they read."""

    what: str
    rewrite: Rewrite | None = None
    patch: Callable[[Patch], None] = lambda _: None
    frame: str = "one"

    def damage(self, patch: Patch) -> None:
        """Change the code that writes what statements read, or the statements of training sets."""
        self.patch(patch)
        if self.rewrite is not None and self.frame == "duckdb":
            patch.setattr(offline, "aggregates", lambda *asked: _rewritten(self.rewrite, aggregates(*asked)))


def _text(old: str, new: str, *features: str) -> Rewrite:
    """Replace `old` in the statements that compute `features`; each must hold it, lest the fault be none."""

    def rewrite(names: tuple[str, ...], prepared: Prepared) -> Prepared:
        if not set(features) & set(names):
            return prepared
        flat = " ".join(prepared.text.split())
        assert old in flat, f"{names}: {flat}"
        return replace(prepared, text=flat.replace(old, new))

    return rewrite


def _constant(old: Any, new: Any, feature: str) -> Rewrite:
    def rewrite(names: tuple[str, ...], prepared: Prepared) -> Prepared:
        if feature not in names:
            return prepared
        assert old in prepared.constants.values(), prepared.constants
        changed = {key: new if value == old else value for key, value in prepared.constants.items()}
        return replace(prepared, constants=changed)

    return rewrite


def _whole_division(names: tuple[str, ...], prepared: Prepared) -> Prepared:
    if not {*RATES, "mean_dwell_ms_30d"} & set(names):
        return prepared
    assert "AS DOUBLE" in prepared.text
    if "+ 0.0" in prepared.text:
        return replace(
            prepared, text=prepared.text.replace("AS DOUBLE", "AS INTEGER").replace("+ 0.0", "+ 0")
        )
    assert "AS NUMERIC" in prepared.text  # where `/` divides whole numbers as it does reals
    whole = prepared.text.replace("AS DOUBLE", "AS BIGINT").replace("AS NUMERIC", "AS BIGINT")
    return replace(prepared, text=whole.replace(" / ", " // "))


def _in_utc(patch: Patch) -> None:
    patch.setattr(Person, "local_time", lambda _, at_ms: local_time(at_ms, "UTC"))


def _in_the_latest_zone(patch: Patch) -> None:
    patch.setattr(Person, "local_time", lambda self, at_ms: local_time(at_ms, self.zones[-1].tz))


def _an_hour_late_in_summer(patch: Patch) -> None:
    def standard(self: Person, at_ms: int) -> LocalTime:
        january = parse_instant("2026-01-15T00:00:00Z") + at_ms % DAY
        return local_time(january, self.tz_at(at_ms))

    patch.setattr(Person, "local_time", standard)


def _nothing(*_: Any) -> None:
    pass


def _not_moved(patch: Patch) -> None:
    patch.setattr(writing.SqlTransaction, "relocalise", _nothing)


def _every_reaction_holds(patch: Patch) -> None:
    patch.setattr(writing.SqlTransaction, "_hold", _nothing)


def _snooze_beats_done(patch: Patch) -> None:
    ranks = {Reaction.DONE: 0, Reaction.DISMISS: 1, Reaction.SNOOZE: 2, Reaction.NONE: 3}
    patch.setattr(vocabulary, "_RANKS", ranks)


def _dwell_from_the_first_reaction(patch: Patch) -> None:
    add = writing.SqlTransaction.add_reaction

    def planted(self: Any, fact: TipFeedback, tip: Any, given: Any, person: Person, now_ms: int) -> None:
        first = min((each.at_ms for each in given), default=fact.at_ms)
        delay = fact.at_ms - min(first, fact.at_ms)
        add(self, fact, replace(tip, served_at_ms=tip.served_at_ms + delay), given, person, now_ms)

    patch.setattr(writing.SqlTransaction, "add_reaction", planted)


def _reopened_for_ever(patch: Patch) -> None:
    def kept(self: Any, version: TaskUpsert) -> None:
        self.version = version

    patch.setattr(task_history._Known, "_become", kept)


def _an_open_task_stays_completed(patch: Patch) -> None:
    patch.setattr(task_history, "same_content", lambda *_: True)


def _every_completion_has_an_hour(patch: Patch) -> None:
    patch.setattr(Person, "is_end_of_day", lambda *_: False)


RATES = ("completion_rate_30d", "dismiss_rate_30d", "snooze_rate_30d")
GIVEN = ("mean_dwell_ms_30d", "preferred_hour")
FAULTS = (
    *(
        fault
        for frame in AT
        for fault in (
            Fault(
                "the early edge of the window belongs to it",
                _text(f"served_at_ms > {AT[frame]} -", f"served_at_ms >= {AT[frame]} -", "tip_volume_30d"),
                frame=frame,
            ),
            Fault(
                "the late edge of the window does not belong to it",
                _text(f"served_at_ms <= {AT[frame]}", f"served_at_ms < {AT[frame]}", "tip_volume_30d"),
                frame=frame,
            ),
            Fault("the window is 31 days", _constant(WINDOW, WINDOW + DAY, "tip_volume_30d"), frame=frame),
            Fault(
                "the greatest hour wins a tie",
                _text("local_hour ASC", "local_hour DESC", "preferred_hour"),
                frame=frame,
            ),
            Fault("the rarest hour wins", _text("count(*) DESC", "count(*)", "preferred_hour"), frame=frame),
            Fault("whole division", _whole_division, frame=frame),
            Fault(
                "dismissed counts as done", _constant("done", "dismiss", "completion_rate_30d"), frame=frame
            ),
            Fault(
                "a superseded reaction still counts",
                _text(f"until_ms > {AT[frame]}", "until_ms > 0", *RATES, *GIVEN),
                frame=frame,
            ),
            Fault(
                "the share is of the tips with a reaction",
                _text("LEFT OUTER JOIN", "JOIN", *RATES),
                frame=frame,
            ),
            Fault(
                "the reaction of tomorrow counts today",
                _text(f"tip_feedback.at_ms <= {AT[frame]}", "1 = 1", *RATES),
                frame=frame,
            ),
            Fault(
                "a task is what it became later",
                _text(f"task_states.until_ms > {AT[frame]}", "1 = 1", "task_completion_rate_30d"),
                frame=frame,
            ),
            Fault(
                "the first mood of the day is the last",
                _text("signals.at_ms DESC", "signals.at_ms ASC", "latest_mood_24h"),
                frame=frame,
            ),
        )
    ),
    Fault(
        "the early edge of the reactions' window belongs to it",
        _text("at_ms > :at_ms -", "at_ms >= :at_ms -", *GIVEN),
    ),
    Fault("the window is a millisecond short", _constant(WINDOW, WINDOW - 1, "tip_volume_30d")),
    Fault(
        "a taken-back reaction counts as one",
        _text("tip_feedback.reaction != :reaction_1", "1", "mean_dwell_ms_30d"),
    ),
    Fault("the hour is that of UTC", patch=_in_utc),
    Fault("the hour is that of the zone moved to last", patch=_in_the_latest_zone),
    Fault("the hour is that of winter", patch=_an_hour_late_in_summer),
    Fault("a zone that comes later moves nothing", patch=_not_moved),
    Fault("every reaction holds for ever", patch=_every_reaction_holds),
    Fault("snooze beats done at the same time", patch=_snooze_beats_done),
    Fault("dwell counts from the first reaction", patch=_dwell_from_the_first_reaction),
    Fault("a list cannot open a task again", patch=_reopened_for_ever),
    Fault("a task that changed stays completed", patch=_an_open_task_stays_completed),
    Fault("a completion known by its day has an hour", patch=_every_completion_has_an_hour),
)


def _tip(number: int, at_ms: int) -> TipServed:
    return TipServed(user_id="ada", tip_id=f"t{number}", at_ms=at_ms, candidate_id="k")


def _given(number: int, at_ms: int, reaction: Reaction) -> TipFeedback:
    return TipFeedback(user_id="ada", tip_id=f"t{number}", at_ms=at_ms, reaction=reaction)


def _task(at_ms: int, task_id: str, title: str = "Call", source: str | None = None) -> TaskUpsert:
    return TaskUpsert(user_id="ada", task_id=task_id, at_ms=at_ms, title=title, source=source)


def _completed(at_ms: int, task_id: str, source: str | None = None) -> TaskCompleted:
    return TaskCompleted(user_id="ada", task_id=task_id, at_ms=at_ms, source=source)


TASKS: tuple[Fact, ...] = (
    _task(NOON, "reopened", source="todoist"),
    _completed(NOON + HOUR, "reopened", source="todoist"),
    _task(NOON + 2 * HOUR + 1, "reopened", source="todoist"),
    _task(NOON, "changed"),
    _completed(NOON + HOUR, "changed"),
    _task(NOON + 3 * HOUR - 1, "changed", title="Write"),
    _task(NOON, "by its day"),
    _completed(parse_instant("2026-09-05T02:29:59.999Z"), "by its day"),
)
MOODS: tuple[Fact, ...] = tuple(
    MoodCheckin(user_id="ada", event_id=f"m{number}", at_ms=NOON + number * MINUTE, score=number / 4)
    for number in range(2)
)
REGRESSION = History(
    facts=(
        *TASKS,
        *MOODS,
        UserFact(user_id="ada", at_ms=0, tz="Europe/Berlin"),
        _tip(0, NOON),
        _given(0, NOON + MINUTE, Reaction.DISMISS),
        _given(0, NOON + 7 * MINUTE, Reaction.DONE),
        _tip(1, NOON + HOUR),
        _given(1, NOON + HOUR + MINUTE, Reaction.DONE),
        _given(1, NOON + HOUR + MINUTE, Reaction.SNOOZE),
        _tip(2, NOON + 2 * HOUR),
        _given(2, NOON + 2 * HOUR + 1, Reaction.DISMISS),
        _given(2, NOON + 3 * HOUR, Reaction.NONE),
        _tip(3, NOON + DAY),
        _given(3, NOON + DAY + MINUTE + 1, Reaction.DONE),
        _given(3, NOON + 2 * DAY, Reaction.NONE),
        _tip(4, NOON + 3 * DAY),
        _tip(5, NOON + 4 * DAY),
        _given(5, NOON + 4 * DAY, Reaction.DISMISS),
        _tip(6, NOON + 4 * DAY + HOUR),
        _given(6, NOON + 4 * DAY + HOUR, Reaction.DONE),
        _tip(7, NOON + 4 * DAY + 4 * HOUR),
        _given(7, NOON + 4 * DAY + 4 * HOUR, Reaction.DONE),
        _given(7, NOON + 4 * DAY + 4 * HOUR + 1, Reaction.DISMISS),
        UserFact(user_id="ada", at_ms=NOON + HOUR, tz="America/St_Johns"),
        UserFact(user_id="ada", at_ms=NOON + 5 * DAY, tz="Australia/Lord_Howe"),
    ),
    instants=(
        *(NOON - 1, NOON, NOON + MINUTE, NOON + 8 * MINUTE, NOON + 90 * MINUTE, NOON + 3 * HOUR, NOON + DAY),
        *(NOON + DAY + 2 * MINUTE, NOON + 2 * DAY, NOON + 5 * DAY, NOON + WINDOW - 1, NOON + WINDOW),
        *(
            NOON + 2 * HOUR + MINUTE,
            NOON + 4 * DAY + HOUR,
            NOON + 4 * DAY + 4 * HOUR,
            NOON + WINDOW + 7 * MINUTE,
            NOON + WINDOW + 8 * MINUTE,
            NOON + WINDOW + DAY + HOUR,
        ),
    ),
)


def plant(made: World, fault: Fault) -> None:
    """Change the statements that the store reads with."""
    rewrite = fault.rewrite
    if rewrite is None or fault.frame == "duckdb":
        return
    statements = made.store._statements
    changed = _rewritten(rewrite, statements.aggregates[fault.frame])
    made.store._statements = replace(statements, aggregates={**statements.aggregates, fault.frame: changed})


def _rewritten(rewrite: Rewrite | None, found: Sequence[Aggregate]) -> tuple[Aggregate, ...]:
    assert rewrite is not None
    return tuple(replace(each, prepared=rewrite(each.group.names, each.prepared)) for each in found)


def differs(
    app: App, history: History, meant: Mapping[tuple[str, int, str], object], frame: str, seed: int = 0
) -> bool:
    """Tell whether anything else is computed than what was meant: in any frame of the store, or by DuckDB."""
    for batch in history.arriving(seed):
        app.ingest(batch, now_ms=NOON)
    points = sorted({(user_id, at_ms) for user_id, at_ms, _ in meant})
    if frame == "duckdb":
        return any(_differing_rows(app, points, meant))
    return app.store.read(lambda reader: any(_differing(reader, app.registry.batched, points, meant)))


def _differing_rows(
    app: App, points: Sequence[tuple[str, int]], meant: Mapping[tuple[str, int, str], object]
) -> Iterator[bool]:
    for point, row in zip(points, training_set(app, points), strict=True):
        for definition in app.registry.batched:
            yield row[definition.name] != meant[*point, definition.name]


def _differing(
    reader: Reader,
    batched: Sequence[FeatureDefinition],
    points: Sequence[tuple[str, int]],
    meant: Mapping[tuple[str, int, str], object],
) -> Iterator[bool]:
    at_points = reader.compute_points(batched, points)
    everyone = {at_ms: reader.compute_everyone(batched, at_ms) for at_ms in {at_ms for _, at_ms in points}}
    for (user_id, at_ms), values in zip(points, at_points, strict=True):
        one = reader.compute(batched, user_id, at_ms)
        for found in (one, everyone[at_ms][user_id], values):
            for name, computed in found.items():
                yield computed.value != meant[user_id, at_ms, name]


def folded(app: App, history: History) -> dict[tuple[str, int, str], object]:
    return {
        (user_id, at_ms, definition.name): fold(definition, facts, at_ms).value
        for user_id, facts in history.accepted().items()
        for at_ms in history.instants
        for definition in app.registry.batched
    }


def test_the_regression_history_agrees_while_nothing_is_planted() -> None:
    with world() as made:
        meant = folded(made.app, REGRESSION)

        assert not any(differs(made.app, REGRESSION, meant, frame) for frame in AT)


def _sought() -> Iterator[Fault]:
    """Yield the faults that generated histories are to find: one that is planted in every frame, in each in turn."""
    frames, seen = tuple(AT), Counter[str]()
    several = [what for what, count in Counter(fault.what for fault in FAULTS).items() if count > 1]
    for fault in FAULTS:
        place = seen[fault.what]
        seen[fault.what] += 1
        if THOROUGH or fault.what not in several or several.index(fault.what) % len(frames) == place:
            yield fault


SOUGHT = tuple(_sought())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.what} ({fault.frame})")
def test_the_regression_history_finds(fault: Fault, monkeypatch: Patch) -> None:
    with world() as made:
        meant = folded(made.app, REGRESSION)
        fault.damage(monkeypatch)
        plant(made, fault)

        assert differs(made.app, REGRESSION, meant, fault.frame)


@pytest.mark.parametrize("fault", SOUGHT, ids=lambda fault: f"{fault.what} ({fault.frame})")
def test_generated_histories_find(fault: Fault) -> None:
    def shows_it(history: History) -> bool:
        made.sweep()
        meant = folded(made.app, history)
        with pytest.MonkeyPatch.context() as patch:
            fault.damage(patch)
            return differs(made.app, history, meant, fault.frame, seed=len(history.facts))

    with world() as made:
        plant(made, fault)
        try:
            find(histories(most_people=1), shows_it, settings=_SEARCH)
        except NoSuchExample:
            pytest.fail(f"no generated history shows that {fault.what}")


_SEARCH = settings(
    max_examples=2_000,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=tuple(HealthCheck),
)
