"""What Schemathesis checks beside its own: that every error has the one shape. It loads this module itself."""

import json
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, HookContext, Response


@schemathesis.hook
def before_call(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    """Let nobody be erased whom the other calls are about: it takes ids from one answer into the next call."""
    if case.method == "DELETE" and case.path_parameters.get("user_id") == "ada":
        case.path_parameters["user_id"] = "eve"


@schemathesis.check
def one_error_shape(_: CheckContext, response: Response, __: Case[Any]) -> bool | None:
    """Fail for an error of any other shape, or with nothing in a part of it."""
    if response.status_code >= 400:
        document = json.loads(response.content)
        assert document.keys() == {"error"}
        assert document["error"].keys() == {"code", "message", "hint"}
        assert all(isinstance(part, str) and part.strip() for part in document["error"].values())
        assert response.content.decode().isprintable()
    return None


@schemathesis.check
def under_an_id(_: CheckContext, response: Response, __: Case[Any]) -> bool | None:
    """Fail for an answer that carries no request id."""
    assert response.headers.get("x-request-id"), "no X-Request-ID"
    return None
