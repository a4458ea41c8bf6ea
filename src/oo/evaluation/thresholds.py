"""The bounds of data quality, each with its reason. An alert begins past `RAISE` and ends short of `KEEP`.

Between the two nothing changes, so that a measure which sways about one bound does not raise and clear by turns.
"""

from dataclasses import dataclass

from oo.domain.instant import DAY, HOUR

ACTIVE_WITHIN_MS = 7 * DAY
"""Tips of the last week are what is judged: what went wrong before it is over, and who left is served none."""
RHYTHM_MS = 30 * DAY
"""How often a source is heard is learned from so long: four weeks, with their weekends."""
LEAST_SILENCE_MS = DAY
"""People sleep: no source is silent before a whole day has passed."""
GAPS = 4
"""So many times the usual gap is no longer by chance: four missed polls, four missed days of a daily habit."""
USUAL_SHARE = 0.95
"""The usual gap is the one that 95 % do not exceed: nights are usual, and one holiday is not."""
LEAST_ARRIVALS = 20
"""Below so many arrivals a source has no rhythm yet."""
LEAST_SPAN_MS = DAY
"""Nor has one that was heard for less than a day: a list that was brought in once is no stream."""
RETIRED_MS = RHYTHM_MS
"""A source that was not heard for as long as its rhythm is learned from is given up: its alert was open for weeks."""
MOST_SAMPLED = 5_000
"""Distributions are compared by so many people: half a percent of noise, whatever the number of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Past these bounds something is wrong."""

    fresh_share: float
    """The objective: this share of the values of people served lately was young enough for their last tip."""
    least_active: int
    """With fewer people served, the values of one of them would be a breach."""
    least_people: int
    """Fewer people on either side have no distribution to compare."""
    psi: float
    """By convention 0.1 is a small shift and 0.25 a major one (Siddiqi 2006, "Credit Risk Scorecards")."""
    ks: float
    """The least distance that matters: with many people, one that does not would be certain as well."""
    p_value: float
    """What chance may do: two tests of 17 features, 288 checks a day, on samples that hardly change between them."""
    empty_rise: float
    """So much more of the values null, or resting on no event, than in the baseline."""
    deviations: float
    """And so many standard deviations more than chance would make it."""


RAISE = Thresholds(
    fresh_share=0.95,
    least_active=20,
    least_people=50,
    psi=0.25,
    ks=0.15,
    p_value=1e-4,
    empty_rise=0.2,
    deviations=4.0,
)
KEEP = Thresholds(
    fresh_share=0.97,
    least_active=15,
    least_people=40,
    psi=0.2,
    ks=0.12,
    p_value=1e-3,
    empty_rise=0.15,
    deviations=3.0,
)
HOURS_MS = HOUR
"""Arrivals are told apart by the hour: what comes in one go is one arrival's worth of rhythm."""
