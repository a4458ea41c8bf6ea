"""The campaigns, and how many episodes of each a profile asks for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.torture.disk import unwatchable
from tests.torture.episode import Campaign
from tests.torture.power import Powered
from tests.torture.scaled import Scaled
from tests.torture.service import Served
from tests.torture.writer import MOST_CLIENTS, Writer

PROFILES = ("smoke", "ci", "moonshot")


@dataclass(frozen=True, slots=True)
class Planned:
    """A campaign, and its episodes in each of `PROFILES`."""

    campaign: Campaign
    episodes: Sequence[int]
    misses: Callable[[], str | None] = lambda: None
    """Returns what this machine lacks for it, None where it lacks nothing."""

    def episodes_in(self, profile: str) -> int:
        """Return how many episodes a profile asks for."""
        return self.episodes[PROFILES.index(profile)]


_PLANNED = (
    Planned(
        Campaign(name="writer", make=Writer, kills=10, clients=MOST_CLIENTS, most_calls=60, has_exact=True),
        (2, 100, 1_000),
    ),
    Planned(
        Campaign(name="power", make=Powered, kills=6, clients=MOST_CLIENTS, most_calls=60),
        (1, 50, 500),
        misses=unwatchable,
    ),
    Planned(Campaign(name="service", make=Served, kills=8, clients=4, most_calls=400), (1, 32, 320)),
    Planned(
        Campaign(
            name="scaled", make=Scaled, kills=10, clients=4, talkers=1, most_calls=1_000_000, lives_on=True
        ),
        (1, 30, 300),
    ),
)
CAMPAIGNS: Mapping[str, Planned] = {each.campaign.name: each for each in _PLANNED}
"""By name: a campaign is one entry, and a victim."""
