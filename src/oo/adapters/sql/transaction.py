"""The `Transaction` port over SQL: vocabulary in, rows out."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict

from oo.adapters.sql.bodies import (
    amount_of,
    encode,
    encode_fact,
    encode_profile,
    pack,
    subject_of,
    task_state_row,
)
from oo.adapters.sql.bus import BusTransaction
from oo.adapters.sql.erasure import personal
from oo.adapters.sql.quality import QualityTransaction
from oo.adapters.sql.reader import SqlReader
from oo.adapters.sql.session import Runner
from oo.domain.decision import PolicyScore, ScoredDecision
from oo.domain.facts import CalendarEvent, Fact, TipFeedback, TipServed, force
from oo.domain.instant import FOREVER
from oo.domain.person import Person, ZoneSpan
from oo.domain.profile import Profile, StoredValue
from oo.domain.state import State
from oo.domain.task import Task
from oo.domain.task_history import TaskSpan
from oo.domain.tip import Tip
from oo.domain.tombstone import Tombstone
from oo.ports import WaitingFact


class SqlTransaction(SqlReader, QualityTransaction, BusTransaction):
    """Changes that are committed together or not at all; see `oo.ports.Transaction`."""

    def __init__(self, runner: Runner) -> None:
        """Write through `runner`, which holds the connection."""
        super().__init__(runner)
        self._run = runner.rows

    def savepoint(self) -> AbstractContextManager[None]:
        return self._runner.session.savepoint()

    def try_out(self) -> None:
        self._runner.session.check_writable()
        name = f"?{uuid.uuid4().hex}"  # nobody else's, though several try at once
        self.add_definition(name, 0, "", 0)
        self._run("drop_definition", name=name)

    def hold(self, name: str) -> None:
        self._runner.session.hold(name)

    def add_zone(self, user_id: str, span: ZoneSpan, now_ms: int) -> None:
        self._run("add_users", user_id=user_id, arrived_at_ms=now_ms)
        self._run("put_user_zones", user_id=user_id, from_ms=span.from_ms, tz=span.tz)

    def relocalise(self, person: Person) -> None:
        for table in ("tip_views", "tip_feedback", "signals"):
            for key, at_ms in self._run(f"local_{table}", user_id=person.user_id):
                wall = person.local_time(at_ms)
                self._run(f"localise_{table}", id=key, hour=wall.hour, weekday=wall.weekday)

    def add_signal(self, fact: Fact, person: Person, now_ms: int) -> None:
        wall = person.local_time(fact.at_ms)
        self._run(
            "add_signals",
            user_id=fact.user_id,
            key=fact.key,
            type=fact.type,
            subject_id=subject_of(fact),
            at_ms=fact.at_ms,
            arrived_at_ms=now_ms,
            local_hour=wall.hour,
            local_weekday=wall.weekday,
            body=encode_fact(fact),
            amount=amount_of(fact),
        )

    def drop_task(self, user_id: str, task_id: str) -> None:
        self._run("drop_task", user_id=user_id, task_id=task_id)

    def put_task_history(self, user_id: str, task_id: str, spans: Sequence[TaskSpan]) -> None:
        if tuple(spans) == self.task_history(user_id, task_id):
            return
        self._run("drop_task_states", user_id=user_id, task_id=task_id)
        for span in spans:
            self._run("add_task_states", **task_state_row(user_id, task_id, span))

    def put_calendar_entry(self, fact: CalendarEvent) -> None:
        known = self._runner.row("calendar_entry_at", user_id=fact.user_id, event_id=fact.event_id)
        if known is not None and known[0] > fact.at_ms:
            return
        self._run(
            "put_calendar_entries",
            user_id=fact.user_id,
            event_id=fact.event_id,
            at_ms=fact.at_ms,
            start_ms=fact.start_ms,
            end_ms=fact.end_ms,
            busy=int(fact.busy),
        )

    def put_task(self, task: Task, live_from_ms: int) -> None:
        content, answer = task.content, task.reaction
        self._run(
            "put_tasks",
            user_id=content.user_id,
            task_id=content.task_id,
            title=content.title,
            due=content.due,
            created=content.created,
            start=content.start,
            priority=content.priority,
            category=content.category,
            source=content.source,
            at_ms=content.at_ms,
            created_ms=task.created_ms,
            changed_at_ms=task.changed_at_ms,
            completed_at_ms=task.completed_at_ms,
            deleted_at_ms=task.deleted_at_ms,
            reaction=answer.reaction if answer else None,
            reacted_at_ms=answer.at_ms if answer else None,
            snooze_until_ms=answer.snooze_until_ms if answer else None,
            live_from_ms=live_from_ms,
        )

    def add_tip(self, fact: TipServed, person: Person, now_ms: int) -> None:
        wall = person.local_time(fact.at_ms)
        self._run(
            "add_tip_views",
            tip_id=fact.tip_id,
            user_id=fact.user_id,
            served_at_ms=fact.at_ms,
            shown_at_ms=fact.shown_at_ms,
            arrived_at_ms=now_ms,
            local_hour=wall.hour,
            local_weekday=wall.weekday,
            candidate_id=fact.candidate_id,
            category=fact.category,
            text=fact.text,
            policy=fact.policy,
            propensity=fact.propensity,
            prompt_version=fact.prompt_version,
        )
        self._add_decision(fact)

    def _add_decision(self, fact: TipServed) -> None:
        logged = {
            "candidates": fact.candidates,
            "probabilities": fact.probabilities,
            "context": fact.context,
            "profile_features": fact.profile_features,
        }
        if any(part is not None for part in logged.values()):
            encoded = {name: None if part is None else encode(part) for name, part in logged.items()}
            self._run(
                "add_decisions",
                decision_id=fact.tip_id,
                user_id=fact.user_id,
                at_ms=fact.at_ms,
                policy=None,
                scores=None,
                chosen=None,
                **encoded,
            )

    def add_scored(self, scored: ScoredDecision) -> None:
        decision = scored.decision
        self._run(
            "add_decisions",
            decision_id=decision.decision_id,
            user_id=decision.user_id,
            at_ms=decision.at_ms,
            candidates=encode(decision.candidates),
            probabilities=encode(scored.probabilities),
            context=encode(decision.context),
            profile_features=encode(decision.profile_features),
            policy=scored.policy,
            scores=encode(scored.scores),
            chosen=scored.chosen,
        )

    def mark_shown(self, tip_id: str, at_ms: int) -> None:
        self._run("mark_shown", of_tip=tip_id, shown=at_ms)

    def add_reaction(
        self, fact: TipFeedback, tip: Tip, given: Sequence[TipFeedback], person: Person, now_ms: int
    ) -> None:
        wall = person.local_time(fact.at_ms)
        self._run(
            "add_tip_feedback",
            tip_id=fact.tip_id,
            user_id=fact.user_id,
            at_ms=fact.at_ms,
            until_ms=FOREVER,
            reaction=fact.reaction,
            rank=fact.reaction.rank,
            snooze_until_ms=fact.snooze_until_ms or 0,
            dwell_ms=fact.at_ms - tip.served_at_ms,
            local_hour=wall.hour,
            local_weekday=wall.weekday,
            arrived_at_ms=now_ms,
        )
        if given:
            self._hold([*given, fact])

    def _hold(self, reactions: Sequence[TipFeedback]) -> None:
        """Let each reaction of a tip hold until the next one in the order of their force."""
        ordered = sorted(reactions, key=force)
        ends = [fact.at_ms for fact in ordered[1:]] + [FOREVER]
        for fact, until in zip(ordered, ends, strict=True):
            self._run(
                "hold_until",
                of_tip=fact.tip_id,
                of_at=fact.at_ms,
                of_rank=fact.reaction.rank,
                of_snooze=fact.snooze_until_ms or 0,
                until=until,
            )

    def add_score(self, score: PolicyScore, user_id: str) -> None:
        self._run(
            "add_tip_scores",
            decision_id=score.decision_id,
            policy=score.policy,
            user_id=user_id,
            role=score.role,
            dimensions=encode(score.dimensions),
            probabilities=pack(score.probabilities),
            row=pack(score.row),
            chosen=score.chosen,
        )

    def put_policy_state(self, user_id: str, policy: str, state: State, now_ms: int) -> None:
        self._run(
            "put_policy_state",
            user_id=user_id,
            policy=policy,
            dimensions=encode(state.dimensions),
            sums=state.to_bytes(),
            updates=state.updates,
            updated_at_ms=now_ms,
        )

    def add_reward(
        self, decision_id: str, user_id: str, reward: float | None, at_ms: int, now_ms: int
    ) -> None:
        self._run(
            "add_rewards",
            decision_id=decision_id,
            user_id=user_id,
            reward=reward,
            at_ms=at_ms,
            arrived_at_ms=now_ms,
        )

    def put_profile_rows(self, user_id: str, rows: Iterable[StoredValue]) -> None:
        self._runner.run_many("put_user_profile_features", (_profile_row(user_id, row) for row in rows))

    def drop_profile_rows(self, user_id: str, names: Sequence[str]) -> None:
        for name in names:
            self._run("drop_profile_row", user_id=user_id, name=name)

    def add_definition(self, name: str, version: int, fingerprint: str, now_ms: int) -> None:
        self._run(
            "add_feature_definitions", name=name, version=version, fingerprint=fingerprint, since_ms=now_ms
        )

    def log_features(self, decision_id: str, profile: Profile, decided_at_ms: int) -> None:
        self._run(
            "add_feature_log",
            decision_id=decision_id,
            user_id=profile.user_id,
            decided_at_ms=decided_at_ms,
            features=encode_profile(profile),
        )

    def forget_feature_log(self, until_ms: int) -> None:
        self._run("forget_feature_log", until_ms=until_ms)

    def emit(self, subject: str, fact: Fact, now_ms: int) -> None:
        self._run(
            "add_outbox",
            subject=subject,
            key=fact.key,
            user_id=fact.user_id,
            created_at_ms=now_ms,
            published_at_ms=None,
        )

    def put_tombstone(self, tombstone: Tombstone) -> None:
        self._run("put_tombstones", **asdict(tombstone))

    def erase(self, user_id: str) -> None:
        self._run("erase_awaiting", user_id=user_id)
        for table in personal():
            self._run(f"erase_{table.name}", user_id=user_id)

    def wait(self, waiting: WaitingFact) -> None:
        fact = waiting.fact
        self._run(
            "add_waiting",
            key=fact.key,
            awaits=waiting.awaits,
            user_id=fact.user_id,
            type=fact.type,
            body=encode_fact(fact),
            arrived_at_ms=waiting.arrived_at_ms,
            refusal=None,
        )

    def stop_waiting(self, key: str, refusal: str | None) -> None:
        if refusal is None:
            self._run("stop_waiting", key=key)
        else:
            self._run("refuse_waiting", of_key=key, reason=refusal)


def _profile_row(user_id: str, row: StoredValue) -> Mapping[str, object]:
    is_text = isinstance(row.value, str)
    return {
        "user_id": user_id,
        "name": row.name,
        "value": None if is_text else row.value,
        "value_text": row.value if is_text else None,
        "updated_at": row.computed_at_ms,
        "support": row.support,
        "fingerprint": row.fingerprint,
    }
