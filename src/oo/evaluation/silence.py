"""When a source has gone silent: by its own rhythm, learned from the hours in which it was heard."""

from collections.abc import Sequence

import numpy as np

from oo.domain.quality import SourceQuality
from oo.evaluation.thresholds import (
    GAPS,
    HOURS_MS,
    LEAST_ARRIVALS,
    LEAST_SILENCE_MS,
    LEAST_SPAN_MS,
    USUAL_SHARE,
)


def listened(
    name: str, *, last_at_ms: int, arrivals: int, hours: Sequence[int], now_ms: int
) -> SourceQuality:
    """Return how a source stands.

    `arrivals` counts the different instants at which it was heard in the 30 days up to its last; `hours` are the hours
    since 1970 in which that was, in order. Heard in the future, by a clock that was set back, it is not silent.
    """
    gap = _usual_gap_ms(hours)
    known = gap is not None and arrivals >= LEAST_ARRIVALS
    return SourceQuality(
        name=name,
        arrivals=arrivals,
        last_at_ms=last_at_ms,
        usual_gap_ms=gap,
        silent_after_ms=max(LEAST_SILENCE_MS, GAPS * gap) if known and gap is not None else None,
        silent_ms=max(0, now_ms - last_at_ms),
    )


def _usual_gap_ms(hours: Sequence[int]) -> int | None:
    """Return the gap between two hours that most do not exceed; None where it was heard for less than a day."""
    if not hours or (hours[-1] - hours[0]) * HOURS_MS < LEAST_SPAN_MS:
        return None
    return int(np.quantile(np.diff(np.array(hours)), USUAL_SHARE, method="higher")) * HOURS_MS
