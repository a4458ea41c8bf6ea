"""Shared by the tests of sources: read some text as a file, and take apart what came of it."""

import io

from oo import sources
from oo.domain.facts import Fact, TaskCompleted, TaskUpsert
from oo.domain.instant import parse_instant
from oo.sources.base import ReadLine

NOW = parse_instant("2026-11-21T18:00:00+01:00")
BERLIN = "Europe/Berlin"


def read(
    name: str, content: str | bytes, *, at_ms: int = NOW, tz: str = BERLIN, encoding: str | None = None
) -> list[ReadLine]:
    raw = content.encode() if isinstance(content, str) else content
    stream = io.BytesIO(raw)
    return list(sources.load(name).read(stream, user_id="ada", tz=tz, at_ms=at_ms, encoding=encoding))


def todo(content: str | bytes, *, at_ms: int = NOW, encoding: str | None = None) -> list[ReadLine]:
    return read("todotxt", content, at_ms=at_ms, encoding=encoding)


def facts(lines: list[ReadLine]) -> list[Fact]:
    return [fact for line in lines for fact in line.facts]


def tasks(content: str | bytes, *, at_ms: int = NOW) -> list[TaskUpsert]:
    return [fact for fact in facts(todo(content, at_ms=at_ms)) if isinstance(fact, TaskUpsert)]


def task(line: str) -> TaskUpsert:
    (only,) = tasks(line)
    return only


def completions(content: str | bytes, *, at_ms: int = NOW) -> list[TaskCompleted]:
    return [fact for fact in facts(todo(content, at_ms=at_ms)) if isinstance(fact, TaskCompleted)]


def refusals(lines: list[ReadLine]) -> dict[int, str]:
    return {line.number: line.refusal for line in lines if line.refusal is not None}
