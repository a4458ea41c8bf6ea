"""What both files of the contract say: the facts of each feature, which ones travel together, what may be null."""

import inspect
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_type_hints

from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition, OfCandidate, OfContext, Windowed

HEADER = "Generated from the catalogue of features by `oo features contract`. Change the catalogue, and run it again."
PLAIN = {"numeric": "number", "categorical": "string", "boolean": "boolean"}
"""What JSON Schema and TypeScript both call the values of a dtype; one of `json` is any JSON value."""


def may_be_null(definition: FeatureDefinition) -> bool:
    """Tell whether a value may be null: a kept one where the fallback is, a derived one where its function says so."""
    if definition.fallback is not None:
        return False
    match definition.compute:
        case Windowed():
            return True
        case OfContext(derive) | OfCandidate(derive):
            called = derive if inspect.isroutine(derive) else type(derive).__call__
            returned = get_type_hints(called).get("return", Any)
            return returned in {Any, object, type(None)} or type(None) in get_args(returned)


@dataclass(frozen=True, slots=True)
class Group:
    """Features that travel together as one object of bare values by name."""

    name: str
    description: str
    members: Sequence[FeatureDefinition]
    optional: bool = True


def groups(registry: Registry) -> tuple[Group, Group, Group]:
    """Return what a profile, a moment and a candidate are described by."""
    return (
        Group(
            "ProfileFeatures",
            "Profile features by name, as `POST /score` takes them and decisions log them. "
            "What a request leaves out reads as its fallback.",
            registry.batched,
        ),
        Group(
            "ContextFeatures",
            "Features of the moment by name, as `POST /score` takes them and decisions log them.",
            # The task list is not sent with a request, nor logged: `context.context_features` leaves it out too.
            [registry[name] for name in registry.context if registry[name].dtype != "json"],
        ),
        Group(
            "CandidateFeatures",
            "What each candidate of `POST /score`, and of a logged decision, carries beside its `id`.",
            [registry[name] for name in registry.candidate],
            optional=False,
        ),
    )


def facts_of(registry: Registry, definition: FeatureDefinition) -> dict[str, Any]:
    """Return what is declared of a feature, as JSON."""
    return {
        "name": definition.name,
        "dtype": definition.dtype,
        "freshness": definition.freshness,
        "version": definition.version,
        "ttl_sec": definition.ttl_sec,
        "max_age_sec": definition.max_age_sec,
        "fallback": definition.fallback,
        "neutral": definition.neutral,
        "source": definition.source,
        "invalidated_by": list(definition.invalidated_by),
        "fingerprint": registry.fingerprints[definition.name],
        "description": definition.description,
    }


def _escaped(text: str) -> str:
    """Return JSON with all that cannot be seen as escapes: U+2028 ends a line for some readers, U+202E turns it."""
    return "".join(each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in text)


def as_json(document: object, *, indent: int | None = None) -> str:
    """Return a value as JSON, which is also how TypeScript writes it."""
    return _escaped(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=indent))


def sentence(text: str | None) -> str:
    """Return a text on one line, with a mark in the place of all that cannot be seen."""
    return "".join(each if each.isprintable() else "�" for each in " ".join((text or "").split()))
