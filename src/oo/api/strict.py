"""Routes whose bodies are read strictly: what is refused is refused before a model sees it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers

from oo.api.errors import error_answer
from oo.domain.errors import InvalidFact
from oo.domain.strict_json import read_json

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
QUICK_BYTES = 32 * 1024
"""A longer body is read on a thread of its own, so that the requests beside it are not kept waiting."""
MOST_BRACKETS = 100_000
"""So many lists and objects may begin in a body: the decoder makes them all without letting anyone in between."""


class StrictRequest(Request):
    """A request whose JSON is read by our own rules; the size of its body is bounded before it comes here."""

    async def json(self) -> Any:
        """Return the body; raises `InvalidFact` for what is no JSON, or JSON that cannot be kept."""
        if not hasattr(self, "_json"):
            body = await self.body()
            if len(body) <= QUICK_BYTES:
                self._json = _read(body)
            else:
                self._json = await run_in_threadpool(_read, body)
        return self._json


class StrictRoute(APIRoute):
    """A route that takes JSON, and nothing that calls itself otherwise."""

    def get_route_handler(self) -> Handler:
        """Return a handler that reads the body before the models do."""
        handle = super().get_route_handler()
        takes_body = self.body_field is not None

        async def read_then_handle(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            if takes_body:
                refusal = _refusal(request.headers)
                if refusal is not None:
                    return refusal
                await strict.json()
            return await handle(strict)

        return read_then_handle


def _read(body: bytes) -> object:
    if body.count(b"[") + body.count(b"{") > MOST_BRACKETS:
        raise InvalidFact(
            f"The body holds more than {MOST_BRACKETS:,} lists and objects.", "Send it in parts."
        )
    return read_json(body, len(body), what="body")


def _refusal(headers: Headers) -> Response | None:
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return error_answer(
            415,
            "not_json",
            "The body is not declared to be JSON.",
            "Send it with Content-Type: application/json.",
        )
    if headers.get("content-encoding", "identity").lower() != "identity":
        return error_answer(
            415, "encoded_body", "The body is compressed.", "Send it as it is, without Content-Encoding."
        )
    return None
