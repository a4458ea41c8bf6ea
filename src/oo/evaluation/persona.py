"""A made-up person: their days, and what they answer to a tip.

Taste and days are hidden from oO, which sees only what a real person would show it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from oo.domain.facts import Reaction, TaskUpsert
from oo.domain.instant import DAY, HOUR, MINUTE, SECOND, is_day, local, local_time, parse_instant, start_of
from oo.evaluation.agenda import Agenda, Happening, Open, Rhythm
from oo.evaluation.chance import generator, uniform
from oo.evaluation.taste import Situation, Taste

SECOND_THOUGHT_RATE = 0.05
"""The share of answers that a person takes back or replaces some minutes later."""
_SECOND_THOUGHTS = {
    Reaction.DONE: Reaction.NONE,
    Reaction.DISMISS: Reaction.DONE,
    Reaction.SNOOZE: Reaction.DISMISS,
}
_SNOOZES_MS = (3 * HOUR, DAY, 3 * DAY)
_SNOOZE_SHARES = (0.4, 0.4, 0.2)
_DWELL_SPREAD = 0.8
_LONGEST_DWELL_MS = 15 * MINUTE
_LATEST_SECOND_THOUGHT_MS = 12 * MINUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondThought:
    """Another answer to the same tip, `after_ms` after it was served."""

    reaction: Reaction
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a person does with a tip; a `reaction` of None is silence.

    `after_ms` counts from when the tip was served. All of it happens before the person opens the app again.
    """

    reaction: Reaction | None
    after_ms: int
    snooze_until_ms: int | None = None
    second_thought: SecondThought | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A made-up person.

    name: their user id. list_name: the packaged task list they live from. arrivals_a_day: the mean number of tasks that
    come in, more than they can do. dwell_sec: the median time from seeing a tip to answering it.
    """

    name: str
    tz: str
    list_name: str
    rhythm: Rhythm
    arrivals_a_day: float
    dwell_sec: float
    taste: Taste

    def days(self, seed: int, start: date, days: int) -> Iterator[Happening]:
        """Yield what happens to the person in `days` days from `start` on, in the order of time."""
        agenda = Agenda(
            user_id=self.name,
            tz=self.tz,
            list_name=self.list_name,
            rhythm=self.rhythm,
            arrivals_a_day=self.arrivals_a_day,
        )
        return agenda.days(seed, start, days)

    def situation(self, task: TaskUpsert, at_ms: int) -> Situation:
        """Return how the person sees `task` at an instant."""
        clock = local_time(at_ms, self.tz)
        created_ms = start_of(task.created, self.tz) if task.created else task.at_ms
        return Situation(
            category=task.category or "",
            priority=task.priority,
            age_days=(at_ms - created_ms) / DAY,
            overdue_days=_overdue_days(task.due, at_ms, self.tz) if task.due else None,
            effort=uniform("effort", self.name, task.task_id),
            hour=clock.hour,
            weekday=clock.weekday,
        )

    def reaction_probabilities(self, task: TaskUpsert, at_ms: int) -> dict[Reaction | None, float]:
        """Return the probability of each answer to `task` at an instant; None is silence."""
        return self.taste.reaction_probabilities(self.situation(task, at_ms))

    def respond(self, moment: Open, task: TaskUpsert) -> Response:
        """Return what the person does with a tip about `task`, as it stands, when they have just opened the app.

        Everything is drawn from the moment's own luck, whatever the task and whatever was shown before.
        """
        random = generator(moment.luck)
        answer_at, snooze_at, doubt = random.random(3)
        after_ms = self._dwell_ms(random.standard_normal())
        later_ms = after_ms + int(random.integers(MINUTE, _LATEST_SECOND_THOUGHT_MS))
        probabilities = self.reaction_probabilities(task, moment.at_ms)
        reaction = list(probabilities)[_position(list(probabilities.values()), answer_at)]
        if reaction is None:
            return Response(reaction=None, after_ms=after_ms)
        until_ms = moment.at_ms + after_ms + _SNOOZES_MS[_position(_SNOOZE_SHARES, snooze_at)]
        second_thought = SecondThought(reaction=_SECOND_THOUGHTS[reaction], after_ms=later_ms)
        return Response(
            reaction=reaction,
            after_ms=after_ms,
            snooze_until_ms=until_ms if reaction is Reaction.SNOOZE else None,
            second_thought=second_thought if doubt < SECOND_THOUGHT_RATE else None,
        )

    def _dwell_ms(self, deviate: float) -> int:
        dwell_ms = self.dwell_sec * SECOND * math.exp(_DWELL_SPREAD * deviate)
        return round(min(max(dwell_ms, SECOND), _LONGEST_DWELL_MS))


def _overdue_days(due: str, at_ms: int, tz: str) -> float | None:
    """Return the days from a due day to the local today, or from a due instant to now; None while it is not over."""
    if is_day(due):
        days: float = (local(at_ms, tz).date() - date.fromisoformat(due)).days
    else:
        days = (at_ms - parse_instant(due)) / DAY
    return days if days > 0 else None


def _position(shares: Sequence[float], number: float) -> int:
    """Return where `number`, in [0, 1), falls among shares that sum to 1."""
    edges = np.cumsum(shares)
    return min(int(np.searchsorted(edges, number * edges[-1], side="right")), len(edges) - 1)
