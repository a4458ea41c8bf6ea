"""A service that has too much to do, for people: a browser gets a page that asks again, and a program its JSON."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Scope

from oo.console.route import Problem, problem_page

_OVERLOADED = Problem(
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    heading="oO has too much to do right now.",
    advice="Nothing was changed. Try again in a moment.",
)


def answer(scope: Scope) -> ASGIApp | None:
    """Return the page for who would take HTML, None for anybody else."""
    if "text/html" in Headers(scope=scope).get("accept", ""):
        return problem_page(_OVERLOADED, scope["method"])
    return None
