"""The event log, oO's own import and export format: JSON Lines, one fact a line, any order, many people."""

import codecs
import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any, BinaryIO

from oo.domain.errors import UnreadableFile
from oo.domain.facts import Fact
from oo.domain.instant import format_instant
from oo.sources.base import ReadLine, Source, check_json, in_utf8, read_json, read_lines
from oo.sources.event_log.lines import INSTANTS, fact_of

LONGEST = 1024 * 1024
"""The most bytes a line may have: 1 MiB."""


def parse(line: bytes | str) -> Fact:
    """Read one line of the log.

    Raises `InvalidFact`, `InvalidId`, `InvalidInstant` or `InvalidZone`, with a sentence for people.
    """
    return fact_of(read_json(line, LONGEST))


def parse_object(value: object) -> Fact:
    """Read one fact from a JSON value that something else has parsed; raises as `parse` does."""
    check_json(value)
    return fact_of(value)


def to_line(fact: Fact) -> str:
    """Write a fact as its line, without the end of line; `parse(to_line(fact)) == fact`.

    What is None is left out, and so is the `at` of a zone that holds from the beginning.
    """
    found: dict[str, Any] = {"type": fact.type}
    for field in fields(fact):
        value = getattr(fact, field.name)
        if value is None or (fact.type == "user" and field.name == "at_ms" and value == 0):
            continue
        instant = INSTANTS.get(field.name)
        found[instant or field.name] = format_instant(value) if instant else value
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _recognises(sample: bytes, filename: str) -> bool:
    content = in_utf8(sample).removeprefix(codecs.BOM_UTF8)
    lines = [line.strip() for line in content.split(b"\n") if line.strip()]
    if not lines:
        return filename.lower().endswith((".jsonl", ".ndjson"))
    objects = [line for line in lines if line.startswith(b"{") and b'"type"' in line and b'"user_id"' in line]
    return 2 * len(objects) >= len(lines)


def _read(stream: BinaryIO, *, encoding: str | None = None, **_: str | int) -> Iterator[ReadLine]:
    if encoding and encoding.lower() not in {"utf-8", "utf8", "utf-8-sig"}:
        raise UnreadableFile("An event log is always UTF-8.", "Convert it, or leave the encoding out.")
    return read_lines(stream, LONGEST, parse)


SOURCE = Source(
    name="events",
    description="oO's event log, JSON Lines",
    needs_user=False,
    recognises=_recognises,
    read=_read,
)
