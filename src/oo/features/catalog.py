"""The catalogue: every feature, declared once. Adding a feature is one entry here, with no migration."""

from oo.domain.instant import DAY
from oo.features import candidate, context
from oo.features.spec import (
    REACTIONS,
    TIPS,
    Count,
    FeatureDefinition,
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
