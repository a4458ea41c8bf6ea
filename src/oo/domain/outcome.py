"""What became of a fact that came in."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What can become of a fact.

    `accepted`: recorded, with its effects. `duplicate`: recorded before. `waiting`: kept until the fact it needs has
    come. `refused`: not recorded, for the reason given.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    WAITING = "waiting"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The fate of the fact named by `key`; `message` says why it was refused, or what it waits for.

    `dead`: it was refused for the last time, as an event of the bus, and is not tried again.
    """

    key: str
    fate: Fate
    message: str = ""
    dead: bool = False
