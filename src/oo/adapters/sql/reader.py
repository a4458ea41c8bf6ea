"""The `Reader` port over SQL: rows in, vocabulary out."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import fields

from oo.adapters.sql import computed, rows
from oo.adapters.sql.bodies import decode, decode_fact, decode_profile
from oo.adapters.sql.bus import BusReader
from oo.adapters.sql.erasure import personal
from oo.adapters.sql.events import READ
from oo.adapters.sql.quality import QualityReader
from oo.adapters.sql.session import Runner
from oo.domain.decision import DecidedFrom, Decision, PolicyScore, ScoredDecision
from oo.domain.facts import (
    CalendarEvent,
    Fact,
    Reaction,
    RewardFact,
    TaskFact,
    TipFeedback,
    TipServed,
)
from oo.domain.person import Person, ZoneSpan
from oo.domain.profile import LoggedFeatures, StoredRow
from oo.domain.state import State
from oo.domain.task import GivenReaction, Task
from oo.domain.task_history import TaskSpan
from oo.domain.tip import Tip
from oo.domain.tombstone import Tombstone, digest_of
from oo.features.fold import Folded
from oo.features.spec import Busy, FeatureDefinition
from oo.ports import EventRows, WaitingFact

_SPAN = tuple(field.name for field in fields(TaskSpan))


class SqlReader(QualityReader, BusReader):
    """Answers from one consistent state; see `oo.ports.Reader`."""

    def __init__(self, runner: Runner) -> None:
        """Read through `runner`, which holds the connection."""
        self._runner = runner

    def person(self, user_id: str) -> Person | None:
        zones = tuple(ZoneSpan(*row) for row in self._runner.rows("zones", user_id=user_id))
        return Person(user_id, zones) if zones else None

    def people(self) -> list[Person]:
        known = (self.person(row[0]) for row in self._runner.rows("people"))
        return [person for person in known if person]

    def task(self, user_id: str, task_id: str) -> Task | None:
        row = self._runner.row("task", user_id=user_id, task_id=task_id)
        return rows.task_of(row) if row else None

    def tasks(self, user_id: str) -> list[Task]:
        return [rows.task_of(row) for row in self._runner.rows("tasks", user_id=user_id)]

    def live_tasks(self, user_id: str, now_ms: int) -> tuple[Task, ...]:
        return tuple(
            rows.task_of(row) for row in self._runner.rows("live_tasks", user_id=user_id, now_ms=now_ms)
        )

    def task_facts(self, user_id: str, task_id: str) -> list[TaskFact]:
        return [fact for fact in self._facts_about(user_id, task_id) if isinstance(fact, TaskFact)]

    def reward_facts(self, user_id: str, decision_id: str) -> list[RewardFact]:
        return [fact for fact in self._facts_about(user_id, decision_id) if isinstance(fact, RewardFact)]

    def calendar_event(self, user_id: str, event_id: str) -> CalendarEvent | None:
        states = (fact for fact in self._facts_about(user_id, event_id) if isinstance(fact, CalendarEvent))
        return max(states, key=lambda state: state.at_ms, default=None)

    def _facts_about(self, user_id: str, subject_id: str) -> list[Fact]:
        found = self._runner.rows("facts_about", user_id=user_id, subject_id=subject_id)
        return [decode_fact(*row) for row in found]

    def task_reactions(self, user_id: str, task_id: str) -> list[TipFeedback]:
        return [
            rows.feedback(row)
            for row in self._runner.rows("reactions_on_task", user_id=user_id, task_id=task_id)
        ]

    def task_history(self, user_id: str, task_id: str) -> tuple[TaskSpan, ...]:
        found = self._runner.rows("task_states", user_id=user_id, task_id=task_id)
        return tuple(TaskSpan(**dict(zip(_SPAN, row, strict=True))) for row in found)

    def busy(self, user_id: str, from_ms: int, until_ms: int) -> tuple[Busy, ...]:
        found = self._runner.rows("busy", user_id=user_id, from_ms=from_ms, until_ms=until_ms)
        return tuple(Busy(start_ms=start, end_ms=end) for start, end in found)

    def reaction_on_task(self, user_id: str, task_id: str) -> GivenReaction | None:
        row = self._runner.row("reaction_on_task", user_id=user_id, task_id=task_id)
        return rows.given(*row) if row else None

    def tip(self, tip_id: str) -> Tip | None:
        row = self._runner.row("tip", tip_id=tip_id)
        return rows.tip_of(row) if row else None

    def open_tip(self, user_id: str, since_ms: int, now_ms: int) -> Tip | None:
        row = self._runner.row("open_tip", user_id=user_id, since_ms=since_ms, now_ms=now_ms)
        tip = rows.tip_of(row) if row else None
        return tip if tip and tip.reaction in {None, Reaction.NONE} else None

    def tip_served(self, tip_id: str) -> TipServed | None:
        row = self._runner.row("tip_served", tip_id=tip_id)
        return rows.served(row) if row else None

    def reactions(self, tip_id: str) -> list[TipFeedback]:
        return [rows.feedback(row) for row in self._runner.rows("reactions", tip_id=tip_id)]

    def signal(self, key: str) -> Fact | None:
        row = self._runner.row("signal", key=key)
        return decode_fact(*row) if row else None

    def waiting(self, awaits: str) -> list[WaitingFact]:
        return [
            WaitingFact(fact=decode_fact(kind, body), awaits=key, arrived_at_ms=arrived)
            for kind, body, key, arrived in self._runner.rows("waiting", awaits=awaits)
        ]

    def waiting_fact(self, key: str) -> Fact | None:
        row = self._runner.row("waiting_fact", key=key)
        return decode_fact(*row) if row else None

    def waiting_of(self, user_id: str) -> list[Fact]:
        return [decode_fact(*row) for row in self._runner.rows("waiting_of", user_id=user_id)]

    def scored_of(self, user_id: str) -> list[ScoredDecision]:
        return [rows.scored_of(row) for row in self._runner.rows("scored_of", user_id=user_id)]

    def people_named(self) -> set[str]:
        return {row[0] for row in self._runner.rows("people_named")}

    def count_rows(self, user_id: str) -> int:
        return sum(self._runner.rows(f"count_{table.name}", user_id=user_id)[0][0] for table in personal())

    def tombstones(self) -> list[Tombstone]:
        return [rows.tombstone_of(row) for row in self._runner.rows("tombstones")]

    def tombstones_of(self, user_id: str) -> list[Tombstone]:
        salts = [row[0] for row in self._runner.rows("tombstone_salts")]
        found = (self._runner.row("tombstone", digest=digest_of(user_id, salt)) for salt in salts)
        return [rows.tombstone_of(row) for row in found if row]

    def facts(self, user_id: str) -> Iterator[Fact]:
        yield from (rows.served(row) for row in self._runner.rows("tips_served", user_id=user_id))
        yield from (rows.feedback(row) for row in self._runner.rows("reactions_of", user_id=user_id))
        yield from (decode_fact(*row) for row in self._runner.rows("signals_of", user_id=user_id))

    def arrivals(self, user_id: str) -> Iterator[tuple[Fact, int]]:
        names = ("arrivals_of_tips", "arrivals_of_reactions", "arrivals_of_signals")
        arrived = (row[0] for name in names for row in self._runner.rows(name, user_id=user_id))
        yield from zip(self.facts(user_id), arrived, strict=True)

    def compute(
        self, definitions: Collection[FeatureDefinition], user_id: str, at_ms: int
    ) -> dict[str, Folded]:
        return computed.for_one(self._runner, definitions, user_id, at_ms)

    def compute_everyone(
        self, definitions: Collection[FeatureDefinition], at_ms: int
    ) -> dict[str, dict[str, Folded]]:
        people = [row[0] for row in self._runner.rows("people")]
        return computed.for_everyone(self._runner, definitions, people, at_ms)

    def compute_points(
        self, definitions: Collection[FeatureDefinition], points: Sequence[tuple[str, int]]
    ) -> list[dict[str, Folded]]:
        return computed.at_points(self._runner, definitions, points)

    def events(self, user_id: str) -> EventRows:
        return {
            table.name: self._runner.rows(f"events_in_{table.name}", user_id=user_id) for table, _ in READ
        }

    def decided_at(self, user_id: str, at_ms: int) -> list[DecidedFrom]:
        return [
            rows.decided_from(row) for row in self._runner.rows("decided_at", user_id=user_id, at_ms=at_ms)
        ]

    def decided(self, decision_id: str) -> DecidedFrom | None:
        row = self._runner.row("decided", decision_id=decision_id)
        return rows.decided_from(row) if row else None

    def profile_rows(self, user_id: str) -> Sequence[StoredRow]:
        found = self._runner.rows("profile_rows", user_id=user_id)
        return [
            (name, number if text is None else text, support, computed_at_ms, fingerprint)
            for name, number, support, computed_at_ms, fingerprint, text in found
        ]

    def definitions(self) -> dict[tuple[str, int], str]:
        return {(name, version): mark for name, version, mark in self._runner.rows("feature_definitions")}

    def feature_log(self, since_ms: int, after: int, most: int) -> list[LoggedFeatures]:
        found = self._runner.rows("feature_log", since_ms=since_ms, after=after, most=most)
        return [
            LoggedFeatures(
                number=number,
                decision_id=decision_id,
                user_id=user_id,
                decided_at_ms=decided_at_ms,
                features=decode_profile(features),
            )
            for number, decision_id, user_id, decided_at_ms, features in found
        ]

    def decision(self, decision_id: str) -> Decision | None:
        row = self._runner.row("decision", decision_id=decision_id)
        return rows.decision_of(row) if row and row[3] is not None else None

    def scores(self, decision_id: str) -> list[PolicyScore]:
        return [rows.score_of(row) for row in self._runner.rows("scores", decision_id=decision_id)]

    def scored(self, decision_id: str) -> ScoredDecision | None:
        row = self._runner.row("scored", decision_id=decision_id)
        return rows.scored_of(row) if row else None

    def teaching_scores(self, decision_id: str) -> list[PolicyScore]:
        return [rows.score_of(row) for row in self._runner.rows("teaching_scores", decision_id=decision_id)]

    def policy_state(self, user_id: str, policy: str) -> State | None:
        row = self._runner.row("policy_state", user_id=user_id, policy=policy)
        if row is None:
            return None
        dimensions, updates, sums = row
        return State.from_bytes(tuple(decode(dimensions)), updates, sums)

    def reward(self, decision_id: str) -> float | None:
        row = self._runner.row("reward", decision_id=decision_id)
        return row[0] if row else None

    def rewarded_scores(self, user_id: str, policy: str) -> Iterator[tuple[PolicyScore, float]]:
        for row in self._runner.rows("rewarded_scores", user_id=user_id, policy=policy):
            yield rows.score_of(row), row[-1]
