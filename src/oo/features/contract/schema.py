"""The JSON Schema of the contract."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from oo.domain.profile import Status
from oo.features.contract.declared import (
    HEADER,
    PLAIN,
    Group,
    as_json,
    facts_of,
    groups,
    may_be_null,
    sentence,
)
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition

SCHEMA_FILE = "features.schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(registry: Registry) -> str:
    """Return the JSON Schema: a definition for each feature and for each object that carries their values."""
    document = {
        "$schema": _DIALECT,
        "$id": SCHEMA_FILE,
        "$comment": HEADER,
        "title": "Features",
        "description": "Definitions to refer to, such as `features.schema.json#/$defs/ProfileAnswer`.",
        "$defs": {
            "ProfileAnswer": _profile_answer(registry),
            "Envelope": _ENVELOPE,
            "Status": {"description": sentence(Status.__doc__), "enum": [each.value for each in Status]},
            **{group.name: _object(group) for group in groups(registry)},
            **{each.name: _value(registry, each) for each in registry},
        },
    }
    return as_json(document, indent=2) + "\n"


_ENVELOPE: Mapping[str, Any] = {
    "description": "A value, and how far to trust it.",
    "type": "object",
    "properties": {
        "value": {"description": "As its feature says."},
        "status": {"$ref": "#/$defs/Status"},
        "computed_at": {
            "description": "The instant as of which it holds; null where nothing was ever computed.",
            "type": ["string", "null"],
            "format": "date-time",
        },
        "ttl_sec": {
            "description": "It is computed anew after so many seconds.",
            "type": "integer",
            "minimum": 0,
        },
    },
    "required": ["value", "status", "computed_at", "ttl_sec"],
}


def _profile_answer(registry: Registry) -> dict[str, Any]:
    features = {
        each.name: {"$ref": "#/$defs/Envelope", "properties": {"value": _reference(each.name)}}
        for each in registry.batched
    }
    return {
        "description": "The answer of `GET /users/{id}/profile`. A newer service may know more features.",
        "type": "object",
        "properties": {
            "user_id": {"type": "string"},
            "features": {"type": "object", "properties": features, "required": list(features)},
        },
        "required": ["user_id", "features"],
    }


def _object(group: Group) -> dict[str, Any]:
    names = [each.name for each in group.members]
    return {
        "description": group.description,
        "type": "object",
        "properties": {name: _reference(name) for name in names},
        # A request with an unknown feature is refused; beside those of a candidate stands at least its id.
        **({"additionalProperties": False} if group.optional else {"required": names}),
    }


def _reference(name: str) -> dict[str, str]:
    return {"$ref": "#/$defs/" + quote(name.replace("~", "~0").replace("/", "~1"), safe="~")}


def _value(registry: Registry, definition: FeatureDefinition) -> dict[str, Any]:
    kind: str | list[str] | None = PLAIN.get(definition.dtype)
    if kind is not None and may_be_null(definition):
        kind = [str(kind), "null"]
    kinds = {} if kind is None else {"type": kind}
    facts = facts_of(registry, definition)
    return {"description": facts.pop("description"), **kinds, "x-oo": facts}
