"""What is done for people, a step at a time: to tell of them, to ask for tips and react, to ask for decisions."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from tests.torture.calls import BUS, Call
from tests.torture.lines import to_instant
from tests.torture.telling import Teller, Told

Script: TypeAlias = Generator[Call, Any, None]
"""Yields calls and is sent their answers; it knows nothing of kills."""
POLICIES = ("egreedy/v1", "egreedy/v2", "linucb/v1")
"""Those that follow every decision, the active one first."""
REACTIONS = ("done", "dismiss", "snooze", "none")
_SHARE_OVER_THE_BUS = 0.3
_SHARE_WITH_POISON = 0.2


def nobody() -> str | None:
    """Draw nobody."""
    return None


@dataclass(slots=True)
class Acting:
    """Acts for the people of a teller. `made` are the calls that may be made again, each with its answer.

    `over_the_bus` is whether there is one, and `talks` whether everything is told over it. `beside` draws people whom
    others act for, and of whom a line is told now and then.
    """

    teller: Teller
    chance: Random
    clock: Callable[[], int]
    over_the_bus: bool
    talks: bool
    beside: Callable[[], str | None] = nobody
    made: list[tuple[Call, Any]] = field(default_factory=list)
    _decided: int = 0

    def tell(self) -> Script:
        """Tell of what happened, and now and then something that can never be recorded."""
        over_the_bus = self.over_the_bus and (self.talks or self.chance.random() < _SHARE_OVER_THE_BUS)
        lines: list[Told | str] = [*self.teller.batch()]
        if (other := self.beside()) is not None:
            lines.append(self.teller.mood_of(other))
        poison = [self.teller.never()] if self.chance.random() < _SHARE_WITH_POISON else []
        lines += poison
        self.chance.shuffle(lines)
        never = frozenset(place for place, line in enumerate(lines) if any(line is each for each in poison))
        call = Call(BUS if over_the_bus else "/signals", lines, never=never)
        self.made.append((call, (yield call)))
        good = [line for line in lines if isinstance(line, dict) and not any(line is each for each in poison)]
        self.teller.told(good, recorded=not over_the_bus)

    def ask(self) -> Script:
        """Ask for a tip and react to it, not at all or several times."""
        person = self.chance.choice(self.teller.people)
        tip = yield Call("/recommend", {"user_id": person, "fresh": True})
        last, at_ms = "none", 0
        for _ in range(self.chance.choice((0, 1, 1, 2, 3)) if tip.get("tip_id") else 0):
            last = self.chance.choice([each for each in REACTIONS if each != last])
            at_ms = max(self.clock(), at_ms + 1)
            body = {"tip_id": tip["tip_id"], "reaction": last, "at": to_instant(at_ms)}
            if last == "snooze" and self.chance.random() < 0.5:
                body["snooze_until"] = to_instant(at_ms + 3_600_000)
            call = Call("/feedback", body)
            yield call
            self.made.append((call, None))

    def score(self) -> Script:
        """Ask for a decision, and reward it, not at all or with corrections."""
        self._decided += 1
        decision_id = f"d{self.teller.name}.{self._decided}"
        body = {
            "user_id": self.chance.choice(self.teller.people),
            "candidates": self.teller.candidates(),
            "decision_id": decision_id,
        }
        call = Call(f"/score/{self.chance.choice(POLICIES)}", body)
        self.made.append((call, (yield call)))
        for worth in self.chance.sample(range(9), k=self.chance.choice((0, 1, 1, 2))):
            reward = Call("/reward", {"decision_id": decision_id, "reward": worth / 8})
            yield reward
            self.made[:] = [each for each in self.made if not _same_decision(each[0], reward)]
            self.made.append((reward, None))


def _same_decision(call: Call, reward: Call) -> bool:
    return call.path == "/reward" and call.body["decision_id"] == reward.body["decision_id"]
