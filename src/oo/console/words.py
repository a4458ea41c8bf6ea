"""What each dimension of a policy says about a decision, in words.

Add a dimension: one entry here. One that has none yet is shown by its name, and a test asks for its words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from oo.domain.facts import Features
from oo.domain.instant import MINUTE, SECOND
from oo.domain.wording import counted
from oo.features.vector import HIGHEST, LOWEST, SATURDAY

_NOON, _DAY_BEGINS, _DAY_ENDS = 12, 6, 18
_WEEK, _MONTH, _YEAR = 7, 30, 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a decision was made from: raw features of the shown task, of the moment, and of the person."""

    candidate: Features
    context: Features
    profile: Features


Say: TypeAlias = Callable[[Known], str]


def _overdue(known: Known) -> str:
    return "It is overdue" if known.candidate.get("is_overdue") else "It is not overdue"


def _age(known: Known) -> str:
    days = int(_number(known.candidate, "task_age_days") or 0)
    if days < 1:
        return "It is new on your list"
    unit, size = next(pair for pair in _UNITS if days >= 2 * pair[1] or pair[1] == 1)
    return f"It has been on your list for {counted(days // size, unit)}"


_UNITS = (("year", _YEAR), ("month", _MONTH), ("week", _WEEK), ("day", 1))


def _priority(known: Known) -> str:
    level = _number(known.candidate, "priority") or LOWEST
    return f"Its priority is {PRIORITIES[round(min(max(level, LOWEST), HIGHEST))].lower()}"


PRIORITIES: Mapping[int, str] = {1: "Low", 2: "Medium", 3: "High", 4: "Urgent"}
"""Each priority in words."""


def _half_of_day(known: Known) -> str:
    hour = _number(known.context, "hour_of_day") or 0
    return f"{_hour(known)}, {'before' if hour < _NOON else 'after'} noon"


def _day_or_night(known: Known) -> str:
    hour = _number(known.context, "hour_of_day") or 0
    return f"{_hour(known)}, {'by day' if _DAY_BEGINS <= hour < _DAY_ENDS else 'late or early'}"


def _weekend(known: Known) -> str:
    day = _number(known.context, "day_of_week") or 0
    return "It is the weekend" if day >= SATURDAY else "It is a weekday"


def _completed(known: Known) -> str:
    return f"You did {_share(known, 'completion_rate_30d')} of your tips of the last 30 days"


def _dismissed(known: Known) -> str:
    return f"You dismissed {_share(known, 'dismiss_rate_30d')} of your tips of the last 30 days"


def _dwell(known: Known) -> str:
    dwell_ms = _number(known.profile, "mean_dwell_ms_30d")
    if dwell_ms is None:
        return "How long you take to answer is not known yet"
    seconds, minutes = round(dwell_ms / SECOND), round(dwell_ms / MINUTE)
    lasts = counted(seconds, "second") if dwell_ms < 2 * MINUTE else counted(minutes, "minute")
    return f"You take {lasts} to answer, on average"


def _alignment(known: Known) -> str:
    preferred = _number(known.profile, "preferred_hour")
    if preferred is None:
        return "The hour at which you get most done is not known yet"
    return f"{_hour(known)}, and you get most done at {preferred:.0f}"


def _volume(known: Known) -> str:
    tips = round(_number(known.profile, "tip_volume_30d") or 0)
    return f"You were shown {counted(tips, 'tip')} in the last 30 days"


OF_TASK: Mapping[str, Say] = {
    "is_overdue": _overdue,
    "task_age_days": _age,
    "priority": _priority,
    "uncertainty": lambda _: "Little is known yet of how you like tasks such as this one",
}
"""Words for what differs from task to task."""
OF_MOMENT: Mapping[str, Say] = {
    "bias": lambda _: "How your tips turn out as a rule",
    "hour_sin": _half_of_day,
    "hour_cos": _day_or_night,
    "is_weekend": _weekend,
    "completion_rate_30d": _completed,
    "dismiss_rate_30d": _dismissed,
    "mean_dwell_ms_30d": _dwell,
    "preferred_hour_alignment": _alignment,
    "tip_volume_30d": _volume,
}
"""Words for what is the same for every task, and so never decides between two of them."""


def has_words(dimension: str) -> bool:
    """Tell whether there are words for a dimension, or for each factor of a cross."""
    return all(factor in OF_TASK or factor in OF_MOMENT for factor in dimension.split("*"))


def is_of_moment(dimension: str) -> bool:
    """Tell whether a dimension is the same for every task."""
    return all(factor in OF_MOMENT for factor in dimension.split("*"))


def say(dimension: str, known: Known) -> str:
    """Return a dimension's words for a decision, without a full stop; a cross says what its factors say.

    >>> say("moon_phase", Known(candidate={}, context={}, profile={}))
    'Moon phase'
    """
    first, *others = (_factor(factor, known) for factor in dimension.split("*"))
    return " and ".join((first, *map(within, others)))


def within(words: str) -> str:
    """Return words as they stand within a sentence.

    >>> within("It is overdue")
    'it is overdue'
    """
    return f"{words[0].lower()}{words[1:]}"


def _factor(name: str, known: Known) -> str:
    words = OF_TASK.get(name) or OF_MOMENT.get(name)
    return words(known) if words else name.replace("_", " ").capitalize()


def _hour(known: Known) -> str:
    return f"The hour is {_number(known.context, 'hour_of_day') or 0:.0f}"


def _share(known: Known, name: str) -> str:
    return f"{_number(known.profile, name) or 0:.0%}"


def _number(features: Features, name: str) -> float | None:
    """Return a raw feature as a number, None where it is absent: what is logged elsewhere may be anything."""
    value = features.get(name)
    return float(value) if isinstance(value, int | float) else None
