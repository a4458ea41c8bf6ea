"""The events of each source, in memory: a person's facts in, events as of an instant out.

An event is a mapping of the source's columns, with the instant it counts by as `at_ms`. Slow and obvious on purpose:
this is half of what the features mean, and `fold.py` the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from oo.domain.facts import (
    AppSession,
    Fact,
    MoodCheckin,
    Reaction,
    SourceSynced,
    TaskFact,
    TaskUpsert,
    TipFeedback,
    TipServed,
    UserFact,
    force,
)
from oo.domain.person import Person, ZoneSpan
from oo.domain.task import GivenReaction, Task, fold_task
from oo.features.spec import Windowed

Event: TypeAlias = Mapping[str, Any]
_SomeFact = TypeVar("_SomeFact", bound=Fact)


def events_of(expression: Windowed, facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    """Yield the events of the expression's source whose instant lies in its window as of `at_ms`.

    A fact counts if its own time is at or before `at_ms`, except `user` records: the zone of a person without an
    earlier one is the first they ever have.
    """
    for event in _SOURCES[expression.source.name](facts, at_ms):
        if at_ms - expression.window_ms < event["at_ms"] <= at_ms:
            yield event


def in_force(reactions: Iterable[TipFeedback], at_ms: int) -> TipFeedback | None:
    """Return the reaction in force as of `at_ms`: the latest; at equal times done, then dismiss, snooze, none."""
    return max((reaction for reaction in reactions if reaction.at_ms <= at_ms), key=force, default=None)


def _tips(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for tip, reaction in _tips_with_reaction(facts, at_ms):
        yield {
            "at_ms": tip.at_ms,
            "reaction": reaction.reaction if reaction else None,
            "category": tip.category,
            **_local(person, tip.at_ms),
        }


def _reactions(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for tip, reaction in _tips_with_reaction(facts, at_ms):
        if reaction is not None and reaction.reaction is not Reaction.NONE:
            yield {
                "at_ms": reaction.at_ms,
                "reaction": reaction.reaction,
                "dwell_ms": reaction.at_ms - tip.at_ms,
                "category": tip.category,
                **_local(person, reaction.at_ms),
            }


def _sessions(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for fact in _until(at_ms, _of(AppSession, facts)):
        yield {"at_ms": fact.at_ms, "duration_ms": fact.duration_ms, **_local(person, fact.at_ms)}


def _moods(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for fact in _until(at_ms, _of(MoodCheckin, facts)):
        yield {"at_ms": fact.at_ms, "score": fact.score, **_local(person, fact.at_ms)}


def _syncs(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    for fact in _until(at_ms, _of(SourceSynced, facts)):
        yield {"at_ms": fact.at_ms, "source": fact.source}


def _tasks(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    for came_ms, task in _tasks_as_of(facts, at_ms):
        yield {
            "at_ms": came_ms,
            "state": task.state,
            "category": task.content.category,
            "priority": task.content.priority,
        }


def _completions(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for _, task in _tasks_as_of(facts, at_ms):
        closed_ms = task.closed_at_ms
        if task.state == "completed" and closed_ms is not None:
            local = _local(person, closed_ms)
            if person.is_end_of_day(closed_ms):
                local["local_hour"] = None
            yield {
                "at_ms": closed_ms,
                "category": task.content.category,
                "priority": task.content.priority,
                **local,
            }


_SOURCES: Mapping[str, Callable[[Sequence[Fact], int], Iterator[Event]]] = {
    "tips": _tips,
    "reactions": _reactions,
    "sessions": _sessions,
    "moods": _moods,
    "syncs": _syncs,
    "tasks": _tasks,
    "completions": _completions,
}


def _tips_with_reaction(facts: Sequence[Fact], at_ms: int) -> Iterator[tuple[TipServed, TipFeedback | None]]:
    given: dict[str, list[TipFeedback]] = defaultdict(list)
    for reaction in _of(TipFeedback, facts):
        given[reaction.tip_id].append(reaction)
    for tip in {tip.tip_id: tip for tip in _of(TipServed, facts)}.values():
        yield tip, in_force((fact for fact in given[tip.tip_id] if fact.at_ms >= tip.at_ms), at_ms)


def _tasks_as_of(facts: Sequence[Fact], at_ms: int) -> Iterator[tuple[int, Task]]:
    """Yield each task as it stood, with the instant at which it first came."""
    person = _person(facts)
    known: dict[str, list[TaskFact]] = defaultdict(list)
    for fact in _until(at_ms, _of(TaskFact, facts)):
        known[fact.task_id].append(fact)
    given = _given_on_tasks(facts, at_ms)
    for task_id, of_task in known.items():
        task = fold_task(of_task, person, reaction=given.get(task_id))
        if task is not None:
            yield min(fact.at_ms for fact in of_task if isinstance(fact, TaskUpsert)), task


def _given_on_tasks(facts: Sequence[Fact], at_ms: int) -> dict[str, GivenReaction]:
    latest: dict[str, TipFeedback] = {}
    for tip, reaction in _tips_with_reaction(facts, at_ms):
        if reaction is not None and reaction.reaction is not Reaction.NONE:
            earlier = latest.get(tip.candidate_id, reaction)
            latest[tip.candidate_id] = max(earlier, reaction, key=force)
    return {task_id: GivenReaction.of(reaction) for task_id, reaction in latest.items()}


def _person(facts: Sequence[Fact]) -> Person:
    zones = {fact.at_ms: fact for fact in _of(UserFact, facts)}
    spans = (ZoneSpan(at_ms, fact.tz) for at_ms, fact in sorted(zones.items()))
    return Person(next(iter(zones.values())).user_id, tuple(spans))


def _local(person: Person, at_ms: int) -> dict[str, int | None]:
    wall = person.local_time(at_ms)
    return {"local_hour": wall.hour, "local_weekday": wall.weekday}


def _until(at_ms: int, facts: Iterable[_SomeFact]) -> list[_SomeFact]:
    return [fact for fact in facts if fact.at_ms <= at_ms]


def _of(kind: type[_SomeFact], facts: Iterable[Fact]) -> list[_SomeFact]:
    return [fact for fact in facts if isinstance(fact, kind)]
