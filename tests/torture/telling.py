"""What programs tell in lines of the event log: in any order, some of it twice, some before what it is about."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeAlias

from tests.torture.lines import to_instant, to_ms

Told: TypeAlias = dict[str, Any]
SHARED = ("p0", "p1", "p2")
"""People for whom every program acts."""
_DAY_MS = 86_400_000
_CLIENTS = 64
"""An instant modulo this is the number of the client that tells of it, so that no two tell of the same."""
_KINDS = ("mood", "session", "task", "closed", "synced", "event", "tip", "late", "reset")
_WEIGHTS = (6, 4, 4, 3, 1, 2, 4, 1, 0.3)


@dataclass(slots=True)
class Teller:
    """Draws lines for one program. `people` are those it acts for, its own last; `now_ms` is when it began.

    `name` is in every id that it gives; one that tells `about` a single person has theirs, and knows no strangers.
    """

    number: int
    chance: Random
    now_ms: int
    people: tuple[str, ...] = ()
    name: str = ""
    _pool: list[Told] = field(default_factory=list)
    _said: list[Told] = field(default_factory=list)
    _recorded: list[Told] = field(default_factory=list)
    _used: set[int] = field(default_factory=set)
    _late: list[str] = field(default_factory=list)
    _made: int = 0

    def __post_init__(self) -> None:
        self.people = self.people or (*SHARED, f"r{self.number}")
        self.name = self.name or str(self.number)

    def about(self, person: str) -> "Teller":
        """Return one that tells of somebody else alone."""
        return Teller(self.number, self.chance, self.now_ms, (person,), person, _used=self._used)

    def beginning(self) -> list[Told]:
        """Say who the people are, and give each something to do."""
        return [
            *map(self.user, self.people),
            *(self._task(person) for person in self.people for _ in range(2)),
        ]

    def batch(self) -> list[Told]:
        """Return some new lines, some that were held back, and some that were told already, in any order."""
        for _ in range(self.chance.randint(1, 20)):
            self._pool += self._drawn()
        self.chance.shuffle(self._pool)
        most = self.chance.randint(1, 24)
        lines, self._pool = self._pool[:most], self._pool[most:]
        again = self.chance.sample(self._said, k=min(len(self._said), self.chance.choice((0, 0, 1, 4))))
        lines += again
        self.chance.shuffle(lines)
        return lines

    def told(self, lines: list[Told], *, recorded: bool) -> None:
        """Remember lines that were answered; `recorded` says whether they must be in the store by then."""
        self._said = [*self._said, *lines][-200:]
        if recorded:
            self._recorded = [*self._recorded, *(line for line in lines if line["user_id"] in self.people)][
                -200:
            ]

    def rest(self) -> list[Told]:
        """Return what was held back; at the end nothing is."""
        self._pool += [self._user(person) for person in self._late]
        self._late.clear()
        lines, self._pool = self._pool[:200], self._pool[200:]
        return lines

    def mood(self) -> Told:
        """Return how somebody feels."""
        return self.mood_of(self._somebody())

    def mood_of(self, person: str) -> Told:
        """Return how a person feels."""
        score = self.chance.randint(0, 8) / 8
        return self._line("mood.checkin", person, event_id=self._id("e"), score=score)

    def user(self, person: str) -> Told:
        """Return who a person is."""
        return {"type": "user", "user_id": person, "tz": "Europe/Berlin"}

    def never(self) -> Told | str:
        """Return a line that can never be recorded: no JSON, no fact, or at odds with what is recorded."""
        mood = self.mood_of(self.chance.choice(self.people))
        kinds: list[Callable[[], Told | str]] = [
            lambda: json.dumps(mood)[:-1],
            lambda: mood | {"type": "mood.checkout"},
            lambda: mood | {"score": "high"},
        ]
        known = self.chance.choice(self._recorded) if self._recorded else mood
        if known["type"] == "mood.checkin" and known is not mood:
            kinds += [lambda: known | {"score": 1 / 16}] * 2
        if known["type"] == "tip.served":
            kinds += [lambda: self._too_early(known)] * 2
        return self.chance.choice(kinds)()

    def _too_early(self, tip: Told) -> Told:
        early_ms = to_ms(tip["at"]) - _CLIENTS * self.chance.randint(1, 900)
        return self._reaction(tip["user_id"], tip["tip_id"], early_ms - _CLIENTS * 900)

    def candidates(self) -> list[Told]:
        """Return things to choose among, with their features."""
        return [
            {
                "id": f"k{place}",
                "is_overdue": self.chance.random() < 0.3,
                "task_age_days": self.chance.randint(0, 400) / 8,
                "priority": self.chance.randint(1, 4),
            }
            for place in range(self.chance.randint(1, 4))
        ]

    def _drawn(self) -> list[Told]:
        kind = self.chance.choices(_KINDS, weights=_WEIGHTS)[0]
        if kind == "late" and self.name in self.people:
            kind = "mood"
        match kind:
            case "tip":
                return self._tip()
            case "late":
                return self._stranger()
            case _:
                return [self._one(kind)]

    def _one(self, kind: str) -> Told:
        one: dict[str, Callable[[], Told]] = {
            "mood": self.mood,
            "session": lambda: self._event("app.session", duration_ms=self.chance.randint(0, 3_600_000)),
            "task": lambda: self._task(self._somebody()),
            "closed": self._closed,
            "synced": lambda: self._line("source.synced", source="todoist"),
            "event": self._calendar,
            "reset": lambda: self._line("policy.reset"),
        }
        return one[kind]()

    def _somebody(self) -> str:
        return self.chance.choice((*self.people, *self._late))

    def _line(self, kind: str, user_id: str | None = None, **fields: Any) -> Told:
        person = user_id or self._somebody()
        return {"type": kind, "user_id": person, "at": to_instant(self._instant()), **fields}

    def _event(self, kind: str, **fields: Any) -> Told:
        return self._line(kind, event_id=self._id("e"), **fields)

    def _task(self, person: str) -> Told:
        return self._line(
            "task.upsert", person, task_id=self._id("k"), title="Do it", priority=self.chance.randint(1, 4)
        )

    def _closed(self) -> Told:
        """Close a task that was told of, or that will be, or never."""
        known = [line for line in (*self._said, *self._pool) if line["type"] == "task.upsert"]
        kind = self.chance.choice(("task.completed", "task.deleted"))
        if not known or self.chance.random() < 0.1:
            return self._line(kind, task_id=self._id("k"))
        task = self.chance.choice(known)
        return self._line(kind, task["user_id"], task_id=task["task_id"])

    def _calendar(self) -> Told:
        start_ms = self.now_ms + self.chance.randint(0, _DAY_MS)
        times = {"start": to_instant(start_ms), "end": to_instant(start_ms + 1_800_000)}
        return self._line("calendar.event", event_id=f"m{self.chance.randint(0, 5)}", busy=True, **times)

    def _tip(self) -> list[Told]:
        """Return a tip that was served elsewhere, with or without what it was chosen from, and its reactions."""
        person, tip_id, at_ms = self._somebody(), self._id("t"), self._instant()
        tip: Told = {"type": "tip.served", "user_id": person, "tip_id": tip_id, "at": to_instant(at_ms)}
        tip["candidate_id"] = "k0"
        if self.chance.random() < 0.7:
            tip |= {"candidates": self.candidates(), "context": {"hour_of_day": 9, "day_of_week": 2}}
        given = [self._reaction(person, tip_id, at_ms) for _ in range(self.chance.choice((0, 1, 1, 2)))]
        return [tip, *given]

    def _reaction(self, person: str, tip_id: str, at_ms: int) -> Told:
        later_ms = at_ms + _CLIENTS * self.chance.randint(1, 900)
        reaction = self.chance.choice(("done", "dismiss", "snooze", "none"))
        return {
            "type": "tip.feedback",
            "user_id": person,
            "tip_id": tip_id,
            "at": to_instant(later_ms),
            "reaction": reaction,
        }

    def _stranger(self) -> list[Told]:
        """Begin to tell of somebody who has not come yet, or let one of them come."""
        if self._late and self.chance.random() < 0.5:
            return [self._user(self._late.pop())]
        self._late.append(self._id("q"))
        return [self.mood()]

    def _user(self, person: str) -> Told:
        return {"type": "user", "user_id": person, "tz": "America/New_York"}

    def _id(self, letter: str) -> str:
        self._made += 1
        return f"{letter}{self.name}.{self._made}"

    def _instant(self) -> int:
        """Return an instant of the last twenty days that nothing else happened at."""
        while True:
            at_ms = self.now_ms - self.chance.randint(60_000, 20 * _DAY_MS)
            at_ms -= at_ms % _CLIENTS - self.number
            if at_ms not in self._used:
                self._used.add(at_ms)
                return at_ms
