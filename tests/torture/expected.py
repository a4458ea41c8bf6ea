"""What the books say must be in a store, may be in it, and must not."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.torture import calls
from tests.torture.books import Books, Entry
from tests.torture.lines import Line, content_of, key_of


@dataclass(frozen=True, slots=True)
class Told:
    """A fact that was told: its type and content, and whether it was acknowledged; if not it may be there or not."""

    type: str
    content: Mapping[str, Any]
    sure: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """A decision that was asked for, and its rewards in their order, each with whether it was acknowledged."""

    user_id: str
    policy: str
    sure: bool
    rewards: list[tuple[float, bool]] = field(default_factory=list)


@dataclass(slots=True)
class Expected:
    """By the books: facts by key, served tips, decisions; `strays` counts the recommendations under way by person."""

    facts: dict[str, Told] = field(default_factory=dict)
    tips: dict[str, str] = field(default_factory=dict)
    strays: Counter[str] = field(default_factory=Counter)
    scored: dict[str, Scored] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def take(self, entry: Entry) -> None:
        """Add what follows from an entry."""
        body, sure = entry.call.body, entry.answer is not None
        match entry.call.path:
            case "/signals" | calls.BUS:
                self._tell(body, sure=sure)
            case "/half":
                self.refused.add(key_of(body))
            case "/recommend":
                self._serve(entry)
            case "/feedback":
                self._react(body, sure=sure)
            case "/reward":
                self._reward(body["decision_id"], body["reward"], sure=sure)
            case path:
                self._score(path, body, sure=sure)

    def _tell(self, lines: Iterable[Line], *, sure: bool) -> None:
        for line in lines:
            self._add(line, sure=sure)

    def _add(self, line: Line, *, sure: bool) -> None:
        key = key_of(line)
        sure = sure or (key in self.facts and self.facts[key].sure)
        self.facts[key] = Told(line["type"], content_of(line), sure)

    def _serve(self, entry: Entry) -> None:
        person = entry.call.body["user_id"]
        # However often it was sent: each time but the last it may have served a tip of which nobody was told.
        self.strays[person] += entry.sent - (entry.answer is not None)
        if entry.answer and entry.answer.get("tip_id"):
            self.tips[entry.answer["tip_id"]] = person

    def _react(self, body: Line, *, sure: bool) -> None:
        line = {"type": "tip.feedback", "user_id": self.tips[body["tip_id"]], **body}
        self._add(line, sure=sure)

    def _score(self, path: str, body: Line, *, sure: bool) -> None:
        decision_id = body["decision_id"]
        known = self.scored.get(decision_id)
        rewards = known.rewards if known else []
        sure = sure or (known is not None and known.sure)
        self.scored[decision_id] = Scored(body["user_id"], path.removeprefix("/score/"), sure, rewards)

    def _reward(self, decision_id: str, worth: float, *, sure: bool) -> None:
        rewards = self.scored[decision_id].rewards
        if not rewards or rewards[-1][0] != worth:
            rewards.append((worth, sure))


def expected(books: Books) -> Expected:
    """Return what the books add up to."""
    made = Expected()
    for entry in books.entries:
        made.take(entry)
    return made
