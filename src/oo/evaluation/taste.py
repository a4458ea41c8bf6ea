"""What a persona makes of a task at a moment. Policies never see this, and no linear model of theirs can spell it.

The pull of each answer is a sum of effects, and the answers share probability by softmax:

- *ripeness*: an inverted U over the logarithm of a task's age, around the age at which this person gets to things;
- *pressure*: the days just after the due date push (or put off), long after it the task is avoided by everyone;
- *rank*: priority pulls (or repels) at work hours, and says nothing outside them;
- *mood*: each category has its own hour of the day for each person;
- *energy*: effort, which no feature shows, costs more the further the hour is from the person's best.
"""

import math
from dataclasses import dataclass

from oo.domain.facts import Reaction
from oo.evaluation.chance import uniform

_MIDDLE_PRIORITY = 2.5
_WORK_DAYS = range(5)
_HOURS_A_DAY = 24
_SHORTEST_AGE = -0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A task at a moment, on the person's wall clock: `hour` 0-23, `weekday` 0 (Monday) to 6.

    `overdue_days` is None while the task is not overdue. `effort` is 0 (a minute) to 1 (a day).
    """

    category: str
    priority: int
    age_days: float
    overdue_days: float | None
    effort: float
    hour: int
    weekday: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """A person's inclinations; each `…_pull` is on the scale of log-odds and may be negative.

    name: seeds the hour that each category has for this person. ripe_days: the age at which a task has most pull.
    work_hours: the first hour of work and the first after it, Monday to Friday; they may run over midnight.
    """

    name: str
    eagerness: float
    ripe_days: float
    ripeness_pull: float
    pressure_pull: float
    patience_days: float
    rank_pull: float
    mood_pull: float
    best_hour: int
    work_hours: tuple[int, int]

    def reaction_probabilities(self, situation: Situation) -> dict[Reaction | None, float]:
        """Return the probability of each answer; None is silence. They sum to 1.

        The order is from the most to the least rewarded answer: drawn by the inverse of its distribution function, the
        same random number gives a task with more pull the same or a better answer.
        """
        pulls: dict[Reaction | None, float] = {
            Reaction.DONE: self.eagerness + self.appeal(situation),
            Reaction.SNOOZE: -0.6 + 1.6 * situation.effort * (1 - self.energy(situation.hour)),
            Reaction.DISMISS: -0.7 + 0.8 * self._is_avoided(situation),
            None: 0.6,
        }
        weights = {answer: math.exp(pull) for answer, pull in pulls.items()}
        total = sum(weights.values())
        return {answer: weight / total for answer, weight in weights.items()}

    def appeal(self, situation: Situation) -> float:
        """Return how much the task draws the person at that moment, in log-odds; 0 is neither way."""
        return (
            self.ripeness_pull * (2 * self.ripeness(situation.age_days) - 1)
            + self._pressure(situation)
            + self.rank_pull * self._works(situation) * (situation.priority - _MIDDLE_PRIORITY)
            + self.mood_pull * _closeness(situation.hour, self.hour_of(situation.category))
            - 2.0 * situation.effort * (1 - self.energy(situation.hour))
        )

    def ripeness(self, age_days: float) -> float:
        """Return 1 at the ripe age, falling to 0 towards both younger and older tasks."""
        octaves = math.log2((1 + max(age_days, _SHORTEST_AGE)) / (1 + self.ripe_days))
        return math.exp(-(octaves**2) / 2)

    def energy(self, hour: int) -> float:
        """Return 1 at the person's best hour, 0 twelve hours from it."""
        return (1 + _closeness(hour, self.best_hour)) / 2

    def hour_of(self, category: str) -> int:
        """Return the hour at which this person likes to do tasks of a category, 7 to 22."""
        return 7 + int(16 * uniform("hour", self.name, category))

    def _pressure(self, situation: Situation) -> float:
        if situation.overdue_days is None:
            return 0.0
        return -2.0 if self._is_avoided(situation) else self.pressure_pull

    def _is_avoided(self, situation: Situation) -> bool:
        return situation.overdue_days is not None and situation.overdue_days > self.patience_days

    def _works(self, situation: Situation) -> bool:
        first, end = self.work_hours
        return (
            situation.weekday in _WORK_DAYS
            and (situation.hour - first) % _HOURS_A_DAY < (end - first) % _HOURS_A_DAY
        )


def _closeness(hour: int, other: int) -> float:
    """Return the cosine of two hours on the clock's face: 1 the same, -1 twelve hours apart."""
    return math.cos(2 * math.pi * (hour - other) / _HOURS_A_DAY)
