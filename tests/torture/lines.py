"""The lines of the event log as this harness reads them: by rules of its own, so that it rests on no code it tries."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

Line: TypeAlias = Mapping[str, Any]
_NAMES = re.compile('"user_id": "([^"]+)"')
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS = ("at", "start", "end", "snooze_until", "shown_at")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "user": ("user", "user_id", "at"),
    "tip.served": ("tip", "tip_id"),
    "tip.feedback": ("feedback", "user_id", "tip_id", "at", "reaction"),
    "reward": ("reward", "user_id", "decision_id", "policy", "at"),
    "app.session": ("session", "user_id", "event_id"),
    "mood.checkin": ("mood", "user_id", "event_id"),
    "task.upsert": ("task.upsert", "user_id", "task_id", "at"),
    "task.completed": ("task.completed", "user_id", "task_id", "at"),
    "task.deleted": ("task.deleted", "user_id", "task_id", "at"),
    "calendar.event": ("calendar", "user_id", "event_id", "at"),
    "source.synced": ("synced", "user_id", "source", "at"),
    "policy.reset": ("reset", "user_id", "at"),
}
"""What begins the key of each type of fact, and the fields that follow."""


def to_ms(instant: str) -> int:
    """Return an ISO 8601 instant as epoch milliseconds."""
    return (datetime.fromisoformat(instant) - _EPOCH) // timedelta(milliseconds=1)


def to_instant(ms: int) -> str:
    """Return epoch milliseconds as ISO 8601."""
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def at_of(line: Line) -> int:
    """Return when a line's fact happened; a zone without a time holds from the beginning."""
    return to_ms(line["at"]) if "at" in line else 0


def key_of(line: Line) -> str:
    """Return the key of the fact that a line states."""
    prefix, *names = _KEYS[line["type"]]
    parts = [str(at_of(line) if name == "at" else line[name]) for name in names]
    if prefix == "feedback":
        parts.append(str(to_ms(line["snooze_until"])) if "snooze_until" in line else "")
    return f"{prefix}:{'/'.join(parts)}"


def content_of(line: Line) -> dict[str, Any]:
    """Return the fields of a line as a store names them: times in epoch milliseconds."""
    fields = {_field(name): to_ms(value) if name in _INSTANTS else value for name, value in line.items()}
    del fields["type"]
    return {"at_ms": 0} | fields


def _field(name: str) -> str:
    return f"{name}_ms" if name in _INSTANTS else name


def subject_of(kind: str) -> str:
    """Return the subject under which a fact of that type is published."""
    return "feedback.reward" if kind == "reward" else f"signals.{kind}"


def message_of(line: Line | str) -> tuple[str, str]:
    """Return subject and body of a line on the bus; what is a text already is published as it is."""
    if isinstance(line, str):
        return "signals.mood.checkin", line
    return subject_of(line["type"]), json.dumps(line)


def person_of(line: Line | str) -> str | None:
    """Return whom a line names, None where it names nobody."""
    named = _NAMES.search(line if isinstance(line, str) else json.dumps(line))
    return named[1] if named else None
