"""Histories: what may happen to a few people, generated so that the corners meet.

Times come from a small grid around a change of clocks, so that they often coincide, lie a whole window apart, or miss
it by a millisecond. What is to be accepted is worked out here, from the rules alone.
"""

import os
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from oo.domain.facts import (
    AppSession,
    CalendarEvent,
    Fact,
    MoodCheckin,
    Reaction,
    RewardFact,
    SourceSynced,
    TaskCompleted,
    TaskDeleted,
    TaskFact,
    TaskUpsert,
    TipFeedback,
    TipServed,
    UserFact,
)
from oo.domain.instant import DAY, HOUR, MINUTE, parse_instant

THOROUGH = os.environ.get("OO_HYPOTHESIS") == "thorough"
WINDOW = 30 * DAY
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "UTC")
ANCHORS = tuple(
    map(
        parse_instant,
        (
            "2026-03-29T01:00:00Z",  # Berlin springs forward
            "2026-10-25T01:00:00Z",  # and falls back
            "2026-03-08T07:00:00Z",  # New York
            "2026-11-01T06:00:00Z",
            "2026-10-03T15:30:00Z",  # Lord Howe, by half an hour
            "2026-04-04T15:00:00Z",
            "2026-03-08T05:30:00Z",  # St John's, half an hour off the others
            "2026-11-01T04:30:00Z",
        ),
    )
)
_STEPS = (
    *(-WINDOW - 1, -WINDOW, -WINDOW + 1, -7 * DAY, -DAY - HOUR, -DAY, -12 * HOUR, -HOUR, -30 * MINUTE, -1),
    *(0, 1, 30 * MINUTE, HOUR, HOUR + 1, 2 * HOUR, DAY, DAY + HOUR, 2 * DAY, 7 * DAY, WINDOW - 1, WINDOW),
)
_DELAYS = (
    *(0, 0, 1, 1, 2, -1, -HOUR, 59_999, MINUTE, 7 * MINUTE + 1, HOUR, HOUR, 3 * HOUR, DAY, DAY, 2 * DAY),
    *(WINDOW - 1, WINDOW, WINDOW + 1),
)
_EDGES = (0, 0, -1, WINDOW - 1, WINDOW, WINDOW + 1, HOUR)
_CATEGORIES = (None, None, "", "Work", "home", "work", "éclair", "日本")
_REACTIONS = (Reaction.DONE, Reaction.DISMISS, Reaction.SNOOZE, Reaction.NONE, Reaction.DONE, Reaction.DONE)
_TASKS = ("k1", "k2", "k3")


def examples(count: int) -> settings:
    """Ask for so many examples; thirty times as many under OO_HYPOTHESIS=thorough."""
    slow = (HealthCheck.too_slow, HealthCheck.data_too_large)
    return settings(max_examples=count * 30 if THOROUGH else count, deadline=None, suppress_health_check=slow)


@dataclass(frozen=True)
class History:
    """Facts, with duplicates among them and some that must be refused; and instants to ask about."""

    facts: tuple[Fact, ...]
    instants: tuple[int, ...]

    def arriving(self, seed: int) -> list[list[Fact]]:
        """Return the facts in some order, split into some batches; seed 0 leaves them as they are, in one batch."""
        chance = random.Random(seed)
        facts = list(self.facts)
        if seed:
            chance.shuffle(facts)
        batches = []
        while facts:
            size = chance.choice((1, 1, 2, 5, len(facts))) if seed else len(facts)
            batches.append(facts[:size])
            facts = facts[size:]
        return batches

    def people(self) -> list[str]:
        """Return everyone who has a `user` record, by id."""
        return sorted({fact.user_id for fact in self.facts if isinstance(fact, UserFact)})

    def accepted(self) -> Mapping[str, list[Fact]]:
        """Return the facts that count, once each, by person."""
        tips = {fact.tip_id: fact for fact in self.facts if isinstance(fact, TipServed)}
        known: dict[str, dict[str, Fact]] = {user_id: {} for user_id in self.people()}
        for fact in self.facts:
            if fact.user_id in known and _fits(fact, tips):
                known[fact.user_id][fact.key] = fact
        return {user_id: list(facts.values()) for user_id, facts in known.items()}


def _fits(fact: Fact, tips: Mapping[str, TipServed]) -> bool:
    match fact:
        case TipFeedback():
            tip = tips.get(fact.tip_id)
            return tip is not None and tip.user_id == fact.user_id and fact.at_ms >= tip.at_ms
        case RewardFact():
            tip = tips.get(fact.decision_id)
            return tip is not None and tip.user_id == fact.user_id and tip.policy in {None, fact.policy}
        case _:
            return True


@st.composite
def histories(draw: st.DrawFn, most_people: int = 3, most_tips: int = 6) -> History:
    """Generate a history; the first person has a `user` record for certain."""
    times = _times(draw(st.sampled_from(ANCHORS)))
    people = [f"p{number}" for number in range(draw(st.integers(1, most_people)))]
    facts: list[Fact] = []
    for position, user_id in enumerate(people):
        facts += draw(_zones(user_id, times, at_least=0 if position else 1))
        tips = draw(_tips(user_id, times, most_tips))
        facts += tips
        for tip in tips:
            facts += [*draw(_reactions(tip, times)), *draw(_rewards(tip, people, times))]
        facts += draw(_tasks(user_id, times))
        facts += draw(_signals(user_id, times))
    facts += draw(_strays([fact for fact in facts if isinstance(fact, TipServed)], people))
    facts += draw(st.lists(st.sampled_from(facts), max_size=4))
    known_times = sorted({fact.at_ms for fact in facts if fact.at_ms})
    asked = st.builds(lambda at_ms, edge: at_ms + edge, st.sampled_from(known_times or [DAY]), _of(_EDGES))
    return History(tuple(facts), tuple(draw(st.lists(asked, min_size=3, max_size=8, unique=True))))


def seeds() -> st.SearchStrategy[int]:
    """Generate seeds for orders of arrival; the simplest leaves things as they are."""
    return st.integers(0, 2**16)


def _of(values: Sequence[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _times(anchor_ms: int) -> st.SearchStrategy[int]:
    grid = [anchor_ms + step for step in _STEPS]
    return st.one_of(st.sampled_from(grid), st.sampled_from(grid), st.integers(grid[0] - DAY, grid[-1] + DAY))


def _zones(user_id: str, times: st.SearchStrategy[int], at_least: int) -> st.SearchStrategy[list[Fact]]:
    starts = st.lists(st.one_of(st.just(0), times), min_size=at_least, max_size=3, unique=True)
    return starts.flatmap(
        lambda found: st.tuples(
            *(st.builds(UserFact, user_id=st.just(user_id), at_ms=st.just(at), tz=_of(ZONES)) for at in found)
        ).map(list)
    )


@st.composite
def _tips(draw: st.DrawFn, user_id: str, times: st.SearchStrategy[int], most: int) -> list[TipServed]:
    return [
        TipServed(
            user_id=user_id,
            tip_id=f"{user_id}.t{number}",
            at_ms=at_ms,
            category=draw(_of(_CATEGORIES)),
            **draw(_decisions()),
        )
        for number, at_ms in enumerate(draw(st.lists(times, max_size=most)))
    ]


@st.composite
def _decisions(draw: st.DrawFn) -> dict[str, Any]:
    """Generate what was shown, mostly with all that was known when it was, so that there is something to learn."""
    shown = draw(_of(_TASKS))
    if draw(st.integers(0, 5)) == 0:
        return {"candidate_id": shown}
    return {
        "candidate_id": shown,
        "policy": "egreedy/v1",
        "propensity": 0.25,
        "candidates": tuple(
            {
                "id": task_id,
                "is_overdue": number % 2 == 0,
                "task_age_days": draw(_of((0.0, 0.1, 3.3, 400.0))) + number,
                "priority": number + 1,
            }
            for number, task_id in enumerate(_TASKS)
        ),
        "context": {"hour_of_day": draw(_of((0, 7, 23))), "day_of_week": draw(_of((0, 5)))},
        "profile_features": draw(
            _of(
                (
                    None,
                    {"completion_rate_30d": 1 / 3, "mean_dwell_ms_30d": None, "preferred_hour": None},
                    {"mean_dwell_ms_30d": 12_345.6, "preferred_hour": 9, "tip_volume_30d": 17},
                )
            )
        ),
    }


@st.composite
def _reactions(draw: st.DrawFn, tip: TipServed, times: st.SearchStrategy[int]) -> list[TipFeedback]:
    delayed = _of(_DELAYS).map(lambda delay: tip.at_ms + delay)
    moments = st.lists(st.one_of(delayed, delayed, times), max_size=4)
    return [
        fact
        for at_ms in draw(moments)
        for reaction in draw(st.lists(_of(_REACTIONS), min_size=1, max_size=2))
        for fact in [draw(_reaction(tip.user_id, tip.tip_id, at_ms, reaction))]
    ]


@st.composite
def _rewards(
    draw: st.DrawFn, tip: TipServed, people: Sequence[str], times: st.SearchStrategy[int]
) -> list[RewardFact]:
    """Generate rewards from outside: some by the wrong policy or for the wrong person, which must be refused."""
    delayed = _of(_DELAYS).map(lambda delay: tip.at_ms + delay)
    return [
        RewardFact(
            user_id=draw(_of((tip.user_id, tip.user_id, tip.user_id, *people))),
            decision_id=tip.tip_id,
            policy=draw(_of(("egreedy/v1", "egreedy/v1", "linucb/v1"))),
            at_ms=at_ms,
            reward=draw(_of((0.0, 0.3, 1.0))),
        )
        for at_ms in draw(st.lists(st.one_of(delayed, times), max_size=2, unique=True))
    ]


def _reaction(user_id: str, tip_id: str, at_ms: int, reaction: Reaction) -> st.SearchStrategy[TipFeedback]:
    untils = (None, at_ms + HOUR, at_ms + DAY) if reaction is Reaction.SNOOZE else (None,)
    return st.builds(
        TipFeedback,
        user_id=st.just(user_id),
        tip_id=st.just(tip_id),
        at_ms=st.just(at_ms),
        reaction=st.just(reaction),
        snooze_until_ms=_of(untils),
    )


@st.composite
def _tasks(draw: st.DrawFn, user_id: str, times: st.SearchStrategy[int]) -> list[TaskFact]:
    found: dict[str, TaskFact] = {}
    ends_of_days = times.map(lambda at_ms: at_ms - at_ms % DAY + DAY - 1)
    at = st.one_of(times, times, ends_of_days, ends_of_days.map(lambda at_ms: at_ms - HOUR))
    for task_id, at_ms, kind in draw(st.lists(st.tuples(_of(_TASKS), at, st.integers(0, 5)), max_size=6)):
        fact: TaskFact
        source = draw(_of((None, "todoist", "ics")))
        match kind:
            case 4:
                fact = TaskCompleted(user_id=user_id, task_id=task_id, at_ms=at_ms, source=source)
            case 5:
                fact = TaskDeleted(user_id=user_id, task_id=task_id, at_ms=at_ms, source=source)
            case _:
                fact = TaskUpsert(
                    user_id=user_id,
                    task_id=task_id,
                    at_ms=at_ms,
                    title=draw(_of(("Call", "Write"))),
                    due=draw(_of((None, "2026-10-25", "2026-03-29"))),
                    created=draw(_of((None, "2026-03-08"))),
                    priority=draw(st.integers(1, 4)),
                    category=draw(_of(_CATEGORIES)),
                    source=source,
                )
        found.setdefault(fact.key, fact)
    return list(found.values())


@st.composite
def _signals(draw: st.DrawFn, user_id: str, times: st.SearchStrategy[int]) -> list[Fact]:
    found: dict[str, Fact] = {}
    for number, (at_ms, kind) in enumerate(draw(st.lists(st.tuples(times, st.integers(0, 3)), max_size=6))):
        fact: Fact
        match kind:
            case 0:
                duration_ms = draw(_of((0, 1, MINUTE, 7 * HOUR)))
                fact = AppSession(
                    user_id=user_id, at_ms=at_ms, event_id=f"e{number}", duration_ms=duration_ms
                )
            case 1:
                score = draw(_of((0.0, 0.1, 1 / 3, 1.0)))
                fact = MoodCheckin(user_id=user_id, at_ms=at_ms, event_id=f"e{number}", score=score)
            case 2:
                source = draw(_of(("todoist", "calendar", "elsewhere")))
                fact = SourceSynced(user_id=user_id, at_ms=at_ms, source=source)
            case _:
                fact = CalendarEvent(
                    user_id=user_id,
                    at_ms=at_ms,
                    event_id=f"e{number % 2}",
                    start_ms=at_ms + HOUR,
                    end_ms=at_ms + 2 * HOUR,
                    busy=draw(st.booleans()),
                )
        found.setdefault(fact.key, fact)
    return list(found.values())


@st.composite
def _strays(draw: st.DrawFn, tips: Sequence[TipServed], people: Sequence[str]) -> list[TipFeedback]:
    """Generate reactions that must not count: to another person's tip, and to one that is never served."""
    strays = []
    for tip in draw(st.lists(_of(tips), max_size=2)) if tips else ():
        others: Iterable[str] = [user_id for user_id in (*people, "nobody") if user_id != tip.user_id]
        at_ms = tip.at_ms + draw(_of((0, 1, HOUR)))
        strays.append(draw(_reaction(draw(_of(tuple(others))), tip.tip_id, at_ms, Reaction.DONE)))
    if draw(st.booleans()):
        strays.append(draw(_reaction(people[0], "never-served", DAY, Reaction.DISMISS)))
    return strays
