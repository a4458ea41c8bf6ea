"""People's data: all of it to whoever asks for a person, and none of it left."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import WithJsonSchema
from starlette.responses import Response

from oo.api.answers import ErasedAnswer
from oo.api.errors import JsonAnswer
from oo.api.requests import ID_SCHEMA, UserId
from oo.api.strict import StrictRoute
from oo.usecases.app import App

ZIP = "application/zip"
_UserId = Annotated[UserId, Path()]
_ToErase = Annotated[
    UserId,
    WithJsonSchema({**ID_SCHEMA, "examples": ["eve"]}),  # whoever tries the examples keeps Ada
    Path(),
]


def router(app: App, *, clock: Callable[[], int]) -> APIRouter:
    """Return the routes over an App; `clock` returns epoch milliseconds."""
    routes = APIRouter(route_class=StrictRoute, tags=["people"])

    @routes.get(
        "/users/{user_id}/export",
        response_class=Response,
        responses={200: {"content": {ZIP: {"schema": {"type": "string", "format": "binary"}}}}},
    )
    def export(user_id: _UserId) -> Response:
        """Return everything that is recorded about a person: a zip of event-log lines, with a README."""
        content = app.export(user_id)
        headers = {"Content-Disposition": f'attachment; filename="oo-export-{user_id}.zip"'}
        return Response(content, media_type=ZIP, headers=headers)

    @routes.delete("/users/{user_id}", response_model=ErasedAnswer)
    def erase(user_id: _ToErase) -> JsonAnswer:
        """Delete everything about a person, for good; again changes nothing. What comes in about them is refused."""
        app.erase(user_id, now_ms=clock())
        return JsonAnswer({"status": "erased"})

    return routes
