"""The OpenAPI document: every call of the interface, typed, with an example, and errors of one shape."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.calling import ok
from tests.api.conforming import Conforming

CALLS = {
    "POST /recommend",
    "POST /feedback",
    "POST /signals",
    "GET /users/{user_id}/profile",
    "POST /users/{user_id}/profile/rebuild",
    "POST /score",
    "POST /score/{policy}/{version}",
    "POST /reward",
    "POST /reward/{policy}/{version}",
    "GET /stats/{policy}/{version}",
    "POST /reset",
    "GET /features",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
    "GET /quality",
    "GET /users/{user_id}/export",
    "DELETE /users/{user_id}",
}
JSON = "application/json"
OTHER_THAN_JSON = {"GET /metrics": "text/plain", "GET /users/{user_id}/export": "application/zip"}


def operations(api: Conforming) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, calls in api.document["paths"].items():
        for method, operation in calls.items():
            yield f"{method.upper()} {path}", operation


def resolved(api: Conforming, schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference."""
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = api.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def every_schema(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield a schema and all that stand in it."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from every_schema(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from every_schema(part)


def test_every_call_of_the_interface_is_there_and_says_what_it_does(api: Conforming) -> None:
    found = dict(operations(api))

    assert found.keys() >= CALLS
    assert [
        call for call, operation in found.items() if not operation.get("description", "").endswith(".")
    ] == []
    names = [operation["operationId"] for operation in found.values()]
    assert len(set(names)) == len(names)


def test_every_answer_is_typed(api: Conforming) -> None:
    for call, operation in operations(api):
        if call in OTHER_THAN_JSON:
            assert operation["responses"]["200"]["content"].keys() == {OTHER_THAN_JSON[call]}
            continue
        schema = resolved(api, operation["responses"]["200"]["content"][JSON]["schema"])
        assert schema["type"] == "object", call
        assert schema["properties"], call
        assert schema["additionalProperties"] is False, call


def test_every_error_that_is_documented_has_the_one_shape(api: Conforming) -> None:
    for call, operation in operations(api):
        errors = {status: each for status, each in operation["responses"].items() if status != "200"}
        assert errors.keys() >= {"403", "404", "409", "413", "422", "503"}, call
        for status, each in errors.items():
            assert each["content"][JSON]["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}, (
                call,
                status,
            )
            assert each["description"], (call, status)
    shape = resolved(api, {"$ref": "#/components/schemas/ErrorAnswer"})
    detail = resolved(api, shape["properties"]["error"])
    assert shape["required"] == ["error"]
    assert detail["required"] == ["code", "message", "hint"]
    assert {each["type"] for each in detail["properties"].values()} == {"string"}
    assert "ValidationError" not in api.document["components"]["schemas"], "FastAPI's own shape is not used"


def test_every_body_has_an_example_that_the_call_understands(api: Conforming) -> None:
    for call, operation in operations(api):
        if "requestBody" not in operation:
            continue
        assert operation["requestBody"]["required"], call
        schema = resolved(api, operation["requestBody"]["content"][JSON]["schema"])
        assert schema["examples"], call
        path = call.partition(" ")[2].format(policy="egreedy", version="v2", user_id="ada")
        for example in schema["examples"]:
            assert api.post(path, json=example).status_code in {200, 404}, call


def test_every_parameter_has_an_example_and_its_bounds(api: Conforming) -> None:
    for call, operation in operations(api):
        for parameter in operation.get("parameters", ()):
            schema = parameter["schema"]
            assert schema["examples"], (call, parameter["name"])
            assert schema.keys() & {"pattern", "maxLength"}, (call, parameter["name"])
            if "pattern" in schema:
                assert all(re.fullmatch(schema["pattern"], example) for example in schema["examples"])


def test_nothing_that_may_be_sent_is_without_bounds(api: Conforming) -> None:
    for call, operation in operations(api):
        if "requestBody" not in operation or call == "POST /signals":  # the event log has rules of its own
            continue
        body = resolved(api, operation["requestBody"]["content"][JSON]["schema"])
        referred = [resolved(api, each) for each in every_schema(body) if "$ref" in each]
        for schema in (each for whole in (body, *referred) for each in every_schema(whole)):
            match schema.get("type"):
                case "array":
                    assert "maxItems" in schema, (call, schema)
                case "object":
                    assert schema.keys() & {"maxProperties", "properties"}, (call, schema)
                    assert schema.get("additionalProperties") is not True, (call, schema)
                case "string":
                    assert schema.keys() & {"pattern", "maxLength", "enum", "format"}, (call, schema)
                case "number" | "integer":
                    assert schema.keys() >= {"minimum", "maximum"}, (call, schema)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_the_documents_are_served(api: Conforming, path: str) -> None:
    answer = api.get(path)

    assert answer.status_code == 200
    if path == "/openapi.json":
        assert ok(answer)["info"]["title"] == "oO"
