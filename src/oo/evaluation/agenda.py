"""What happens to a persona, whatever oO does: tasks come in, some change, and now and then the app is opened."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias

import numpy as np

from oo.domain.facts import TaskUpsert
from oo.domain.instant import MINUTE, local_time, parse_instant, start_of, zone
from oo.evaluation.chance import generator, luck
from oo.evaluation.task_list import Template, task_list

_FIRST_SHARE = 0.4
_OPEN_MINUTES = (3, 28)
_WEEKEND = 5
_HIGHEST_PRIORITY = 4
_MOVED_BY_DAYS = (1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A task comes in, or a recurring one comes round again under its old id with new days."""

    fact: TaskUpsert

    @property
    def at_ms(self) -> int:
        """The instant at which it happens."""
        return self.fact.at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A task as it stands after its priority was raised or its due date moved.

    The agenda does not know what the person has finished meanwhile: leave out a change to a task that is done.
    """

    fact: TaskUpsert

    @property
    def at_ms(self) -> int:
        """The instant at which it happens."""
        return self.fact.at_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """The person opens the app. `luck` seeds all that is drawn for what they answer then."""

    at_ms: int
    luck: int


Happening: TypeAlias = Arrival | Change | Open


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """When a person opens the app, on their own wall clock.

    weekday, weekend: one digit for each hour of the day, its weight; 0 is an hour at which they never do. opens: the
    fewest and the most times a day; at most once within an hour, and 35 minutes apart at least.
    """

    weekday: str
    weekend: str
    opens: tuple[int, int] = (6, 10)

    def hours(self, day: date, random: np.random.Generator) -> list[int]:
        """Draw the hours of one day's opens, sorted."""
        weights = np.array(
            [int(digit) for digit in (self.weekend if day.weekday() >= _WEEKEND else self.weekday)]
        )
        fewest, most = self.opens
        count = min(int(random.integers(fewest, most + 1)), int(np.count_nonzero(weights)))
        hours = random.choice(len(weights), count, replace=False, p=weights / weights.sum())
        return sorted(int(hour) for hour in hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What a person's days are made from; `arrivals_a_day` and `changes_a_day` are means."""

    user_id: str
    tz: str
    list_name: str
    rhythm: Rhythm
    arrivals_a_day: float
    changes_a_day: float = 1.0

    def days(self, seed: int, start: date, days: int) -> Iterator[Happening]:
        """Yield what happens in `days` days from `start` on, in the order of time.

        The list is dealt like a pack of cards: a part of it lies there on the first morning, the rest comes in over the
        days, and once it is through, its tasks recur in another order. Equal arguments yield equal happenings.
        """
        pack = self._pack(seed, 0)
        first = round(_FIRST_SHARE * len(pack))
        known = {card.task_id: card.as_of(start, self.user_id, self._morning(start)) for card in pack[:first]}
        yield from (Arrival(fact=fact) for fact in known.values())
        upcoming = self._upcoming(seed, first)
        for number in range(days):
            yield from self._day(seed, start, number, known, upcoming)

    def _day(
        self, seed: int, start: date, number: int, known: dict[str, TaskUpsert], upcoming: Iterator[Template]
    ) -> Iterator[Happening]:
        day = start + timedelta(days=number)
        random = generator(seed, self.user_id, "day", number)
        opens = list(self._opens(day, random))
        arriving = _spread(random.poisson(self.arrivals_a_day), len(opens), random)
        changing = _spread(random.poisson(self.changes_a_day), len(opens), random)
        for index, at_ms in enumerate(opens):
            for _ in range(arriving[index]):
                fact = next(upcoming).new_on(day, self.user_id, at_ms - 2 * MINUTE)
                known[fact.task_id] = fact
                yield Arrival(fact=fact)
            for task_id in random.choice(sorted(known), changing[index], replace=False):
                known[task_id] = _changed(known[task_id], day, at_ms - MINUTE, random)
                yield Change(fact=known[task_id])
            yield Open(at_ms=at_ms, luck=luck(seed, self.user_id, "open", number, index))

    def _opens(self, day: date, random: np.random.Generator) -> Iterator[int]:
        """Yield the instants of one day's opens; an hour that a DST change leaves out has none."""
        for hour in self.rhythm.hours(day, random):
            minutes = random.uniform(*_OPEN_MINUTES)
            wall = datetime.combine(day, time(hour), zone(self.tz)) + timedelta(minutes=minutes)
            at_ms = parse_instant(wall.astimezone(UTC).isoformat())
            if local_time(at_ms, self.tz).hour == hour:
                yield at_ms

    def _upcoming(self, seed: int, dealt: int) -> Iterator[Template]:
        yield from self._pack(seed, 0)[dealt:]
        round_ = 1
        while True:
            yield from self._pack(seed, round_)
            round_ += 1

    def _pack(self, seed: int, round_: int) -> list[Template]:
        templates = task_list(self.list_name)
        order = generator(seed, self.user_id, "pack", round_).permutation(len(templates))
        return [templates[position] for position in order]

    def _morning(self, day: date) -> int:
        return start_of(day.isoformat(), self.tz)


def _spread(count: int, places: int, random: np.random.Generator) -> list[int]:
    """Drop `count` things on `places` at random; return how many fell on each."""
    fallen = random.integers(places, size=count) if places else np.empty(0, dtype=np.int64)
    return [int(number) for number in np.bincount(fallen, minlength=places)]


def _changed(task: TaskUpsert, day: date, at_ms: int, random: np.random.Generator) -> TaskUpsert:
    """Return the task with a higher priority, or due on a later day."""
    if task.priority < _HIGHEST_PRIORITY and random.random() < 1 / 2:
        return replace(task, at_ms=at_ms, priority=task.priority + 1)
    due = day + timedelta(days=int(random.integers(*_MOVED_BY_DAYS)))
    return replace(task, at_ms=at_ms, due=due.isoformat())
