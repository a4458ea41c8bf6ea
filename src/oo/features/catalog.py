"""The catalogue: every feature, declared once. Adding a feature is one entry here, with no migration."""

from oo.domain.instant import DAY
from oo.features import candidate, context
from oo.features.context import FromProfile, HoursSince
from oo.features.spec import (
    COMPLETIONS,
    MOODS,
    REACTIONS,
    SESSIONS,
    SYNCS,
    TASKS,
    TIPS,
    Count,
    FeatureDefinition,
    Last,
    Max,
    Mean,
    Mode,
    OfCandidate,
    OfContext,
    Ratio,
    Where,
    Windowed,
)

_HOUR_SEC = 3600
_SERVED = "signals.tip.served"
_FEEDBACK = "signals.tip.feedback"
_SESSION = "signals.app.session"
_OF_TASKS = ("signals.task.upsert", "signals.task.completed", "signals.task.deleted", _FEEDBACK)
_WEEKEND = (5, 6)
SYNCED = ("todoist", "calendar")
"""The sources that are asked for news, and whose silence is worth knowing."""

CATALOG: tuple[FeatureDefinition, ...] = (
    FeatureDefinition(
        name="completion_rate_30d",
        dtype="numeric",
        freshness="batched",
        description="Share of the tips served in the last 30 days that got a done.",
        compute=Windowed(source=TIPS, aggregate=Ratio(Where("reaction", ("done",))), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        fallback=0.0,
        invalidated_by=(_SERVED, _FEEDBACK),
    ),
    FeatureDefinition(
        name="dismiss_rate_30d",
        dtype="numeric",
        freshness="batched",
        description="Share of the tips served in the last 30 days that got a dismiss.",
        compute=Windowed(source=TIPS, aggregate=Ratio(Where("reaction", ("dismiss",))), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        fallback=0.0,
        invalidated_by=(_SERVED, _FEEDBACK),
    ),
    FeatureDefinition(
        name="mean_dwell_ms_30d",
        dtype="numeric",
        freshness="batched",
        description="Mean milliseconds from served to reacted, over the reactions given in the last 30 days.",
        compute=Windowed(source=REACTIONS, aggregate=Mean("dwell_ms"), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        fallback=None,
        neutral=0.0,
        invalidated_by=(_FEEDBACK,),
    ),
    FeatureDefinition(
        name="preferred_hour",
        dtype="numeric",
        freshness="batched",
        description=(
            "Hour of the day, 0-23, on the person's own clock, with the most done reactions in the last 30 days; "
            "the smallest hour on a tie. Its neutral value is that of the alignment with it."
        ),
        compute=Windowed(
            source=REACTIONS,
            where=Where("reaction", ("done",)),
            aggregate=Mode("local_hour"),
            window_ms=30 * DAY,
        ),
        ttl_sec=24 * _HOUR_SEC,
        fallback=None,
        neutral=0.5,
        invalidated_by=(_FEEDBACK,),
    ),
    FeatureDefinition(
        name="tip_volume_30d",
        dtype="numeric",
        freshness="batched",
        description="Tips served in the last 30 days.",
        compute=Windowed(source=TIPS, aggregate=Count(), window_ms=30 * DAY),
        ttl_sec=_HOUR_SEC,
        fallback=0,
        invalidated_by=(_SERVED,),
    ),
    FeatureDefinition(
        name="snooze_rate_30d",
        dtype="numeric",
        freshness="batched",
        description="Share of the tips served in the last 30 days that got a snooze.",
        compute=Windowed(source=TIPS, aggregate=Ratio(Where("reaction", ("snooze",))), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        fallback=0.0,
        invalidated_by=(_SERVED, _FEEDBACK),
    ),
    FeatureDefinition(
        name="preferred_category",
        dtype="categorical",
        freshness="batched",
        description="Category with the most done reactions in the last 30 days; the first by code point on a tie.",
        compute=Windowed(
            source=REACTIONS,
            where=Where("reaction", ("done",)),
            aggregate=Mode("category"),
            window_ms=30 * DAY,
        ),
        ttl_sec=24 * _HOUR_SEC,
        invalidated_by=(_FEEDBACK,),
    ),
    FeatureDefinition(
        name="app_sessions_30d",
        dtype="numeric",
        freshness="batched",
        description="How often the app was used in the last 30 days.",
        compute=Windowed(source=SESSIONS, aggregate=Count(), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        fallback=0,
        invalidated_by=(_SESSION,),
    ),
    FeatureDefinition(
        name="mean_session_ms_30d",
        dtype="numeric",
        freshness="batched",
        description="Mean milliseconds of a use of the app, over those that began in the last 30 days.",
        compute=Windowed(source=SESSIONS, aggregate=Mean("duration_ms"), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        neutral=0.0,
        invalidated_by=(_SESSION,),
    ),
    FeatureDefinition(
        name="most_active_hour",
        dtype="numeric",
        freshness="batched",
        description=(
            "Hour of the day, 0-23, on the person's own clock, in which the most uses of the app began in the last "
            "30 days; the smallest hour on a tie. Its neutral value is that of the alignment with it."
        ),
        compute=Windowed(source=SESSIONS, aggregate=Mode("local_hour"), window_ms=30 * DAY),
        ttl_sec=24 * _HOUR_SEC,
        neutral=0.5,
        invalidated_by=(_SESSION,),
    ),
    FeatureDefinition(
        name="task_completion_rate_30d",
        dtype="numeric",
        freshness="batched",
        description="Share of the tasks that came in the last 30 days that are completed.",
        compute=Windowed(source=TASKS, aggregate=Ratio(Where("state", ("completed",))), window_ms=30 * DAY),
        ttl_sec=6 * _HOUR_SEC,
        fallback=0.0,
        invalidated_by=_OF_TASKS,
    ),
    FeatureDefinition(
        name="most_productive_hour",
        dtype="numeric",
        freshness="batched",
        description=(
            "Hour of the day, 0-23, on the person's own clock, in which the most tasks were completed in the last "
            "30 days; the smallest hour on a tie. Completions that are known by their day alone do not count. Its "
            "neutral value is that of the alignment with it."
        ),
        compute=Windowed(source=COMPLETIONS, aggregate=Mode("local_hour"), window_ms=30 * DAY),
        ttl_sec=24 * _HOUR_SEC,
        neutral=0.5,
        invalidated_by=_OF_TASKS,
    ),
    FeatureDefinition(
        name="most_productive_weekday",
        dtype="numeric",
        freshness="batched",
        description=(
            "Weekday, 0 (Monday) to 6, on the person's own clock, on which the most tasks were completed in the last "
            "30 days; the earliest on a tie."
        ),
        compute=Windowed(source=COMPLETIONS, aggregate=Mode("local_weekday"), window_ms=30 * DAY),
        ttl_sec=24 * _HOUR_SEC,
        neutral=3.0,
        invalidated_by=_OF_TASKS,
    ),
    FeatureDefinition(
        name="weekend_share_30d",
        dtype="numeric",
        freshness="batched",
        description="Share of the tasks completed in the last 30 days that were completed on a Saturday or Sunday.",
        compute=Windowed(
            source=COMPLETIONS, aggregate=Ratio(Where("local_weekday", _WEEKEND)), window_ms=30 * DAY
        ),
        ttl_sec=24 * _HOUR_SEC,
        neutral=2 / 7,
        invalidated_by=_OF_TASKS,
    ),
    FeatureDefinition(
        name="latest_mood_24h",
        dtype="numeric",
        freshness="batched",
        description="Score of the last mood check-in of the last 24 hours, 0 (worst) to 1 (best).",
        compute=Windowed(source=MOODS, aggregate=Last("score"), window_ms=DAY),
        ttl_sec=_HOUR_SEC,
        max_age_sec=24 * _HOUR_SEC,
        neutral=0.5,
        invalidated_by=("signals.mood.checkin",),
    ),
    *(
        FeatureDefinition(
            name=f"last_{source}_sync_ms",
            dtype="numeric",
            freshness="batched",
            description=f"When {source} last delivered within a year, in epoch milliseconds.",
            compute=Windowed(
                source=SYNCS,
                where=Where("source", (source,)),
                aggregate=Max("at_ms"),
                window_ms=365 * DAY,
            ),
            ttl_sec=24 * _HOUR_SEC,
            invalidated_by=("signals.source.synced",),
        )
        for source in SYNCED
    ),
    FeatureDefinition(
        name="hour_of_day",
        dtype="numeric",
        freshness="jit",
        description="Hour on the person's own clock, 0-23.",
        compute=OfContext(context.hour_of_day),
    ),
    FeatureDefinition(
        name="day_of_week",
        dtype="numeric",
        freshness="jit",
        description="Weekday on the person's own clock, 0 (Monday) to 6.",
        compute=OfContext(context.day_of_week),
    ),
    FeatureDefinition(
        name="tasks",
        dtype="json",
        freshness="jit",
        description="The live task list.",
        compute=OfContext(context.tasks, source="tasks"),
    ),
    FeatureDefinition(
        name="calendar_busyness",
        dtype="numeric",
        freshness="jit",
        description="Share of the next 8 hours in which the calendar says busy, 0 to 1; overlaps count once.",
        compute=OfContext(context.calendar_busyness, source="calendar"),
    ),
    FeatureDefinition(
        name="mood_score",
        dtype="numeric",
        freshness="jit",
        description="Score of the last mood check-in of the last 24 hours, 0 (worst) to 1 (best); null without one.",
        compute=OfContext(FromProfile("latest_mood_24h"), source="moods"),
        neutral=0.5,
    ),
    *(
        FeatureDefinition(
            name=f"hours_since_{source}_sync",
            dtype="numeric",
            freshness="jit",
            description=f"Hours since {source} last delivered, fractional; null where it never did within a year.",
            compute=OfContext(HoursSince(f"last_{source}_sync_ms"), source="syncs"),
        )
        for source in SYNCED
    ),
    FeatureDefinition(
        name="is_overdue",
        dtype="boolean",
        freshness="jit",
        description="Whether the due day lies before the person's local today, or the due time before now.",
        compute=OfCandidate(candidate.is_overdue),
    ),
    FeatureDefinition(
        name="task_age_days",
        dtype="numeric",
        freshness="jit",
        description="Days since the task was created, fractional.",
        compute=OfCandidate(candidate.task_age_days),
    ),
    FeatureDefinition(
        name="priority",
        dtype="numeric",
        freshness="jit",
        description="Priority of the task, 1 (lowest) to 4 (highest).",
        compute=OfCandidate(candidate.priority),
    ),
)
