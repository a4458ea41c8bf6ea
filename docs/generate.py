# ruff: noqa: INP001  # a script beside the pages that it writes
"""Write docs/reference/ from the code: `make docs`, or `python docs/generate.py [FOLDER]`."""

import dataclasses
import importlib
import inspect
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from oo import policies
from oo.api.metrics import Metrics
from oo.api.service import routed
from oo.cli.main import oo
from oo.compose import compose
from oo.console.openapi import Field as ApiField
from oo.console.openapi import calls
from oo.domain import errors
from oo.domain.errors import OoError, Refused
from oo.domain.facts import FACTS, Fact, Reaction
from oo.domain.instant import DAY
from oo.features import spec
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.spec import (
    EventSource,
    FeatureDefinition,
    Mean,
    Mode,
    OfCandidate,
    Ratio,
    Where,
    Windowed,
)
from oo.features.vector import DIMENSIONS
from oo.policies.base import Policy
from oo.rewards import WORTH
from oo.settings import Settings
from oo.sources.event_log import parse, to_line

REFERENCE = Path(__file__).parent / "reference"
HEADER = "<!-- Generated from the code by `make docs`. Change the code, then run it again. -->\n\n"


def main(folder: Path) -> None:
    """Write every page into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, write in PAGES.items():
        text = HEADER + "\n".join(write()).rstrip() + "\n"
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _code(value: object) -> str:
    return "–" if value in {None, ""} else f"`{value}`"


def _paragraphs(docstring: str | None) -> str:
    """Return a docstring with each paragraph on one line."""
    paragraphs = inspect.cleandoc(docstring or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if ">>>" not in paragraph)


# Features


def features() -> Iterator[str]:
    """Yield the page of the catalogue."""
    registry = Registry(CATALOG)
    yield "# Features\n"
    yield "What each word means: [Features](../explanation/features.md). From the shell: `oo features list`.\n"
    rows = ([f"[`{f.name}`](#{f.name})", f.dtype, f.freshness, f.description] for f in registry)
    yield from _table(["feature", "dtype", "freshness", "what"], rows)
    for definition in registry:
        yield f"## {definition.name}\n"
        yield f"{definition.description}\n"
        yield from _table(["field", "value"], _fields(definition))
    yield "## Where a batched feature may read from\n"
    rows = ([_code(source.name), ", ".join(map(_code, source.columns))] for source in _event_sources())
    yield from _table(["source", "columns"], rows)


def _event_sources() -> list[EventSource]:
    return [each for each in vars(spec).values() if isinstance(each, EventSource)]


def _fields(definition: FeatureDefinition) -> Iterator[tuple[str, str]]:
    yield "version", str(definition.version)
    yield "dtype", definition.dtype
    yield "freshness", definition.freshness
    yield "source", definition.source
    yield "computed", _computed(definition)
    if isinstance(definition.compute, Windowed):
        yield "window", f"{definition.compute.window_ms / DAY:g} days"
        yield "ttl", f"{definition.ttl_sec / 3600:g} h"
        if definition.max_age_sec is not None:
            yield "not used after", f"{definition.max_age_sec / 3600:g} h"
        yield "fallback", "null" if definition.fallback is None else f"`{definition.fallback}`"
    yield "neutral", _code(definition.neutral)
    if definition.invalidated_by:
        yield "invalidated by", ", ".join(map(_code, definition.invalidated_by))


def _computed(definition: FeatureDefinition) -> str:
    expression = definition.compute
    if not isinstance(expression, Windowed):
        return "of each candidate" if isinstance(expression, OfCandidate) else "of the moment"
    kept = f", where {_condition(expression.where)}" if expression.where else ""
    return f"{_aggregate(expression)} over {expression.source.name}{kept}"


def _aggregate(expression: Windowed) -> str:
    match expression.aggregate:
        case Ratio(of):
            return f"share with {_condition(of)}"
        case Mean(column):
            return f"mean of `{column}`"
        case Mode(column):
            return f"most frequent `{column}`, the smallest on a tie,"
        case other:
            return type(other).__name__.lower()


def _condition(where: Where) -> str:
    return f"`{where.column}` {' or '.join(map(str, where.values))}"


# Commands


def commands() -> Iterator[str]:
    """Yield the page of the shell commands."""
    yield "# Commands\n"
    yield f"{_paragraphs(oo.help)}\n"
    yield "Answers go to standard output; progress, warnings and errors go to standard error."
    yield "Exit codes: 0 done, 1 a clear refusal or finding, 2 wrong usage.\n"
    for context in _leaves(click.Context(oo, info_name="oo", **oo.context_settings)):
        yield f"## {context.command_path}\n"
        yield f"```\n{' '.join([context.command_path, *context.command.collect_usage_pieces(context)])}\n```\n"
        yield f"{_paragraphs(context.command.help)}\n"
        yield from _table(["option", "what"], _options(context))


def _leaves(context: click.Context) -> Iterator[click.Context]:
    if not isinstance(context.command, click.Group):
        yield context
        return
    for name in context.command.list_commands(context):
        command = context.command.get_command(context, name)
        assert command is not None, name  # noqa: S101  # it is on the list
        yield from _leaves(click.Context(command, info_name=name, parent=context))


def _options(context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record:
            yield f"`{record[0].replace(' RANGE', '')}`", record[1]


# Settings


def settings() -> Iterator[str]:
    """Yield the page of the settings."""
    yield "# Settings\n"
    yield "Every setting is an environment variable. `--db` takes the place of `OO_DATABASE` for one command."
    yield "A variable `OO_…` that is none of these is warned of on standard error, and changes nothing.\n"
    yield from _table(["variable", "kind", "default", "what"], _settings())


def _settings() -> Iterator[tuple[str, str, str, str]]:
    for name, schema in Settings.model_json_schema()["properties"].items():
        default = (
            _code(json.dumps(schema["default"])) if "default" in schema else "`oo.db` in your data folder"
        )
        kind = _SCHEMA_KINDS[schema["type"]]
        if "minimum" in schema:
            kind += f", {schema['minimum']:g} to {schema['maximum']:g}"
        yield (
            f"`OO_{name.upper()}`",
            kind,
            default.replace('`"', "`").replace('"`', "`"),
            schema["description"],
        )


_SCHEMA_KINDS = {
    "string": "text",
    "array": "JSON list of texts",
    "integer": "whole number",
    "number": "number",
}


# Errors


def error_tree() -> Iterator[str]:
    """Yield the page of the errors."""
    yield "# Errors\n"
    yield "Every error that oO raises on purpose. A command prints the message and what to do on standard error,"
    yield 'and exits with 1. With `--json` it also prints `{"error": {"code", "message", "hint"}}`.\n'
    yield from _table(["error", "is a", "code", "what"], _errors())


def _errors() -> Iterator[tuple[str, str, str, str]]:
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, OoError):
            parent = kind.__base__.__name__ if kind.__base__ else ""
            yield f"`{name}`", f"`{parent}`", f"`{kind('').code}`", _paragraphs(kind.__doc__)


# Policies


def policy_pages() -> Iterator[str]:
    """Yield the page of the policies, with the rewards that they learn from."""
    yield "# Policies\n"
    yield "What the numbers mean: [Learning](../explanation/learning.md). `OO_POLICY` names the active one.\n"
    for name in policies.names():
        yield from _policy(policies.load(name))
    yield "## Rewards\n"
    rows = ([f"`{reaction}`", _reward(worth.reward), worth.reason] for reaction, worth in WORTH.items())
    yield from _table(["reaction", "reward", "why"], rows)
    yield "## Dimensions\n"
    yield "What a policy may name; `a*b` is the product of two of them.\n"
    yield from (f"- `{name}`" for name in sorted(DIMENSIONS))


def _reward(reward: float | None) -> str:
    return "nothing" if reward is None else f"{reward:g}"


def _policy(policy: Policy) -> Iterator[str]:
    module = importlib.import_module(f"oo.policies.{policy.name.replace('/', '_')}")
    yield f"## {policy.name}\n"
    yield f"{_paragraphs(module.__doc__)}\n"
    yield from _table(["parameter", "value"], _parameters(policy))


def _parameters(policy: Policy) -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(policy):
        if field.name not in {"name", "dimensions", "prior"}:
            yield field.name, f"{getattr(policy, field.name):g}"
    yield "ridge", f"{policy.prior.ridge:g}"
    yield "prior mean", ", ".join(f"`{name}` {mean:g}" for name, mean in policy.prior.mean.items()) or "0"
    yield "dimensions", ", ".join(map(_code, policy.dimensions)) or "none"


# The event log

EXAMPLE = Path(__file__).parent / "reference" / "example.jsonl"
"""One line of each type, with every field given. Written by hand."""


def event_log() -> Iterator[str]:
    """Yield the page of the event log."""
    yield "# The event log\n"
    yield "JSON Lines in UTF-8, one fact a line, in any order. How to bring one in:"
    yield "[Import tasks](../how-to/import-tasks.md). An *instant* is ISO 8601 with an offset or `Z`, a *day* is"
    yield "`2026-09-02`, an *id* has 1 to 128 characters out of `A-Z a-z 0-9 _ . : @ -`.\n"
    yield "One line of each type is in [example.jsonl](example.jsonl).\n"
    examples = {line["type"]: line for line in map(json.loads, EXAMPLE.read_text("utf-8").splitlines())}
    for kind, fact in FACTS.items():
        yield f"## {kind}\n"
        yield re.sub(r"\b(at|start|end)_ms", r"\1", _paragraphs(fact.__doc__)) + "\n"
        example = examples[kind]
        yield f"```json\n{json.dumps(example, ensure_ascii=False)}\n```\n"
        yield from _table(["field", "kind", "given"], _line_fields(fact, example))


def _line_fields(fact: type[Fact], example: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    # `to_line` writes the fields in the order of the class, under the names that a line has for them.
    keys = [key for key in json.loads(to_line(parse(json.dumps(example)))) if key != "type"]
    for key, field in zip(keys, dataclasses.fields(fact), strict=True):
        kind = "instant" if key != field.name else _KINDS.get(key) or _kind(field.type)
        yield f"`{key}`", kind, "optional" if _accepts(example, without=key) else "always"


def _accepts(example: dict[str, Any], *, without: str) -> bool:
    try:
        parse(json.dumps({key: value for key, value in example.items() if key != without}))
    except Refused:
        return False
    return True


def _kind(annotation: object) -> str:
    return next(words for kind, words in _TYPES.items() if kind in str(annotation))


_TYPES = {"tuple": "list", "Mapping": "object", "bool": "true or false", "int": "whole number", "str": "text"}
_KINDS = {
    **dict.fromkeys(("user_id", "tip_id", "candidate_id", "decision_id", "event_id", "task_id"), "id"),
    **dict.fromkeys(("due", "created", "start"), "day or instant"),
    **dict.fromkeys(("reward", "score"), "number, 0 to 1"),
    "candidates": "list of objects, each with its `id` and raw features",
    "duration_ms": "whole number, 0 or more",
    "priority": "whole number, 1 to 4; 1 if left out",
    "probabilities": "list of numbers, 0 to 1, one for each of `candidates`",
    "propensity": "number, above 0, to 1",
    "reaction": ", ".join(f"`{reaction}`" for reaction in Reaction),
    "tz": "name of the tz database",
}

# The HTTP API


def http() -> Iterator[str]:
    """Yield the page of the HTTP API."""
    yield "# The HTTP API\n"
    yield "JSON in UTF-8. A running service shows the same at `/docs`, and its OpenAPI document at `/openapi.json`."
    yield "How to use it: [Use oO from a program](../how-to/use-over-http.md). Every answer carries `X-Request-ID`; a"
    yield "client may send its own. Every error has one shape:\n"
    yield '```json\n{"error": {"code": "…", "message": "…", "hint": "…"}}\n```\n'
    found = calls(_openapi())
    yield from _table(["status", "when"], sorted({pair for call in found for pair in call.errors.items()}))
    for call in found:
        yield f"## {call.method} {call.path}\n"
        yield f"{call.summary}\n"
        for what, fields in (
            ("parameter", call.parameters),
            ("takes", call.takes),
            ("answers", call.answers),
        ):
            if fields:
                yield from _table([what, "kind", "", ""], (_field(each) for each in fields))
        if call.example:
            yield f"```json\n{call.example}\n```\n"


def _field(field: ApiField) -> tuple[str, str, str, str]:
    return f"`{field.name}`", field.kind, "" if field.required else "optional", field.description


def _openapi() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        app = compose(Settings(database=f"sqlite:///{folder}/oo.db"))
        try:
            return routed(app, Metrics(), clock=lambda: 0, new_id=str).openapi()
        finally:
            app.close()


PAGES: Mapping[str, Callable[[], Iterator[str]]] = {
    "features.md": features,
    "commands.md": commands,
    "settings.md": settings,
    "errors.md": error_tree,
    "policies.md": policy_pages,
    "event-log.md": event_log,
    "http.md": http,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else REFERENCE)
