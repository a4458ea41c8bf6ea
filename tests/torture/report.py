"""What is said at the end: a table for people, one document for programs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.torture.checks import BROKEN, DOUBLED, LOST
from tests.torture.episode import Outcome
from tests.torture.run import Plan, Tried

_MOST_SHOWN = 5
"""So many violations of an episode are told; the store in its folder has the rest."""


@dataclass(slots=True, kw_only=True)
class Total:
    """What the episodes of a campaign add up to."""

    campaign: str
    episodes: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    points: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    sent_again: int = 0
    violations: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, outcome: Outcome) -> None:
        """Add an episode."""
        self.episodes += 1
        self.kills += outcome.kills
        self.points += outcome.points
        self.acknowledged += outcome.acknowledged
        self.sent_again += outcome.sent_again
        self.violations.update(each.verdict for each in outcome.violations)
        self.seconds += outcome.seconds

    def document(self) -> dict[str, Any]:
        """Return it as JSON."""
        counts = {verdict: self.violations[verdict] for verdict in (LOST, DOUBLED, BROKEN)}
        found = asdict(self) | {"kills": dict(self.kills), "points": dict(self.points)} | counts
        del found["violations"]
        return found


def totals(outcomes: Iterable[Outcome]) -> list[Total]:
    """Return the total of each campaign."""
    made: dict[str, Total] = {}
    for outcome in outcomes:
        made.setdefault(outcome.campaign, Total(campaign=outcome.campaign)).add(outcome)
    return list(made.values())


def replay(seed: int, campaign: str, number: int) -> str:
    """Return the line that runs one episode again."""
    return f'make torture ARGS="--only {campaign} --seed {seed} --episode {number}"'


def good(outcomes: Sequence[Outcome], tries: Sequence[Tried]) -> bool:
    """Whether nothing was violated, and every control was caught."""
    return not any(each.violations for each in outcomes) and all(each.caught for each in tries)


def document(profile: str, plan: Plan, outcomes: Sequence[Outcome], tries: Sequence[Tried]) -> dict[str, Any]:
    """Return everything as one JSON document."""
    seed = plan.seed
    return {
        "ok": good(outcomes, tries),
        "profile": profile,
        "seed": seed,
        "left_out": dict(plan.left_out),
        "campaigns": [each.document() for each in totals(outcomes)],
        "failures": [_failure(seed, each) for each in outcomes if each.violations],
        "controls": [asdict(each) | {"caught": each.caught} for each in tries],
    }


def _failure(seed: int, outcome: Outcome) -> dict[str, Any]:
    return {
        "campaign": outcome.campaign,
        "episode": outcome.number,
        "replay": replay(seed, outcome.campaign, outcome.number),
        "folder": str(outcome.folder),
        "violations": [asdict(each) for each in outcome.violations[:_MOST_SHOWN]],
    }
