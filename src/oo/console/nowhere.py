"""An address that leads nowhere, for people: a browser gets a page, and a program its JSON."""

from fastapi import APIRouter, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from oo.console.route import PageRoute


class BrowserRoute(PageRoute):
    """A route that only who asks for HTML is led to."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what the path and method say, if the request would take HTML."""
        asks = scope["type"] == "http" and scope["method"] == "GET"
        if asks and "text/html" in Headers(scope=scope).get("accept", ""):
            return super().matches(scope)
        return Match.NONE, {}


def router() -> APIRouter:
    """Return the route of every address that no other has: it goes last."""
    routes = APIRouter(route_class=BrowserRoute, include_in_schema=False)
    routes.add_api_route("/{path:path}", nowhere, methods=["GET"], response_model=None)
    return routes


def nowhere(path: str) -> Response:
    """Raise that there is nothing there, which the route makes a page of."""
    raise HTTPException(404, f"There is nothing at {path}.")
