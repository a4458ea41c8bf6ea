"""Errors over HTTP: one shape, `{"error": {"code", "message", "hint"}}`, that never echoes what was sent unescaped."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from oo.domain.errors import (
    Conflict,
    InvalidDefinition,
    NoCandidates,
    NotFinite,
    OoError,
    Refused,
    StoreError,
    Unknown,
)
from oo.domain.ids import shortened
from oo.domain.wording import in_plain_words

RETRY_AFTER_SEC = 1
_STATUS: Mapping[type[OoError], int] = {
    Refused: 422,
    NotFinite: 422,
    NoCandidates: 422,
    Unknown: 404,
    Conflict: 409,
    StoreError: 503,
    InvalidDefinition: 500,
}
_SEE_DOCS = "See /docs for what there is and what it takes."
_OF_STATUS: Mapping[int, tuple[str, str, str]] = {
    404: ("not_found", "There is nothing at this address.", _SEE_DOCS),
    405: ("method_not_allowed", "This address does not take that method.", _SEE_DOCS),
}


class JsonAnswer(Response):
    """A JSON document. Lone surrogates, which no client could decode, are written as escapes."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode as UTF-8; raises `ValueError` for NaN and infinities."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace")


def error_answer(
    status: int, code: str, message: str, hint: str, headers: Mapping[str, str] | None = None
) -> JsonAnswer:
    """Return the one error shape."""
    content = {"error": {"code": code, "message": message, "hint": hint}}
    return JsonAnswer(content, status_code=status, headers=dict(headers or {}))


def add_error_answers(service: FastAPI) -> None:
    """Let every error of a service be answered in the one shape."""
    service.add_exception_handler(OoError, _on_our_error)
    service.add_exception_handler(RequestValidationError, _on_invalid)
    service.add_exception_handler(HTTPException, _on_http)
    service.add_exception_handler(Exception, _on_unforeseen)


def answer_to(error: OoError) -> JsonAnswer:
    """Return how an error of ours is answered."""
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    headers = {"Retry-After": str(RETRY_AFTER_SEC)} if isinstance(error, StoreError) else {}
    return error_answer(status, error.code, error.message, error.hint or _SEE_DOCS, headers)


def internal_error() -> JsonAnswer:
    """Return the answer where something went wrong that nobody foresaw."""
    request_id = structlog.contextvars.get_contextvars().get("request_id", "this time")
    return error_answer(
        500, "internal", "Something went wrong in the service.", f"Its log says what, under {request_id}."
    )


async def _on_our_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, OoError)  # noqa: S101  # it is registered for these
    return answer_to(error)


async def _on_unforeseen(_: Request, __: Exception) -> Response:
    return internal_error()


async def _on_invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101  # it is registered for these
    found = error.errors()
    others = f" {len(found) - 1} more like it." if len(found) > 1 else ""
    return error_answer(422, "invalid_request", f"{_sentence(found[0])}{others}", _SEE_DOCS)


def _sentence(found: Mapping[str, Any]) -> str:
    """Put what pydantic found into a sentence that names the place and echoes no value."""
    kind, place = found["type"], [str(part) for part in found["loc"][1:]]
    name = f"`{shortened('.'.join(place), 80)[1:-1]}`" if place else "The body"
    if kind == "extra_forbidden":
        return f"{name} is not a field that goes here."
    return f"{name} {in_plain_words(kind, found.get('ctx', {}))}."


async def _on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # it is registered for these
    code, message, hint = _OF_STATUS.get(
        error.status_code, ("refused", "The request cannot be taken as it is.", _SEE_DOCS)
    )
    return error_answer(error.status_code, code, message, hint, error.headers)
