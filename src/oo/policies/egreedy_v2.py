"""egreedy/v2: egreedy/v1, and what the person's profile says; ε 0.1, ridge 1.

Time and profile are the same for all candidates of a decision: added, they change what is learned of the others, and
never by themselves who comes first.
"""

from oo.policies.base import EpsilonGreedy

POLICY = EpsilonGreedy(
    name="egreedy/v2",
    dimensions=(
        "bias",
        "is_overdue",
        "task_age_days",
        "priority",
        "hour_sin",
        "hour_cos",
        "is_weekend",
        "completion_rate_30d",
        "dismiss_rate_30d",
        "mean_dwell_ms_30d",
        "preferred_hour_alignment",
        "tip_volume_30d",
    ),
)
