"""The reference of the API as a page, made from the service's own OpenAPI document."""

from fastapi import APIRouter, Request, Response

from oo.console.openapi import calls
from oo.console.rendering import page
from oo.console.route import PageRoute


def router() -> APIRouter:
    """Return the route of the page."""
    routes = APIRouter(route_class=PageRoute, include_in_schema=False)
    routes.add_api_route("/docs", _reference, methods=["GET"], response_model=None)
    return routes


def _reference(request: Request) -> Response:
    document = request.app.openapi()
    found = calls(document)
    return page(
        "reference.html",
        version=document["info"]["version"],
        address=str(request.base_url).rstrip("/"),
        groups={
            tag: [call for call in found if call.tag == tag]
            for tag in dict.fromkeys(call.tag for call in found)
        },
        errors=sorted({pair for call in found for pair in call.errors.items()}),
    )
