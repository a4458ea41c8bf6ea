"""What the books say must be in a store, may be in it, and must not."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.torture import calls
from tests.torture.books import Books, Entry, good
from tests.torture.calls import Call
from tests.torture.found import Found
from tests.torture.lines import Line, content_of, key_of, message_of, person_of


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
    """By the books: facts by key, served tips, decisions; `strays` counts the recommendations under way by person.

    `gone` are those who are erased: nothing of theirs is expected, neither their facts nor the tips that they were
    served (`their_tips`). `dead` is the poison that was published, subject and body, and whether the bus had it.
    """

    gone: frozenset[str] = frozenset()
    facts: dict[str, Told] = field(default_factory=dict)
    tips: dict[str, str] = field(default_factory=dict)
    strays: Counter[str] = field(default_factory=Counter)
    scored: dict[str, Scored] = field(default_factory=dict)
    their_tips: dict[str, str] = field(default_factory=dict)
    dead: dict[tuple[str, str], bool] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """Add what follows from an entry."""
        body, sure = entry.call.body, entry.answer is not None
        match entry.call.path:
            case "/signals" | calls.BUS:
                self._tell(entry.call, sure=sure)
            case calls.HALF | calls.ERASE:
                pass
            case "/recommend":
                self._serve(entry)
            case "/feedback":
                self._react(body, sure=sure)
            case "/reward":
                self._reward(body["decision_id"], body["reward"], sure=sure)
            case path:
                self._score(path, body, sure=sure)

    def _tell(self, call: Call, *, sure: bool) -> None:
        for _, line in good(call):
            self._add(line, sure=sure)
        for place in call.never if call.path == calls.BUS else ():
            if person_of(call.body[place]) not in self.gone:
                poison = message_of(call.body[place])
                self.dead[poison] = sure or self.dead.get(poison, False)

    def _add(self, line: Line, *, sure: bool) -> None:
        if line["user_id"] in self.gone:
            return
        key = key_of(line)
        sure = sure or (key in self.facts and self.facts[key].sure)
        self.facts[key] = Told(line["type"], content_of(line), sure)

    def _serve(self, entry: Entry) -> None:
        person = entry.call.body["user_id"]
        tip_id = (entry.answer or {}).get("tip_id")
        if person in self.gone:
            self.their_tips |= {tip_id: person} if tip_id else {}
            return
        # However often it was sent: each time but the last it may have served a tip of which nobody was told.
        self.strays[person] += entry.sent - (entry.answer is not None)
        if tip_id:
            self.tips[tip_id] = person

    def _react(self, body: Line, *, sure: bool) -> None:
        if body["tip_id"] not in self.their_tips:
            line = {"type": "tip.feedback", "user_id": self.tips[body["tip_id"]], **body}
            self._add(line, sure=sure)

    def _score(self, path: str, body: Line, *, sure: bool) -> None:
        if body["user_id"] in self.gone:
            return
        decision_id = body["decision_id"]
        known = self.scored.get(decision_id)
        rewards = known.rewards if known else []
        sure = sure or (known is not None and known.sure)
        self.scored[decision_id] = Scored(body["user_id"], path.removeprefix("/score/"), sure, rewards)

    def _reward(self, decision_id: str, worth: float, *, sure: bool) -> None:
        if decision_id not in self.scored:
            return
        rewards = self.scored[decision_id].rewards
        if not rewards or rewards[-1][0] != worth:
            rewards.append((worth, sure))


def expected(books: Books, store: Found) -> Expected:
    """Return what the books add up to. What a store shows decides nothing but what nobody has answered.

    An erasure that was not answered may have happened, which the tombstone says; then it has happened wholly.
    """
    gone = {
        entry.call.body["user_id"]
        for entry in books.of(calls.ERASE)
        if entry.answer is not None or store.is_entombed(entry.call.body["user_id"])
    }
    made = Expected(frozenset(gone))
    for entry in books.entries:
        made.take(entry)
    return made
