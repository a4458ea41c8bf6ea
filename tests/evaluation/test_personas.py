import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oo.domain.facts import Reaction, TaskUpsert
from oo.domain.ids import checked
from oo.domain.instant import MINUTE, local, parse_instant
from oo.evaluation.agenda import Arrival, Change, Happening, Open
from oo.evaluation.persona import SECOND_THOUGHT_RATE, Persona, Response
from oo.evaluation.personas import PERSONAS, cast
from oo.evaluation.task_list import task_list
from oo.evaluation.taste import Situation

START = date(2026, 9, 1)
EVERYONE = [pytest.param(persona, id=persona.name) for persona in PERSONAS]
NEW_CLOCKS = [date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 10, 24), date(2026, 10, 31)]
"""Saturdays before a change of clocks: America, Europe, the South, Europe, America."""

situations = st.builds(
    Situation,
    category=st.text(max_size=10),
    priority=st.integers(1, 4),
    age_days=st.floats(-1, 3_000),
    overdue_days=st.none() | st.floats(0, 3_000),
    effort=st.floats(0, 1),
    hour=st.integers(0, 23),
    weekday=st.integers(0, 6),
)


@given(situation=situations, person=st.integers(0, 47), seed=st.integers(0, 2**63))
def test_the_probabilities_of_a_reaction_sum_to_one(situation: Situation, person: int, seed: int) -> None:
    taste = cast(person + 1, seed)[person].taste

    probabilities = taste.reaction_probabilities(situation)

    assert list(probabilities) == [Reaction.DONE, Reaction.SNOOZE, Reaction.DISMISS, None]
    assert all(0 <= share <= 1 for share in probabilities.values())
    assert math.isclose(sum(probabilities.values()), 1)


def test_the_first_dozen_keep_their_names_and_all_names_are_ids() -> None:
    names = [persona.name for persona in cast(100, seed=1)]

    assert names[:13] == [*(persona.name for persona in PERSONAS), "student-2"]
    assert len(set(names)) == 100
    assert [checked(name) for name in names] == names


def test_a_cast_depends_on_its_seed_and_on_nothing_else() -> None:
    assert cast(40, seed=1) == cast(40, seed=1)
    assert cast(40, seed=1)[:30] == cast(30, seed=1)
    assert cast(40, seed=1)[12:] != cast(40, seed=2)[12:]


@pytest.mark.parametrize("persona", EVERYONE)
def test_every_packaged_list_parses_and_has_no_duplicates(persona: Persona) -> None:
    templates = task_list(persona.list_name)

    titles = [template.title.casefold() for template in templates]
    assert len(templates) >= 50
    assert len(set(titles)) == len(titles)
    assert len({checked(template.task_id) for template in templates}) == len(templates)
    assert not [title for title in titles if set("{}|+@") & set(title) or "due:" in title]
    assert {template.priority for template in templates} == {1, 2, 3, 4}
    assert all(
        template.created_day <= 0 and template.created_day <= (template.due_day or 0)
        for template in templates
    )
    assert 4 <= len({template.category for template in templates}) <= 10


@pytest.mark.parametrize("persona", EVERYONE)
def test_the_same_seed_gives_the_same_days_and_answers(persona: Persona) -> None:
    days = list(persona.days(1, START, 5))

    assert days == list(persona.days(1, START, 5))
    assert days == list(persona.days(1, START, 9))[: len(days)]
    assert days != list(persona.days(2, START, 5))
    assert list(_answers(persona, days)) == list(_answers(persona, days))


@pytest.mark.parametrize("persona", EVERYONE)
def test_happenings_come_in_the_order_of_time_and_answers_before_the_next_open(persona: Persona) -> None:
    happenings = list(persona.days(3, START, 30))

    assert all(one.at_ms <= other.at_ms for one, other in pairwise(happenings))
    opens = [happening for happening in happenings if isinstance(happening, Open)]
    assert all(other.at_ms - one.at_ms >= 35 * MINUTE for one, other in pairwise(opens))
    assert len({moment.luck for moment in opens}) == len(opens)
    longest = max(
        response.second_thought.after_ms if response.second_thought else response.after_ms
        for response in _answers(persona, happenings)
    )
    assert longest < 30 * MINUTE


@pytest.mark.parametrize("persona", EVERYONE)
def test_no_fact_has_two_contents_and_more_comes_in_than_gets_done(persona: Persona) -> None:
    happenings = list(persona.days(4, START, 30))

    facts = {
        happening.fact.key: happening.fact for happening in happenings if not isinstance(happening, Open)
    }
    assert all(
        isinstance(happening, Open) or facts[happening.fact.key] == happening.fact for happening in happenings
    )
    arrivals = sum(isinstance(happening, Arrival) for happening in happenings)
    done = sum(response.reaction is Reaction.DONE for response in _answers(persona, happenings))
    assert arrivals > 1.5 * done
    assert sum(isinstance(happening, Change) for happening in happenings) > 10


@pytest.mark.parametrize("saturday", NEW_CLOCKS, ids=str)
@pytest.mark.parametrize("persona", EVERYONE)
def test_the_app_is_opened_in_waking_hours_on_their_own_clock(persona: Persona, saturday: date) -> None:
    opens = [moment for moment in persona.days(5, saturday, 3) if isinstance(moment, Open)]

    walls = [local(moment.at_ms, persona.tz) for moment in opens]
    rhythm = persona.rhythm
    assert all(
        int((rhythm.weekend if wall.weekday() >= 5 else rhythm.weekday)[wall.hour]) > 0 for wall in walls
    )
    assert all(
        5 <= len(list(day)) <= 10 for _, day in groupby(walls, key=lambda wall: wall.date())
    )  # one may fall into the hour that is left out


def test_an_answer_does_not_depend_on_what_was_shown_before() -> None:
    persona = PERSONAS[0]
    happenings = list(persona.days(1, START, 3))
    first, other = [happening.fact for happening in happenings if isinstance(happening, Arrival)][:2]
    moment = next(happening for happening in happenings if isinstance(happening, Open))

    alone = persona.respond(moment, first)
    persona.respond(moment, other)

    assert persona.respond(moment, first) == alone


def test_answers_come_as_often_as_their_probabilities_say() -> None:
    persona = PERSONAS[3]
    at_ms = parse_instant("2026-09-08T02:00:00Z")
    task = _task(at_ms)

    responses = [persona.respond(Open(at_ms=at_ms, luck=luck), task) for luck in range(4_000)]

    for reaction, share in persona.reaction_probabilities(task, at_ms).items():
        seen = sum(response.reaction is reaction for response in responses) / len(responses)
        assert abs(seen - share) < 0.03
    answered = [response for response in responses if response.reaction]
    doubted = sum(response.second_thought is not None for response in answered) / len(answered)
    assert abs(doubted - SECOND_THOUGHT_RATE) < 0.015
    assert all(
        (response.snooze_until_ms is not None) == (response.reaction is Reaction.SNOOZE)
        for response in responses
    )
    assert abs(np.median([response.after_ms for response in responses]) / 1_000 - persona.dwell_sec) < 1


@pytest.mark.parametrize("persona", EVERYONE)
def test_a_linear_model_of_the_features_misses_much_of_a_taste(persona: Persona) -> None:
    random = np.random.default_rng(7)
    seen = [_any_situation(random) for _ in range(4_000)]
    worth = np.array([_worth(persona, situation) for situation in seen])
    linear = np.array([_features(situation) for situation in seen])
    crossed = np.hstack([linear, _curves_and_crosses(seen)])

    explained = _explained(linear, worth)

    assert explained < 0.6
    assert _explained(crossed, worth) > explained + 0.08


def test_the_best_task_changes_with_the_hour_and_the_days() -> None:
    persona = PERSONAS[0]
    morning = parse_instant("2026-09-01T07:00:00Z")
    happenings = list(persona.days(1, START, 1))
    tasks = [happening.fact for happening in happenings if isinstance(happening, Arrival)]

    hours = range(0, 24 * 20, 6)
    best = {
        max(tasks, key=lambda task: persona.reaction_probabilities(task, at_ms)[Reaction.DONE]).task_id
        for at_ms in (morning + hour * 60 * MINUTE for hour in hours)
    }

    assert len(best) >= 5


def _answers(persona: Persona, happenings: list[Happening]) -> Iterator[Response]:
    tasks: list[TaskUpsert] = []
    for happening in happenings:
        if isinstance(happening, Open):
            yield persona.respond(happening, tasks[happening.luck % len(tasks)])
        else:
            tasks.append(happening.fact)


def _task(at_ms: int) -> TaskUpsert:
    created = datetime.fromtimestamp(at_ms / 1_000 - 3 * 86_400, UTC).date()
    return TaskUpsert(
        user_id="parent",
        task_id="1",
        at_ms=at_ms,
        title="Return it",
        created=created.isoformat(),
        category="school",
    )


def _any_situation(random: np.random.Generator) -> Situation:
    overdue = random.random() < 0.4
    return Situation(
        category=f"c{random.integers(6)}",
        priority=int(random.integers(1, 5)),
        age_days=float(random.uniform(0, 30)),
        overdue_days=float(random.uniform(0, 10)) if overdue else None,
        effort=float(random.random()),
        hour=int(random.integers(7, 23)),
        weekday=int(random.integers(7)),
    )


def _worth(persona: Persona, situation: Situation) -> float:
    probabilities = persona.taste.reaction_probabilities(situation)
    return probabilities[Reaction.DONE] + 0.25 * probabilities[Reaction.SNOOZE]


def _features(situation: Situation) -> list[float]:
    angle = 2 * math.pi * situation.hour / 24
    return [
        1.0,
        float(situation.overdue_days is not None),
        situation.age_days,
        situation.priority,
        math.sin(angle),
        math.cos(angle),
        float(situation.weekday >= 5),
    ]


def _curves_and_crosses(seen: list[Situation]) -> npt.NDArray[np.float64]:
    linear = np.array([_features(situation) for situation in seen])
    age = np.log1p(linear[:, 2])
    category = np.array(
        [[situation.category == f"c{index}" for index in range(6)] for situation in seen], float
    )
    clock = linear[:, 4:6]
    long_overdue = np.array([(situation.overdue_days or 0) > 3 for situation in seen], float)
    work = np.array([9 <= situation.hour < 18 and situation.weekday < 5 for situation in seen], float)
    crosses = [category * clock[:, [0]], category * clock[:, [1]]]
    curves = [age, age**2, long_overdue, work, work * linear[:, 3]]
    return np.hstack([*crosses, np.column_stack(curves)])


def _explained(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """Return the share of the variance of y, float64[n], that a linear model of x, float64[n, d], explains."""
    theta = np.linalg.lstsq(x, y, rcond=None)[0]
    return float(1 - np.var(y - x @ theta) / np.var(y))
