"""People in a store: when they were served a tip, and what their profiles hold."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from oo.domain.facts import Fact, MoodCheckin, TipServed
from oo.domain.instant import DAY, HOUR
from oo.domain.profile import Value
from oo.domain.quality import Checked, FeatureQuality, SourceQuality
from oo.usecases.app import App
from tests.support.stores import World

NOW = 1_790_000_000_000
SERVED = NOW - HOUR
"""When people were served their last tip, if a test does not say otherwise."""
TOO_OLD = SERVED - DAY
"""A value of then is past every objective at that tip, but for those of a whole day."""
RATE = "completion_rate_30d"
HOUR_OF_DAY = "preferred_hour"
CATEGORY = "preferred_category"
_PUT = """
    INSERT OR REPLACE INTO user_profile_features
    (user_id, name, value, value_text, updated_at, support, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Crowd:
    """People `u0`, `u1`, … of a store."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.people = 0

    @property
    def app(self) -> App:
        return self.world.app

    def grow(self, people: int, *, served_at_ms: int | None = SERVED) -> None:
        """Let so many people come, who were served a tip at an instant, or never."""
        for number in range(self.people, people):
            self.app.people.add(f"u{number}", "UTC", now_ms=0)
        if served_at_ms is not None:
            self.serve(*range(self.people, people), at_ms=served_at_ms)
        self.people = people
        self.execute("DELETE FROM user_profile_features")

    def serve(self, *people: int, at_ms: int) -> None:
        """Tell of a tip that each of these people was served at an instant."""
        self.tell(
            *(
                TipServed(user_id=f"u{number}", tip_id=f"t{number}.{at_ms}", at_ms=at_ms, candidate_id="c")
                for number in people
            )
        )

    def tell(self, *facts: Fact) -> None:
        for start in range(0, len(facts), 500):
            self.app.ingest(facts[start : start + 500], now_ms=NOW)

    def store(
        self,
        name: str,
        values: Sequence[Value],
        *,
        at_ms: int = NOW,
        support: int = 3,
        fingerprint: str | None = None,
    ) -> None:
        """Write a feature's values of the first people, as if they had been computed at an instant."""
        known = fingerprint or self.app.registry.fingerprints[name]
        rows = [
            (f"u{number}", name, *_columns(value), at_ms, support, known)
            for number, value in enumerate(values)
        ]
        with closing(sqlite3.connect(self.world.path)) as connection, connection:
            connection.executemany(_PUT, rows)

    def execute(self, statement: str, *parameters: Any) -> int:
        """Write into the store by hand, as oO never does; return how many rows that changed."""
        with closing(sqlite3.connect(self.world.path)) as connection, connection:
            return connection.execute(statement, parameters).rowcount

    def rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self.world.path)) as connection:
            return connection.execute(query).fetchall()

    def check(self, now_ms: int = NOW) -> Checked:
        return self.app.quality.run(now_ms=now_ms)

    def feature(self, name: str, now_ms: int = NOW) -> FeatureQuality:
        return next(each for each in self.app.quality.panel(now_ms=now_ms).features if each.name == name)

    def source(self, name: str, now_ms: int = NOW) -> SourceQuality:
        return next(each for each in self.app.quality.panel(now_ms=now_ms).sources if each.name == name)

    def found(self, now_ms: int = NOW) -> list[str]:
        return [finding.kind for finding in self.app.quality.findings(now_ms=now_ms)]


def _columns(value: Value) -> tuple[float | None, str | None]:
    return (None, value) if isinstance(value, str) else (value, None)


def alerts(checked: Checked) -> set[tuple[str, str]]:
    """Kind and subject of each alert that is open."""
    return {(each.condition.kind, each.condition.subject) for each in checked.panel.alerts}


def moods(
    *, last_ms: int, every_ms: int = HOUR, count: int = 40, user_id: str = "u0", name: str = ""
) -> list[Fact]:
    """Check-ins of a person at even gaps, the last one at an instant."""
    return [
        MoodCheckin(
            user_id=user_id, event_id=f"m{name}{number}", at_ms=last_ms - number * every_ms, score=0.5
        )
        for number in range(count)
    ]
