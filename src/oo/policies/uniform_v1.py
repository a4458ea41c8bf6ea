"""uniform/v1: every candidate alike, 1/K each; the yardstick for the others.

It is the epsilon-greedy that always explores. Over no dimensions it learns nothing, and only counts its updates.
"""

from oo.policies.base import EpsilonGreedy

POLICY = EpsilonGreedy(name="uniform/v1", dimensions=(), epsilon=1.0)
