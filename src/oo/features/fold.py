"""The reference meaning of a batched feature: facts in, value out, in memory and in plain Python.

Slow and obvious on purpose. Every other execution of a declaration is held equal to this one.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from oo.domain.errors import IncompleteDefinition
from oo.domain.facts import Fact, Reaction, TipFeedback, TipServed, UserFact
from oo.domain.person import Person, ZoneSpan
from oo.domain.profile import Value
from oo.features.spec import Count, FeatureDefinition, Mean, Mode, Ratio, Where, Windowed

Event: TypeAlias = Mapping[str, Any]
_SomeFact = TypeVar("_SomeFact", bound=Fact)


@dataclass(frozen=True, slots=True)
class Folded:
    """A computed value and its support: how many events it rests on. Without support, `value` is the fallback."""

    value: Value
    support: int


def fold(definition: FeatureDefinition, facts: Iterable[Fact], at_ms: int) -> Folded:
    """Return the value of `definition` as of `at_ms` from one person's `facts`, which may come in any order.

    A fact counts if its own time is at or before `at_ms`, except `user` records: the zone of a person without an
    earlier one is the first they ever have. Raises `IncompleteDefinition` for a feature that is not batched.
    """
    expression = definition.compute
    if not isinstance(expression, Windowed):
        raise IncompleteDefinition(
            f"{definition.name!r} is derived at request time.", "Only batched features fold."
        )
    events = [event for event in events_of(expression, list(facts), at_ms) if _kept(expression.where, event)]
    value, support = _aggregate(expression, events)
    return Folded(value, support) if support else Folded(definition.fallback, 0)


def events_of(expression: Windowed, facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    """Yield the events of the expression's source whose instant lies in its window as of `at_ms`."""
    for event in _SOURCES[expression.source.name](facts, at_ms):
        if at_ms - expression.window_ms < event["at_ms"] <= at_ms:
            yield event


def in_force(reactions: Iterable[TipFeedback], at_ms: int) -> TipFeedback | None:
    """Return the reaction in force as of `at_ms`: the latest; at equal times done, then dismiss, snooze, none."""
    given = (reaction for reaction in reactions if reaction.at_ms <= at_ms)
    return max(
        given, key=lambda fact: (fact.at_ms, fact.reaction.rank, fact.snooze_until_ms or 0), default=None
    )


def _tips(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for tip, reaction in _tips_with_reaction(facts, at_ms):
        wall = person.local_time(tip.at_ms)
        yield {
            "at_ms": tip.at_ms,
            "reaction": reaction.reaction if reaction else None,
            "category": tip.category,
            "local_hour": wall.hour,
            "local_weekday": wall.weekday,
        }


def _reactions(facts: Sequence[Fact], at_ms: int) -> Iterator[Event]:
    person = _person(facts)
    for tip, reaction in _tips_with_reaction(facts, at_ms):
        if reaction is None or reaction.reaction is Reaction.NONE:
            continue
        wall = person.local_time(reaction.at_ms)
        yield {
            "at_ms": reaction.at_ms,
            "reaction": reaction.reaction,
            "dwell_ms": reaction.at_ms - tip.at_ms,
            "category": tip.category,
            "local_hour": wall.hour,
            "local_weekday": wall.weekday,
        }


_SOURCES: Mapping[str, Callable[[Sequence[Fact], int], Iterator[Event]]] = {
    "tips": _tips,
    "reactions": _reactions,
}


def _tips_with_reaction(facts: Sequence[Fact], at_ms: int) -> Iterator[tuple[TipServed, TipFeedback | None]]:
    for tip in {tip.tip_id: tip for tip in _of(TipServed, facts)}.values():
        reactions = [
            fact for fact in _of(TipFeedback, facts) if fact.tip_id == tip.tip_id and fact.at_ms >= tip.at_ms
        ]
        yield tip, in_force(reactions, at_ms)


def _person(facts: Sequence[Fact]) -> Person:
    zones = {fact.at_ms: fact for fact in _of(UserFact, facts)}
    spans = (ZoneSpan(at_ms, fact.tz) for at_ms, fact in sorted(zones.items()))
    return Person(next(iter(zones.values())).user_id, tuple(spans))


def _of(kind: type[_SomeFact], facts: Iterable[Fact]) -> list[_SomeFact]:
    return [fact for fact in facts if isinstance(fact, kind)]


def _kept(where: Where | None, event: Event) -> bool:
    return where is None or event[where.column] in where.values


def _aggregate(expression: Windowed, events: Sequence[Event]) -> tuple[Value, int]:
    match expression.aggregate:
        case Count():
            return len(events), len(events)
        case Ratio(of):
            return (sum(_kept(of, event) for event in events) / len(events) if events else None), len(events)
        case Mean(column):
            known = [event[column] for event in events if event[column] is not None]
            return (float(sum(known)) / len(known) if known else None), len(known)
        case Mode(column):
            frequencies = Counter(event[column] for event in events if event[column] is not None)
            ordered = sorted(frequencies.items(), key=lambda pair: (-pair[1], pair[0]))
            return ordered[0] if ordered else (None, 0)
