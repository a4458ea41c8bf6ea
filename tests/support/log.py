"""Event logs of many people, and what their profiles must be, worked out from the mission's words alone.

Nothing of oO is imported here: lines are plain JSON, times are `datetime`, and the computation is as naive as it reads.
"""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

Line: TypeAlias = dict[str, Any]

MS = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS = 86_400_000
WINDOW_MS = 30 * DAY_MS
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00:00", "2026-10-25T01:00:00"),
    "America/New_York": ("2026-03-08T07:00:00", "2026-11-01T06:00:00"),
    "Australia/Lord_Howe": ("2026-04-04T15:00:00", "2026-10-03T15:30:00"),
    "America/St_Johns": ("2026-03-08T05:30:00", "2026-11-01T04:30:00"),
    "Pacific/Auckland": ("2026-04-04T14:00:00", "2026-09-26T14:00:00"),
}
"""When clocks change in 2026, in UTC."""
STRENGTH = ("none", "snooze", "dismiss", "done")
"""Which reaction is in force among several at the same time: the last of these."""


def iso(at_ms: int) -> str:
    return (EPOCH + at_ms * MS).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // MS


@dataclass(kw_only=True)
class Log:
    """Lines as they stand in the file, and how many of them must meet which fate."""

    lines: list[str] = field(default_factory=list)
    accepted: int = 0
    duplicate: int = 0
    refused: int = 0


def written(*, people: int, tips: int, seed: int, disorder: float) -> Log:
    """Write the log of so many people with so many tips each, a share of `disorder` of the lines out of order."""
    chance = random.Random(seed)
    good: list[Line] = []
    bad: list[Line] = []
    for number in range(people):
        life = list(_life(chance, f"user-{number:04}", tips))
        good += [line for line, fits in life if fits]
        bad += [line for line, fits in life if not fits]
    texts = {json.dumps(line, sort_keys=True): line.get("at", "") for line in good}
    repeated = chance.sample(sorted(texts), len(texts) // 50)
    refused = [json.dumps(line) for line in bad]
    placed = [(at, text) for text, at in texts.items()]
    placed += [(texts[text], text) for text in repeated] + [(line["at"], json.dumps(line)) for line in bad]
    placed.sort()
    return Log(
        lines=_disordered(chance, [text for _, text in placed], disorder),
        accepted=len(texts),
        duplicate=len(repeated),
        refused=len(refused),
    )


def _disordered(chance: random.Random, lines: list[str], share: float) -> list[str]:
    places = [place for place in range(len(lines)) if chance.random() < share]
    moved = [lines[place] for place in places]
    chance.shuffle(moved)
    result = list(lines)
    for place, line in zip(places, moved, strict=True):
        result[place] = line
    return result


def _life(chance: random.Random, user_id: str, tips: int) -> Iterator[tuple[Line, bool]]:
    """Yield the lines of a person's 70 days around a change of clocks, and whether each is to be accepted."""
    tz = chance.choice(sorted(CHANGES))
    start = epoch_ms(f"{chance.choice(CHANGES[tz])}+00:00") - chance.randrange(20, 50) * DAY_MS
    yield _person(chance, user_id, tz, start), True
    for _ in range(chance.choice((0, 0, 1, 2))):
        moved = start + chance.randrange(70 * DAY_MS)
        yield (
            {"type": "user", "user_id": user_id, "tz": chance.choice(sorted(CHANGES)), "at": iso(moved)},
            True,
        )
        for number in range(tips // 9):
            tip = {"user_id": user_id, "tip_id": f"{user_id}.moved-{moved}.{number}"}
            yield {"type": "tip.served", **tip, "at": iso(moved), "candidate_id": "c0"}, True
            yield _answer(chance, tip, moved, "done"), True
    habit = chance.randrange(24)
    for number in range(tips):
        day = start + chance.randrange(70) * DAY_MS
        hour = habit if chance.random() < 0.3 else chance.randrange(24)
        at_ms = day + hour * 3_600_000 + chance.choice((0, 0, chance.randrange(3_600_000)))
        tip = {"user_id": user_id, "tip_id": f"{user_id}.{number}"}
        served = {"type": "tip.served", **tip, "at": iso(at_ms), "candidate_id": f"c{number % 9}"}
        yield {**served, "category": chance.choice(("work", "home", None))}, True
        yield from _answers(chance, tip, at_ms)


def _person(chance: random.Random, user_id: str, tz: str, start_ms: int) -> Line:
    """Make the first record: from the beginning, or from after the first tips on."""
    line = {"type": "user", "user_id": user_id, "tz": tz}
    return line if chance.random() < 0.7 else {**line, "at": iso(start_ms + 5 * DAY_MS)}


def _answers(chance: random.Random, tip: Line, served_ms: int) -> Iterator[tuple[Line, bool]]:
    if chance.random() < 0.25:
        return
    at_ms = served_ms + chance.choice((0, 1, 60_000, chance.randrange(900_000), chance.randrange(3 * DAY_MS)))
    yield _answer(chance, tip, at_ms, chance.choice(("done", "done", "dismiss", "snooze"))), True
    if chance.random() < 0.3:
        later = at_ms + chance.choice((0, 1, 5_000, chance.randrange(DAY_MS), WINDOW_MS))
        yield _answer(chance, tip, later, chance.choice(STRENGTH)), True
    if chance.random() < 0.01:
        yield _answer(chance, tip, served_ms - 1 - chance.randrange(DAY_MS), "done"), False


def _answer(chance: random.Random, tip: Line, at_ms: int, reaction: str) -> Line:
    line = {"type": "tip.feedback", **tip, "at": iso(at_ms), "reaction": reaction}
    if reaction == "snooze" and chance.random() < 0.5:
        line["snooze_until"] = iso(at_ms + 3_600_000)
    return line


@dataclass(frozen=True)
class Truth:
    """What a log says of each person, read without oO."""

    zones: dict[str, list[tuple[int, str]]]
    served: dict[str, dict[str, int]]
    given: dict[str, dict[str, list[tuple[int, str]]]]

    def people(self) -> list[str]:
        return sorted(self.zones)

    def moments(self, user_id: str) -> list[int]:
        """Return every instant at which something happens to a person."""
        reactions = (at for each in self.given[user_id].values() for at, _ in each)
        return sorted({*self.served[user_id].values(), *reactions})

    def profile(self, user_id: str, at_ms: int) -> dict[str, float | int | None]:
        """Return the five features of the first release as of an instant."""
        in_force = {tip: self._in_force(user_id, tip, at_ms) for tip in self.served[user_id]}
        recent = [tip for tip, at in self.served[user_id].items() if at_ms - WINDOW_MS < at <= at_ms]
        words = [answer[1] for tip in recent if (answer := in_force[tip]) is not None]
        dwells, hours = [], Counter[int]()
        for tip, answer in in_force.items():
            if answer is not None and answer[1] != "none" and answer[0] > at_ms - WINDOW_MS:
                dwells.append(answer[0] - self.served[user_id][tip])
                if answer[1] == "done":
                    hours[self._hour(user_id, answer[0])] += 1
        most = max(hours.values(), default=0)
        return {
            "completion_rate_30d": words.count("done") / len(recent) if recent else 0.0,
            "dismiss_rate_30d": words.count("dismiss") / len(recent) if recent else 0.0,
            "mean_dwell_ms_30d": sum(dwells) / len(dwells) if dwells else None,
            "preferred_hour": min((hour for hour, times in hours.items() if times == most), default=None),
            "tip_volume_30d": len(recent),
        }

    def _in_force(self, user_id: str, tip: str, at_ms: int) -> tuple[int, str] | None:
        given = [answer for answer in self.given[user_id].get(tip, ()) if answer[0] <= at_ms]
        return max(given, key=lambda answer: (answer[0], STRENGTH.index(answer[1])), default=None)

    def _hour(self, user_id: str, at_ms: int) -> int:
        zones = self.zones[user_id]
        earlier = [tz for since, tz in zones if since <= at_ms]
        return (EPOCH + at_ms * MS).astimezone(ZoneInfo(earlier[-1] if earlier else zones[0][1])).hour


def truth(lines: list[str]) -> Truth:
    """Read a log's lines, whatever their order."""
    zones: dict[str, set[tuple[int, str]]] = defaultdict(set)
    served: dict[str, dict[str, int]] = defaultdict(dict)
    given: dict[str, dict[str, list[tuple[int, str]]]] = defaultdict(lambda: defaultdict(list))
    parsed = [json.loads(line) for line in lines]
    for line in parsed:
        match line["type"]:
            case "user":
                zones[line["user_id"]].add((_at(line["at"]) if "at" in line else 0, line["tz"]))
            case "tip.served":
                served[line["user_id"]][line["tip_id"]] = _at(line["at"])
    for line in parsed:
        if line["type"] == "tip.feedback" and _at(line["at"]) >= served[line["user_id"]][line["tip_id"]]:
            given[line["user_id"]][line["tip_id"]].append((_at(line["at"]), line["reaction"]))
    return Truth({user_id: sorted(found) for user_id, found in zones.items()}, served, given)


@cache
def _at(text: str) -> int:
    return epoch_ms(text)


def questions(known: Truth, count: int, seed: int) -> list[tuple[str, int]]:
    """Choose people and instants to ask about: at what happens, a window later, and a millisecond beside either."""
    chance = random.Random(seed)
    asked = []
    for _ in range(count):
        user_id = chance.choice(known.people())
        at_ms = chance.choice(known.moments(user_id))
        asked.append((user_id, at_ms + chance.choice((0, 0, -1, 1, WINDOW_MS, WINDOW_MS - 1, DAY_MS))))
    return asked
