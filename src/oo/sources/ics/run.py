"""One reading of a file: for whom and when, and how much it may still take."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from oo.domain.errors import InvalidFact
from oo.domain.instant import parse_day_or_instant, start_of

MOST_OCCURRENCES = 10_000
"""The most occurrences that are kept of a file, over twenty a day; and that are looked at of a to-do."""
RULE_EFFORT, FILE_EFFORT = 5_000_000, 50_000_000
"""What it may take to follow one rule, and all rules of a file: some seconds in all. See `_cost` in recurrence.py."""


@dataclass(slots=True, kw_only=True)
class Run:
    """A file being read for a person, and how much it may still take."""

    user_id: str
    tz: str
    at_ms: int
    occurrences: int = MOST_OCCURRENCES
    effort: int = FILE_EFFORT
    zones: set[str] = field(default_factory=set)
    nameless: Counter[str] = field(default_factory=Counter)

    def text(self, moment: date) -> str:
        """Return a day or an instant in its stored form."""
        return parse_day_or_instant(moment.isoformat(), self.tz)

    def ms(self, moment: date) -> int:
        """Return an instant, or when a day begins for the person; epoch milliseconds."""
        return start_of(self.text(moment), self.tz)

    def over_ms(self, moment: date) -> int:
        """Return an instant, or the last of a day."""
        return self.ms(moment) if isinstance(moment, datetime) else self.ms(moment + timedelta(days=1)) - 1

    def steps(self, cost: int) -> Callable[[], None]:
        """Return what to call at each step of a rule: it raises `InvalidFact` once the rule has taken too long."""
        left = RULE_EFFORT

        def step() -> None:
            nonlocal left
            if cost > min(left, self.effort):
                raise InvalidFact("Its rule takes too long to follow.", "Let it repeat less often, or end.")
            left -= cost
            self.effort -= cost

        return step
