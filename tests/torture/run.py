"""Run campaigns and controls, two episodes at a time."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from tests.torture.campaigns import CAMPAIGNS, PROFILES
from tests.torture.controls import CONTROLS
from tests.torture.episode import HARNESS, Episode, Outcome
from tests.torture.warm import share_statements
from tests.torture.writer import forkserver

AT_ONCE = 2


@dataclass(slots=True, kw_only=True)
class Tried:
    """What came of a control: by which checks its fault was found, none if it was not, and after how many kills.

    `by` is the check that has to find it, None where any may.
    """

    name: str
    removed: str
    by: str | None = None
    caught_by: list[str] = field(default_factory=list)
    kills: int = 0
    seconds: float = 0.0

    @property
    def caught(self) -> bool:
        """Whether it was found."""
        return bool(self.caught_by) if self.by is None else self.by in self.caught_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be run: pairs of a campaign and the number of an episode, and controls, all from one seed."""

    seed: int
    episodes: Sequence[tuple[str, int]]
    controls: Sequence[str]
    left_out: Mapping[str, str]
    """Campaigns for which this machine lacks something, and what."""


def planned(profile: str, seed: int, only: str | None, episode: int | None) -> Plan:
    """Return what a profile asks for, all of it or one campaign or control, or one episode."""
    left_out = {name: missed for name, each in CAMPAIGNS.items() if (missed := each.misses()) is not None}
    episodes = [
        (name, number)
        for name, each in CAMPAIGNS.items()
        if only in {None, name} and name not in left_out
        for number in (range(each.episodes_in(profile)) if episode is None else [episode])
    ]
    controls = [
        name
        for name, each in CONTROLS.items()
        if each.campaign not in left_out
        if only == name or (only in {None, "controls"} and (each.quick or profile != PROFILES[0]))
    ]
    return Plan(seed=seed, episodes=episodes, controls=controls, left_out=left_out)


def run(plan: Plan, progress: Callable[[str], None]) -> tuple[list[Outcome], list[Tried]]:
    """Run a plan; `progress` is told of each part that is done."""
    with ProcessPoolExecutor(AT_ONCE, mp_context=forkserver(), initializer=_begin) as pool:
        tries = [pool.submit(try_control, name, plan.seed) for name in plan.controls]
        outcomes = [pool.submit(run_episode, name, plan.seed, number) for name, number in plan.episodes]
        every: list[Future[Any]] = [*tries, *outcomes]
        for done in as_completed(every):
            progress(_said(done.result()))
    return [each.result() for each in outcomes], [each.result() for each in tries]


def run_episode(campaign: str, seed: int, number: int) -> Outcome:
    """Run one episode of a campaign."""
    return Episode(campaign=CAMPAIGNS[campaign].campaign, seed=seed, number=number)()


def try_control(name: str, seed: int) -> Tried:
    """Remove a defence, and run episodes until its fault is found, or all that the control allows."""
    control, began = CONTROLS[name], time.monotonic()
    tried = Tried(name=name, removed=control.removed, by=control.by)
    campaign = CAMPAIGNS[control.campaign].campaign
    for number in range(control.episodes):
        outcome = Episode(campaign=campaign, seed=seed, number=number, without=name, blind=control.blind)()
        tried.kills += outcome.kills.total()
        # Where the harness itself gave up, nothing was found.
        tried.caught_by = sorted({each.check for each in outcome.violations} - {HARNESS})
        if tried.caught:
            break
    tried.seconds = time.monotonic() - began
    return tried


def _begin() -> None:
    """Log nothing, for what a store that was killed gives rise to is told in the end; and open stores quickly."""
    share_statements()
    logging.getLogger("oo").addHandler(logging.NullHandler())


def _said(result: Outcome | Tried) -> str:
    if isinstance(result, Tried):
        return f"without {result.name}: {'caught' if result.caught else 'NOT CAUGHT'}"
    return f"{result.campaign} {result.number}: {len(result.violations) or 'no'} violations"
