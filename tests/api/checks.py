"""What Schemathesis checks beside its own: that every error has the one shape. It loads this module itself."""

import json
from typing import Any

import schemathesis
from schemathesis import Case, CheckContext, Response


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
