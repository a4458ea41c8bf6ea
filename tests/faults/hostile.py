"""Bodies and addresses that mean harm, made for every call from the service's own OpenAPI document.

A call that is added is attacked without a word here: its example is taken apart, and each value in it replaced.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[str | int, ...]

DEEP = 100_000
LONG = "x" * 100_000
_MARK = '"\ue000"'

UNREADABLE: dict[str, bytes] = {
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "-Infinity": b"-Infinity",
    "a float past float64": b"1e999",
    "a negative one": b"-1e999",
    "5,000 digits": b"9" * 5_000,
    "5,000 digits and a fraction": b"9" * 5_000 + b".5",
    "past 64 bits": b"9223372036854775808",
    "below 64 bits": b"-9223372036854775809",
    "half a surrogate pair": b'"\\ud800"',
    "the halves the wrong way round": b'"\\udc00\\ud800"',
    "half a pair in CESU-8": b'"\xed\xa0\x80"',
    "a pair in CESU-8": b'"\xed\xa0\xbd\xed\xb8\x80"',
    "NUL, escaped": b'"a\\u0000b"',
    "NUL, raw": b'"a\x00b"',
    "NUL as two bytes": b'"\xc0\x80"',
    "a byte that is no UTF-8": b'"\xff"',
    "a control character": b'"\x1b[2J"',
    "a key given twice": b'{"a": 1, "a": 2}',
    "a key that is half a pair": b'{"\\ud800": 1}',
    "a key with NUL": b'{"\\u0000": 1}',
    "more keys than anyone has": b"{" + b", ".join(b'"k%d": 0' % n for n in range(1_001)) + b"}",
    "nested too deeply": b"[" * 40 + b"]" * 40,
    "a bomb of lists": b"[" * DEEP,
    "a bomb of objects": b'{"a":' * DEEP,
    "a closed bomb": b"[" * DEEP + b"]" * DEEP,
    "single quotes": b"'x'",
    "a comment": b"/* */ 1",
    "a hexadecimal number": b"0x10",
    "a leading zero": b"01",
    "a plus": b"+1",
    "no value": b"",
    "a comma too many": b"[1,]",
    "undefined": b"undefined",
    "an unknown escape": b'"\\x41"',
}
"""JSON texts that are refused wherever they stand, for none of them is JSON that can be kept."""

WHOLE: dict[str, bytes] = UNREADABLE | {
    "nothing": b"",
    "blanks": b" \r\n\t ",
    "no JSON": b"user_id=ada&reaction=done",
    "HTML": b"<script>alert(1)</script>",
    "cut off": b'{"user_id": "a',
    "one brace": b"{",
    "something after it": b'{"user_id": "ada"} {"user_id": "ada"}',
    "null": b"null",
    "true": b"true",
    "a number": b"0",
    "a text": b'"ada"',
    "a long text": json.dumps(LONG).encode(),
    "a byte order mark": b'\xef\xbb\xbf{"user_id": "ada"}',
    "UTF-16": '{"user_id": "ada"}'.encode("utf-16"),
    "UTF-32": '{"user_id": "ada"}'.encode("utf-32-le"),
    "gzip": bytes.fromhex("1f8b08000000000000ffab562a2d4e2d8acf4c51b252504a4c49540200") * 3,
    "bytes of every value": bytes(range(256)) * 40,
    "a list in a list": b"[[]]" * 10,
    "YAML": b"user_id: ada\n",
}
"""Whole bodies that no call takes."""

BAD_IDS = (
    "",
    " ",
    "a b",
    "a/b",
    "a\nb",
    "é",
    "\u202eada",
    "a" * 129,
    LONG,
    "<b>",
    "%00",
    "ada\u200b",
    "{}",
    "a,b",
)
BAD_INSTANTS = (
    "",
    "now",
    "2026-09-01",
    "2026-09-01T07:30:00",
    "2026-09-01T24:30:00Z",
    "2026-09-31T07:30:00Z",
    "2026-13-01T07:30:00Z",
    "2026-09-01T07:30:61Z",
    "2026-09-01T07:30:00+99:00",
    "+9999999-01-01T00:00:00Z",
    "9999999-01-01T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "1788247800000",
    "2026-09-01T07:30:00Z" * 1000,
    "\uff12026-09-01T07:30:00Z",
)
SEGMENTS = (
    *(
        "%00",
        "%0d%0aX-Injected:%20yes",
        "%ff",
        "%ed%a0%80",
        "%c0%ae",
        "%zz",
        "%",
        "%25",
        "a%20b",
        "a%2fb",
        "a%5cb",
    ),
    *("%2e%2e", "..", "%2e%2e%2f%2e%2e", "%e2%80%ae", "%F0%9F%92%A3", "*", "~", "(a)"),
    *("a;b", "a,b", "'", "%22", "%3Cb%3E"),
    *("{user_id}", "null", "-1", "NaN", "a" * 129, "a" * 5_000, "%41" * 3_000),
)
"""What may stand in an address instead of the name of a person, a policy or a version; none of them exists."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the service, with parameters and a body that it understands."""

    method: str
    template: str
    parameters: dict[str, tuple[str, str]]
    body: Any
    schema: Schema | None
    document: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    def path(self, **replaced: str) -> str:
        """Write its address, with the parameters named in `replaced` as they stand there."""
        values = {name: value for name, (_, value) in self.parameters.items()} | replaced
        query = "&".join(
            f"{name}={values[name]}" for name, (where, _) in self.parameters.items() if where == "query"
        )
        return self.template.format(**values) + (f"?{query}" if query else "")

    def bodies(self) -> Iterator[tuple[str, bytes]]:
        """Yield bodies that this call may not take, each with what is wrong in it."""
        yield from WHOLE.items()
        for place in _places(self.body):
            for name, text in UNREADABLE.items():
                yield f"{_shown(place)}: {name}", _written(self.body, place, text)
        yield from self.misfits()

    def misfits(self) -> Iterator[tuple[str, bytes]]:
        """Yield bodies that are good JSON and do not fit the schema."""
        assert self.schema is not None
        for place in _places(self.body):
            schemas = _at(self.document, self.schema, place)
            for value in _wrong(self.document, schemas, _value(self.body, place)):
                text = json.dumps(value, ensure_ascii=False)
                yield f"{_shown(place)}: {text[:60]}", _written(self.body, place, text.encode())
            if isinstance(place[-1] if place else 0, str) and _required(self.document, self.schema, place):
                yield f"{_shown(place)}: left out", json.dumps(_without(self.body, place)).encode()


def calls(document: dict[str, Any]) -> list[Call]:
    """Return every call of a service, from its OpenAPI document."""
    return [
        _call(document, method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _call(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> Call:
    parameters = {
        each["name"]: (each["in"], each["schema"]["examples"][0]) for each in operation.get("parameters", ())
    }
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = _resolved(document, content["schema"]) if content else None
    body = schema["examples"][0] if schema else None
    return Call(method, path, parameters, body, schema, document)


def _resolved(document: dict[str, Any], schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def _alternatives(document: dict[str, Any], schema: Schema) -> list[Schema]:
    schema = _resolved(document, schema)
    return [each for part in schema.get("anyOf", [schema]) for each in part.get("anyOf", [part])]


def _at(document: dict[str, Any], schema: Schema, place: Place) -> list[Schema]:
    """Return what may stand at a place, as the schemas of the alternatives."""
    found = [_resolved(document, each) for each in _alternatives(document, schema)]
    for step in place:
        inner = []
        for each in found:
            part = each.get("items") if isinstance(step, int) else each.get("properties", {}).get(step)
            if part is None and isinstance(step, str) and isinstance(each.get("additionalProperties"), dict):
                part = each["additionalProperties"]
            if part:
                inner += [_resolved(document, each) for each in _alternatives(document, part)]
        found = inner
    return found


def _wrong(document: dict[str, Any], schemas: list[Schema], example: Any) -> Iterator[Any]:
    """Yield values that fit none of the schemas; nothing where anything fits."""
    kinds = {schema.get("type") for schema in schemas}
    if not schemas or None in kinds or any(schema.get("additionalProperties") is True for schema in schemas):
        return
    for kind, value in _OF_KIND.items():
        if kind not in kinds and not (kind == "integer" and "number" in kinds):
            yield value
    if len(kinds - {"null"}) == 1:
        yield from _out_of_bounds(schemas[0], example)


_OF_KIND: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 1.5,
    "string": "x",
    "array": [1],
    "object": {"a": 1},
}


def _out_of_bounds(schema: Schema, example: Any) -> Iterator[Any]:
    if "pattern" in schema:
        yield from BAD_IDS
    if schema.get("format") == "date-time":
        yield from BAD_INSTANTS
    if "enum" in schema:
        yield from ("", schema["enum"][0].upper(), f"{schema['enum'][0]} ", "drop")
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "maximum" in schema:
        yield from (schema["maximum"] * 2 + 1, schema["minimum"] - 1, 1.7e308, -1.7e308)
    if "minItems" in schema:
        yield []
    if "maxItems" in schema:
        yield [example[0]] * (schema["maxItems"] + 1)
    if "maxProperties" in schema:
        yield {f"k{number}": 0 for number in range(schema["maxProperties"] + 1)}
    if schema.get("additionalProperties") is False:
        yield from (example | {"extra": 1}, example | {"__proto__": {}}, example | {"": None})


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield where a value and everything in it stands."""
    yield place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield from _places(part, (*place, step))


def _value(value: Any, place: Place) -> Any:
    for step in place:
        value = value[step]
    return value


def _replaced(value: Any, place: Place, new: Any) -> Any:
    if not place:
        return new
    step, rest = place[0], place[1:]
    if isinstance(value, dict):
        return {key: _replaced(part, rest, new) if key == step else part for key, part in value.items()}
    return [_replaced(part, rest, new) if number == step else part for number, part in enumerate(value)]


def _without(value: Any, place: Place) -> Any:
    parent = _value(value, place[:-1])
    return _replaced(value, place[:-1], {key: part for key, part in parent.items() if key != place[-1]})


def _written(value: Any, place: Place, text: bytes) -> bytes:
    """Write a value as JSON, with `text` as it is at a place in it."""
    whole = json.dumps(_replaced(value, place, json.loads(_MARK)), ensure_ascii=False)
    return whole.encode().replace(_MARK.encode(), text)


def _required(document: dict[str, Any], schema: Schema, place: Place) -> bool:
    return any(place[-1] in each.get("required", ()) for each in _at(document, schema, place[:-1]))


def _shown(place: Place) -> str:
    return ".".join(map(str, place)) or "the body"
