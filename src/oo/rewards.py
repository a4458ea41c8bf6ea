"""What a reaction is worth: the one table from reactions to rewards, each with its reason."""

from typing import NamedTuple

from oo.domain.facts import Reaction


class Worth(NamedTuple):
    """The reward of a reaction, 0 to 1, or None where nothing is to be learned; and why."""

    reward: float | None
    reason: str


WORTH: dict[Reaction, Worth] = {
    Reaction.DONE: Worth(1.0, "The tip led to what it asked for; nothing better can follow a tip."),
    Reaction.SNOOZE: Worth(
        0.25, "The right task at the wrong time: more than a refusal, far from a success."
    ),
    Reaction.DISMISS: Worth(0.0, "The person looked at it and said no."),
    Reaction.NONE: Worth(None, "It takes an answer back, and silence may only mean that nobody looked."),
}
"""Every reaction. A tip without any is not in the table: silence teaches nothing."""


def reward_of(reaction: Reaction) -> float | None:
    """Return the reward to learn from `reaction`, or None where it teaches nothing.

    >>> reward_of(Reaction.DONE), reward_of(Reaction.SNOOZE), reward_of(Reaction.DISMISS), reward_of(Reaction.NONE)
    (1.0, 0.25, 0.0, None)
    """
    return WORTH[reaction].reward
