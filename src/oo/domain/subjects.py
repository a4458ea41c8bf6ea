"""Subjects: the names under which facts are published, `signals.>` for facts about people, `feedback.>` for rewards."""

from oo.domain.facts import FACTS

_ELSEWHERE = {"reward": "feedback.reward"}

SUBJECT_OF: dict[str, str] = {kind: _ELSEWHERE.get(kind, f"signals.{kind}") for kind in FACTS}
"""The subject of each type of fact: `tip.served` is published as `signals.tip.served`."""

SUBJECTS = frozenset(SUBJECT_OF.values())
"""Every subject that a feature may name in `invalidated_by`."""
