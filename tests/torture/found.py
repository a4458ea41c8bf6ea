"""What a store holds, read by plain SQL of this harness's own, which SQLite and PostgreSQL both take."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import psycopg

Query: TypeAlias = Callable[[str], Sequence[Sequence[Any]]]
"""Runs one SELECT and returns its rows."""
Floats: TypeAlias = npt.NDArray[np.float64]


class Row(NamedTuple):
    """A fact as it is stored."""

    key: str
    type: str
    content: dict[str, Any]


class Score(NamedTuple):
    """What a policy learns from a decision: float64[d], over named dimensions."""

    user_id: str
    dimensions: tuple[str, ...]
    row: Floats


class Learned(NamedTuple):
    """What a policy has learned of a person: the sums as they are stored."""

    dimensions: tuple[str, ...]
    sums: Floats
    updates: int


@dataclass(slots=True)
class Found:
    """Every row that a check looks at, in the order of recording."""

    facts: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    decisions: dict[str, tuple[str, int]] = field(default_factory=dict)
    scores: dict[tuple[str, str], Score] = field(default_factory=dict)
    in_force: dict[str, float | None] = field(default_factory=dict)
    states: dict[tuple[str, str], Learned] = field(default_factory=dict)
    outbox: Counter[tuple[str, str]] = field(default_factory=Counter)
    refused: list[tuple[str, str, int]] = field(default_factory=list)
    """Subject and body of each event of the bus that was refused, and how often."""
    tombstones: list[tuple[str, str]] = field(default_factory=list)
    """Digest and salt of each."""
    tables: dict[str, list[Sequence[Any]]] = field(default_factory=dict)
    """Every row of every table."""

    def is_entombed(self, person: str) -> bool:
        """Whether there is a tombstone of a person: 128 bits of BLAKE2b of the id, keyed with the salt."""
        return any(
            hashlib.blake2b(person.encode(), digest_size=16, key=bytes.fromhex(salt)).hexdigest() == digest
            for digest, salt in self.tombstones
        )

    def of(self, kind: str) -> list[Row]:
        """Return the facts of a type."""
        return [fact for fact in self.facts if fact.type == kind]

    def resets(self) -> dict[str, int]:
        """Return when each person's policies last forgot."""
        last: dict[str, int] = defaultdict(lambda: -1)
        for fact in self.of("policy.reset"):
            person = fact.content["user_id"]
            last[person] = max(last[person], fact.content["at_ms"])
        return last


def found(query: Query) -> Found:
    """Read a store."""
    made = Found(facts=[*_signals(query), *_tips(query), *_reactions(query)])
    for key, kind, body, refusal in query("SELECT key, type, body, refusal FROM waiting ORDER BY seq"):
        made.waiting.append(Row(key, kind, json.loads(body)))
        made.refusals += [] if refusal is None else [f"{key}: {refusal}"]
    for decision_id, person, at_ms in query("SELECT decision_id, user_id, at_ms FROM decisions"):
        made.decisions[decision_id] = (person, at_ms)
    made.in_force = dict(query("SELECT decision_id, reward FROM rewards ORDER BY seq"))  # type: ignore[arg-type]
    made.outbox.update((subject, key) for subject, key in query("SELECT subject, key FROM outbox"))
    for subject, body, tries in query("SELECT subject, body, tries FROM dead_events ORDER BY seq"):
        made.refused.append((subject, bytes(body).decode(), tries))
    made.tombstones += [(digest, salt) for digest, salt in query("SELECT digest, salt FROM tombstones")]
    made.tables = {table: list(query(f'SELECT * FROM "{table}"')) for table in _tables(query)}  # noqa: S608
    _read_learning(query, made)
    return made


def _tables(query: Query) -> list[str]:
    """Return the name of every table, as either database tells it."""
    try:
        rows = query("SELECT name FROM sqlite_master WHERE type = 'table'")
    except psycopg.Error:
        rows = query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    return [row[0] for row in rows]


def _signals(query: Query) -> list[Row]:
    rows = query("SELECT key, type, body FROM signals ORDER BY seq")
    return [Row(key, kind, json.loads(body)) for key, kind, body in rows]


def _tips(query: Query) -> list[Row]:
    names = ("tip_id", "user_id", "at_ms", "candidate_id")
    rows = query("SELECT tip_id, user_id, served_at_ms, candidate_id FROM tip_views ORDER BY arrived_at_ms")
    return [Row(f"tip:{row[0]}", "tip.served", dict(zip(names, row, strict=True))) for row in rows]


def _reactions(query: Query) -> list[Row]:
    names = ("user_id", "tip_id", "at_ms", "reaction", "snooze_until_ms")
    rows = query("SELECT user_id, tip_id, at_ms, reaction, snooze_until_ms FROM tip_feedback ORDER BY seq")
    made = []
    for row in rows:
        content = dict(zip(names, row, strict=True))
        content["snooze_until_ms"] = content["snooze_until_ms"] or None
        until = content["snooze_until_ms"] or ""
        key = f"feedback:{content['user_id']}/{content['tip_id']}/{content['at_ms']}/{content['reaction']}/{until}"
        made.append(Row(key, "tip.feedback", content))
    return made


def _read_learning(query: Query, made: Found) -> None:
    for decision_id, policy, person, dimensions, row in query(
        'SELECT decision_id, policy, user_id, dimensions, "row" FROM tip_scores'
    ):
        made.scores[decision_id, policy] = Score(person, tuple(json.loads(dimensions)), _floats(row))
    for person, policy, dimensions, sums, updates in query(
        "SELECT user_id, policy, dimensions, sums, updates FROM policy_state"
    ):
        made.states[person, policy] = Learned(tuple(json.loads(dimensions)), _floats(sums), updates)


def _floats(blob: bytes) -> Floats:
    return np.frombuffer(bytes(blob), dtype="<f8").astype(np.float64)
