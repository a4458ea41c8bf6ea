"""egreedy/v1: epsilon-greedy over a linear model of each person, from candidate and time features; ε 0.1, ridge 1."""

from oo.policies.base import EpsilonGreedy

POLICY = EpsilonGreedy(
    name="egreedy/v1",
    dimensions=(
        "bias",
        "is_overdue",
        "task_age_days",
        "priority",
        "hour_sin",
        "hour_cos",
        "is_weekend",
    ),
)
