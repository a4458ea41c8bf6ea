"""Routes whose bodies are read strictly: what is refused is refused before a model sees it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from oo.api.errors import error_answer
from oo.domain.strict_json import read_json

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRequest(Request):
    """A request whose JSON is read by our own rules; the size of its body is bounded before it comes here."""

    async def json(self) -> Any:
        """Return the body; raises `InvalidFact` for what is no JSON, or JSON that cannot be kept."""
        if not hasattr(self, "_json"):
            body = await self.body()
            self._json = read_json(body, len(body), what="body")
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
                if not _is_json(request.headers.get("content-type", "")):
                    return error_answer(
                        415,
                        "not_json",
                        "The body is not declared to be JSON.",
                        "Send it with Content-Type: application/json.",
                    )
                await strict.json()
            return await handle(strict)

        return read_then_handle


def _is_json(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "application/json"
