"""Every statement that the store runs, but for those that follow from feature definitions."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Dialect,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from oo.adapters.sql.bus_statements import BUS
from oo.adapters.sql.bus_tables import dead_events
from oo.adapters.sql.erasure import erasure, tombstones
from oo.adapters.sql.events import READ, SIGNALS
from oo.adapters.sql.prepared import Prepared, inserted, prepare
from oo.adapters.sql.quality_tables import quality_alerts, quality_baselines
from oo.adapters.sql.tables import (
    calendar_entries,
    decisions,
    feature_definitions,
    feature_log,
    outbox,
    policy_state,
    rewards,
    signals,
    task_states,
    tasks,
    tip_feedback,
    tip_scores,
    tip_views,
    user_profile_features,
    user_zones,
    users,
    waiting,
)
from oo.domain.instant import FOREVER

f, v, s, t, h = tip_feedback.c, tip_views.c, signals.c, tasks.c, task_states.c


def _where(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return column == bindparam(column.key)


def _tips(on: ColumnElement[bool]) -> Select[Any]:
    """Return tips with the one of their reactions that `on` picks."""
    return select(
        v.tip_id,
        v.user_id,
        v.served_at_ms,
        v.candidate_id,
        v.category,
        v.text,
        v.policy,
        v.propensity,
        v.prompt_version,
        v.shown_at_ms,
        f.reaction,
    ).select_from(tip_views.outerjoin(tip_feedback, and_(f.tip_id == v.tip_id, on)))


_FEEDBACK = select(f.user_id, f.at_ms, f.tip_id, f.reaction, f.snooze_until_ms)
_SERVED = select(
    v.user_id,
    v.served_at_ms.label("at_ms"),
    v.tip_id,
    v.candidate_id,
    v.category,
    v.text,
    v.policy,
    v.propensity,
    decisions.c.probabilities,
    decisions.c.candidates,
    decisions.c.context,
    decisions.c.profile_features,
    v.prompt_version,
    v.shown_at_ms,
).select_from(tip_views.outerjoin(decisions, decisions.c.decision_id == v.tip_id))
_SCORE = select(
    tip_scores.c.decision_id,
    tip_scores.c.policy,
    tip_scores.c.role,
    tip_scores.c.dimensions,
    tip_scores.c.probabilities,
    tip_scores.c.row,
    tip_scores.c.chosen,
)
_DECIDED = select(
    decisions.c.decision_id, decisions.c.user_id, decisions.c.context, decisions.c.profile_features
).where(decisions.c.profile_features.is_not(None))
_DECISION = (
    decisions.c.decision_id,
    decisions.c.user_id,
    decisions.c.at_ms,
    decisions.c.candidates,
    decisions.c.context,
    decisions.c.profile_features,
)
_SCORED = select(
    *_DECISION,
    decisions.c.policy,
    decisions.c.scores,
    decisions.c.probabilities,
    decisions.c.chosen,
).where(decisions.c.policy.is_not(None))
"""Decisions that programs asked for."""
_LAST_RESET = (
    select(func.coalesce(func.max(s.at_ms), -1))
    .where(s.user_id == tip_scores.c.user_id, s.type == "policy.reset")
    .scalar_subquery()
)
_TEACHES = and_(decisions.c.decision_id == tip_scores.c.decision_id, decisions.c.at_ms > _LAST_RESET)
"""A decision from before the person's last reset teaches nothing any more."""
_LAST_REWARD = (
    select(func.max(rewards.c.seq).label("seq"))
    .where(_where(rewards.c.user_id))
    .group_by(rewards.c.decision_id)
).subquery()

READS: dict[str, ClauseElement] = {
    "zones": select(user_zones.c.from_ms, user_zones.c.tz)
    .where(_where(user_zones.c.user_id))
    .order_by(user_zones.c.from_ms),
    "people": select(users.c.user_id).order_by(users.c.user_id),
    **{
        f"events_in_{table.name}": select(*columns).where(
            _where(table.c.user_id),
            *([or_(*(s.type == kind for kind in SIGNALS))] if table is signals else []),
        )
        for table, columns in READ
    },
    "task": select(tasks).where(_where(t.user_id), _where(t.task_id)),
    "tasks": select(tasks).where(_where(t.user_id)).order_by(t.task_id),
    "live_tasks": select(tasks)
    .where(_where(t.user_id), t.live_from_ms <= bindparam("now_ms"), t.live_from_ms < FOREVER)
    .order_by(t.task_id),
    "facts_about": select(s.type, s.body)
    .where(_where(s.user_id), _where(s.subject_id))
    .order_by(s.at_ms, s.seq),
    "reaction_on_task": select(f.reaction, f.at_ms, f.snooze_until_ms)
    .select_from(tip_views.join(tip_feedback, and_(f.tip_id == v.tip_id, f.until_ms == FOREVER)))
    .where(_where(v.user_id), v.candidate_id == bindparam("task_id"), f.reaction != "none")
    .order_by(f.at_ms.desc(), f.rank.desc(), f.snooze_until_ms.desc())
    .limit(1),
    "reactions_on_task": _FEEDBACK.select_from(tip_feedback.join(tip_views, v.tip_id == f.tip_id))
    .where(_where(v.user_id), v.candidate_id == bindparam("task_id"))
    .order_by(f.at_ms, f.rank, f.snooze_until_ms),
    "task_states": select(
        h.from_ms,
        h.until_ms,
        h.came_ms,
        h.state,
        h.category,
        h.priority,
        h.closed_ms,
        h.local_hour,
        h.local_weekday,
    )
    .where(_where(h.user_id), _where(h.task_id))
    .order_by(h.from_ms),
    "busy": select(calendar_entries.c.start_ms, calendar_entries.c.end_ms).where(
        _where(calendar_entries.c.user_id),
        calendar_entries.c.end_ms > bindparam("from_ms"),
        calendar_entries.c.start_ms < bindparam("until_ms"),
        calendar_entries.c.busy == 1,
    ),
    "calendar_entry_at": select(calendar_entries.c.at_ms).where(
        _where(calendar_entries.c.user_id), _where(calendar_entries.c.event_id)
    ),
    "feature_log": select(
        feature_log.c.seq,
        feature_log.c.decision_id,
        feature_log.c.user_id,
        feature_log.c.decided_at_ms,
        feature_log.c.features,
    )
    .where(feature_log.c.decided_at_ms >= bindparam("since_ms"), feature_log.c.seq > bindparam("after"))
    .order_by(feature_log.c.seq)
    .limit(bindparam("most")),
    "drop_definition": delete(feature_definitions).where(feature_definitions.c.name == bindparam("name")),
    "feature_definitions": select(
        feature_definitions.c.name, feature_definitions.c.version, feature_definitions.c.fingerprint
    ),
    "tip": _tips(f.until_ms == FOREVER).where(_where(v.tip_id)),
    "open_tip": _tips(and_(f.at_ms <= bindparam("now_ms"), f.until_ms > bindparam("now_ms")))
    .where(_where(v.user_id), v.served_at_ms > bindparam("since_ms"), v.served_at_ms <= bindparam("now_ms"))
    .order_by(v.served_at_ms.desc(), v.tip_id.desc())
    .limit(1),
    "tip_served": _SERVED.where(_where(v.tip_id)),
    "tips_served": _SERVED.where(_where(v.user_id)).order_by(v.served_at_ms, v.tip_id),
    "reactions": _FEEDBACK.where(_where(f.tip_id)).order_by(f.at_ms, f.rank, f.snooze_until_ms),
    "reactions_of": _FEEDBACK.where(_where(f.user_id)).order_by(f.at_ms, f.seq),
    "signal": select(s.type, s.body).where(_where(s.key)),
    "signals_of": select(s.type, s.body).where(_where(s.user_id)).order_by(s.at_ms, s.seq),
    # In the orders of `tips_served`, `reactions_of` and `signals_of`.
    "arrivals_of_tips": select(v.arrived_at_ms).where(_where(v.user_id)).order_by(v.served_at_ms, v.tip_id),
    "arrivals_of_reactions": select(f.arrived_at_ms).where(_where(f.user_id)).order_by(f.at_ms, f.seq),
    "arrivals_of_signals": select(s.arrived_at_ms).where(_where(s.user_id)).order_by(s.at_ms, s.seq),
    "waiting": select(waiting.c.type, waiting.c.body, waiting.c.awaits, waiting.c.arrived_at_ms)
    .where(_where(waiting.c.awaits), waiting.c.refusal.is_(None))
    .order_by(waiting.c.seq),
    "waiting_fact": select(waiting.c.type, waiting.c.body).where(_where(waiting.c.key)),
    "profile_rows": select(
        user_profile_features.c.name,
        user_profile_features.c.value,
        user_profile_features.c.support,
        user_profile_features.c.updated_at,
        user_profile_features.c.fingerprint,
        user_profile_features.c.value_text,
    ).where(_where(user_profile_features.c.user_id)),
    "decision": select(*_DECISION).where(_where(decisions.c.decision_id)),
    "decided_at": _DECIDED.where(_where(decisions.c.user_id), _where(decisions.c.at_ms)).order_by(
        decisions.c.decision_id
    ),
    "decided": _DECIDED.where(_where(decisions.c.decision_id)),
    "scores": _SCORE.where(_where(tip_scores.c.decision_id)).order_by(tip_scores.c.policy),
    "scored": _SCORED.where(_where(decisions.c.decision_id)),
    "scored_of": _SCORED.where(_where(decisions.c.user_id)).order_by(
        decisions.c.at_ms, decisions.c.decision_id
    ),
    "teaching_scores": _SCORE.select_from(tip_scores.join(decisions, _TEACHES))
    .where(_where(tip_scores.c.decision_id))
    .order_by(tip_scores.c.policy),
    "policy_state": select(policy_state.c.dimensions, policy_state.c.updates, policy_state.c.sums).where(
        _where(policy_state.c.user_id), _where(policy_state.c.policy)
    ),
    "reward": select(rewards.c.reward)
    .where(_where(rewards.c.decision_id))
    .order_by(rewards.c.seq.desc())
    .limit(1),
    "rewarded_scores": _SCORE.add_columns(rewards.c.reward)
    .select_from(
        tip_scores.join(decisions, _TEACHES)
        .join(rewards, rewards.c.decision_id == tip_scores.c.decision_id)
        .join(_LAST_REWARD, _LAST_REWARD.c.seq == rewards.c.seq)
    )
    .where(_where(tip_scores.c.user_id), _where(tip_scores.c.policy), rewards.c.reward.is_not(None))
    .order_by(tip_scores.c.decision_id),
    "local_tip_views": select(v.tip_id.label("id"), v.served_at_ms.label("at_ms")).where(_where(v.user_id)),
    "local_tip_feedback": select(f.seq.label("id"), f.at_ms).where(_where(f.user_id)),
    "local_signals": select(s.seq.label("id"), s.at_ms).where(_where(s.user_id)),
}


def _localised(table: Table, key: ColumnElement[Any]) -> ClauseElement:
    return (
        update(table)
        .where(key == bindparam("id"))
        .values(local_hour=bindparam("hour"), local_weekday=bindparam("weekday"))
    )


CHANGES: dict[str, ClauseElement] = {
    "localise_tip_views": _localised(tip_views, v.tip_id),
    "localise_tip_feedback": _localised(tip_feedback, f.seq),
    "localise_signals": _localised(signals, s.seq),
    "hold_until": update(tip_feedback)
    .where(
        f.tip_id == bindparam("of_tip"),
        f.at_ms == bindparam("of_at"),
        f.rank == bindparam("of_rank"),
        f.snooze_until_ms == bindparam("of_snooze"),
    )
    .values(until_ms=bindparam("until")),
    "mark_shown": update(tip_views)
    .where(v.tip_id == bindparam("of_tip"), or_(v.shown_at_ms.is_(None), v.shown_at_ms > bindparam("shown")))
    .values(shown_at_ms=bindparam("shown")),
    "drop_profile_row": delete(user_profile_features).where(
        _where(user_profile_features.c.user_id), _where(user_profile_features.c.name)
    ),
    "drop_task": delete(tasks).where(_where(t.user_id), _where(t.task_id)),
    "drop_task_states": delete(task_states).where(_where(h.user_id), _where(h.task_id)),
    "forget_feature_log": delete(feature_log).where(feature_log.c.decided_at_ms < bindparam("until_ms")),
    "stop_waiting": delete(waiting).where(_where(waiting.c.key)),
    "refuse_waiting": update(waiting)
    .where(waiting.c.key == bindparam("of_key"))
    .values(refusal=bindparam("reason")),
    **erasure(),
}
_APPENDED = (
    *(signals, decisions, tip_views, tip_feedback, tip_scores, rewards, outbox, waiting),
    *(task_states, feature_definitions, feature_log, quality_alerts),
)
_REPLACED = (
    *(user_zones, tasks, user_profile_features, policy_state, calendar_entries),
    quality_baselines,
    tombstones,
)


def statements(dialect: Dialect, insert: Callable[[Table], Any]) -> dict[str, Prepared]:
    """Compile every statement for a dialect; `insert` is that dialect's own, which knows ON CONFLICT."""
    named: dict[str, ClauseElement] = {**READS, **CHANGES, **BUS}
    named |= {f"add_{table.name}": inserted(insert(table), table) for table in _APPENDED}
    named |= {f"put_{table.name}": _replacing(insert, table) for table in _REPLACED}
    added: Any = inserted(insert(users), users)
    named["add_users"] = added.on_conflict_do_nothing()
    buried: Any = inserted(insert(dead_events), dead_events)
    named["put_dead_events"] = buried.on_conflict_do_update(
        index_elements=["digest"],
        set_={name: buried.excluded[name] for name in ("reason", "tries", "died_at_ms")},
    )
    return {name: prepare(statement, dialect) for name, statement in named.items()}


def _replacing(insert: Callable[[Table], Any], table: Table) -> Any:
    added: Any = inserted(insert(table), table)
    keys = [column.name for column in table.primary_key]
    others = {column.name: added.excluded[column.name] for column in table.c if column.name not in keys}
    return added.on_conflict_do_update(index_elements=keys, set_=others)
