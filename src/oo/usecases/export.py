"""Give a person everything that was recorded about them, as a zip of event-log lines.

The same records give the same bytes, whenever and wherever they are exported: an export that is imported into an empty
store is exported identically from there.
"""

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

from oo.domain.decision import ScoredDecision
from oo.domain.facts import Fact, RewardFact, TipFeedback, UserFact
from oo.domain.instant import format_instant
from oo.ports import Reader, Store
from oo.sources.event_log import to_line
from oo.usecases import find

EVENTS, DECISIONS, README = "events.jsonl", "decisions.jsonl", "README.txt"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the first that a zip can hold."""
_UNIX, _OWNER_ONLY = 3, 0o100600 << 16
_WHAT_IT_IS = """\
Everything that oO has recorded about {user_id}.

events.jsonl     what happened: one event a line, as JSON. Zones, tips with what they were chosen from, reactions,
                 rewards, sessions, tasks, calendar, moods, syncs and resets; also what still waits for another event,
                 and what was refused when that came.
                 To bring it into another oO:  oo import events.jsonl
decisions.jsonl  choices that a program asked for, where there are any. These are not imported.

Times are UTC. Profile values and what policies have learned follow from these files, and are not repeated here.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Exports one person."""

    store: Store

    def __call__(self, user_id: str) -> bytes:
        """Return the zip; it takes memory for one person's lines. Raises `UnknownUser`."""

        def ask(reader: Reader) -> tuple[list[str], list[str]]:
            find.person(reader, user_id)
            facts = [*reader.facts(user_id), *reader.waiting_of(user_id)]
            return (
                [to_line(fact) for fact in sorted(facts, key=_place)],
                [_decision_line(scored) for scored in reader.scored_of(user_id)],
            )

        events, decisions = self.store.read(ask)
        return _zipped(user_id, events, decisions)


def _place(fact: Fact) -> tuple[int, int, str]:
    """Return the sort key of a line: whoever it is about first, then answers, then what they answer.

    An answer that comes before its tip waits for it, and one that is refused then is kept with the reason, as it was
    kept where it comes from.
    """
    match fact:
        case UserFact():
            rank = 0
        case TipFeedback() | RewardFact():
            rank = 1
        case _:
            rank = 2
    return rank, fact.at_ms, fact.key


def _decision_line(scored: ScoredDecision) -> str:
    decision = scored.decision
    document = {
        "decision_id": decision.decision_id,
        "user_id": decision.user_id,
        "at": format_instant(decision.at_ms),
        "policy": scored.policy,
        "candidates": decision.candidates,
        "context": decision.context,
        "profile_features": decision.profile_features,
        "scores": scored.scores,
        "probabilities": scored.probabilities,
        "chosen": decision.candidates[scored.chosen]["id"],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _zipped(user_id: str, events: Iterable[str], decisions: Iterable[str]) -> bytes:
    entries = {
        README: _WHAT_IT_IS.format(user_id=user_id),
        EVENTS: "".join(f"{line}\n" for line in events),
        DECISIONS: "".join(f"{line}\n" for line in decisions),
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as zipped:
        for name, text in entries.items():
            if text:
                zipped.writestr(_entry(name), text.encode("utf-8", "surrogatepass"), compresslevel=9)
    return made.getvalue()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry that says nothing of the moment or the machine."""
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system, entry.external_attr = _UNIX, _OWNER_ONLY
    return entry
