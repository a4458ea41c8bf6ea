"""The mood check-in: five words, from low to great."""

from collections.abc import Mapping

from oo.domain.errors import InvalidFact
from oo.domain.facts import MoodCheckin
from oo.domain.ids import digest

MOODS: Mapping[str, float] = {"low": 0.0, "meh": 0.25, "okay": 0.5, "good": 0.75, "great": 1.0}
"""Each word, and the score that it stands for."""


def checkin(mood: str, token: str, user_id: str, now_ms: int) -> MoodCheckin:
    """Return the fact of a check-in; raise `InvalidFact` for a word that was not offered.

    `token` is the form's own: pressing the same word of the same form twice is one event.
    """
    if mood not in MOODS:
        raise InvalidFact("That is not one of the five.", "Choose one of the words.")
    event_id = f"page:{digest(f'{token}/{mood}')}"
    return MoodCheckin(user_id=user_id, at_ms=now_ms, event_id=event_id, score=MOODS[mood])
