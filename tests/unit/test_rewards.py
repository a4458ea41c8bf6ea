"""What reactions are worth."""

import pytest

from oo.domain.facts import Reaction
from oo.rewards import WORTH, reward_of


@pytest.mark.parametrize(
    ("reaction", "reward"),
    [(Reaction.DONE, 1.0), (Reaction.SNOOZE, 0.25), (Reaction.DISMISS, 0.0), (Reaction.NONE, None)],
)
def test_a_reaction_is_worth_what_the_mission_says(reaction: Reaction, reward: float | None) -> None:
    assert reward_of(reaction) == reward


def test_every_reaction_has_a_worth_and_a_reason() -> None:
    assert set(WORTH) == set(Reaction)
    assert all(worth.reason for worth in WORTH.values())
