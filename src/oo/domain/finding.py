"""A finding: something that a check says is wrong, and what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`kind` names the sort of trouble in one word, `what` says what was found, `hint` what to do."""

    kind: str
    what: str
    hint: str
