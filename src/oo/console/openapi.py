"""An OpenAPI document, read for people: each call with what it takes, what it answers, and an example."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = Mapping[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of a body or an answer: `a[].b` is `b` of each object in the list `a`."""

    name: str
    kind: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call; `example` is a body that it takes, as text, and `errors` maps each status to when it is answered."""

    method: str
    path: str
    tag: str
    summary: str
    parameters: tuple[Field, ...]
    takes: tuple[Field, ...]
    answers: tuple[Field, ...]
    example: str | None
    errors: Mapping[str, str]

    @property
    def anchor(self) -> str:
        """The call's name in an address."""
        words = [part.strip("{}") for part in self.path.split("/") if part]
        return "-".join([self.method.lower(), *words])


def calls(document: Schema) -> tuple[Call, ...]:
    """Return every call of an OpenAPI 3.1 document, in its order."""
    return tuple(
        _call(document, method, path, operations[method])
        for path, operations in document["paths"].items()
        for method in _METHODS
        if method in operations
    )


def _call(document: Schema, method: str, path: str, operation: Schema) -> Call:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    responses = operation["responses"]
    answer = responses["200"].get("content", {}).get("application/json", {}).get("schema", {})
    return Call(
        method=method.upper(),
        path=path,
        tag=operation.get("tags", [""])[0],
        summary=operation.get("description", ""),
        parameters=tuple(_parameter(document, each) for each in operation.get("parameters", ())),
        takes=tuple(_fields(document, body)),
        answers=tuple(_fields(document, answer)),
        example=_example(document, operation, body),
        errors={code: each["description"] for code, each in responses.items() if not code.startswith("2")},
    )


def _parameter(document: Schema, parameter: Schema) -> Field:
    return Field(
        name=parameter["name"],
        kind=f"{_kind(document, parameter['schema'])}, in the {parameter['in']}",
        required=parameter.get("required", False),
        description=parameter.get("description", ""),
    )


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Schema = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def _fields(document: Schema, schema: Schema, prefix: str = "") -> Iterator[Field]:
    schema = _resolved(document, schema)
    required = schema.get("required", ())
    for name, each in schema.get("properties", {}).items():
        yield Field(
            name=prefix + name,
            kind=_kind(document, each),
            required=name in required,
            description=each.get("description", ""),
        )
        inner, mark = _inner(document, each)
        yield from _fields(document, inner, f"{prefix}{name}{mark}.")


def _inner(document: Schema, schema: Schema) -> tuple[Schema, str]:
    """Return the schema of the objects inside, and how a path says so."""
    for each in _alternatives(document, schema):
        if "items" in each:
            return each["items"], "[]"
        if isinstance(each.get("additionalProperties"), Mapping):
            return each["additionalProperties"], ".NAME"
        if "properties" in each:
            return each, ""
    return {}, ""


def _alternatives(document: Schema, schema: Schema) -> list[Schema]:
    schema = _resolved(document, schema)
    return [_resolved(document, each) for each in schema.get("anyOf", [schema])]


def _kind(document: Schema, schema: Schema) -> str:
    return " or ".join(dict.fromkeys(_name(each) for each in _alternatives(document, schema)))


def _name(schema: Schema) -> str:
    if "enum" in schema:
        return ", ".join(map(json.dumps, schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list"}
    kind = schema.get("type", "any JSON")
    name = {"date-time": "instant"}.get(schema.get("format", ""), words.get(kind, kind))
    return f"{name}{_range(schema)}"


def _range(schema: Schema) -> str:
    for low, high, what in (
        ("minimum", "maximum", ""),
        ("minItems", "maxItems", " items"),
        ("minLength", "maxLength", " characters"),
    ):
        if low in schema and high in schema:
            return f", {schema[low]:,} to {schema[high]:,}{what}"
        if high in schema:
            return f", up to {schema[high]:,}{what}"
    return ""


def _example(document: Schema, operation: Schema, body: Schema) -> str | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = [*_resolved(document, body).get("examples", ()), *content.get("examples", {}).values()]
    return json.dumps(examples[0], indent=2, ensure_ascii=False) if examples else None
