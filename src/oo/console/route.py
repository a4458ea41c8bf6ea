"""Routes of pages: what goes wrong is answered as a page too, one that says what to do."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from oo.console.rendering import guarded, page
from oo.domain.errors import (
    Conflict,
    InvalidId,
    OoError,
    Refused,
    StoreError,
    UnknownTask,
    UnknownTip,
    UnknownUser,
)

Answering = Callable[[Request], Coroutine[Any, Any, Response]]
RETRY_AFTER_SEC = "2"
ASK_AGAIN_SEC = "5"
"""So soon does a page that could not be shown ask again by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a page says where something cannot be done: what is wrong, and what to do."""

    status: int
    heading: str
    advice: str


_NOWHERE = Problem(
    status=HTTPStatus.NOT_FOUND,
    heading="There is nothing here.",
    advice="The address may be mistyped, or what was here is gone.",
)
_NOBODY = Problem(
    status=HTTPStatus.NOT_FOUND,
    heading="Nobody is known by that name here.",
    advice="Names are told apart to the letter. See who is here, or add yourself.",
)
_UNREADABLE = Problem(
    status=HTTPStatus.UNPROCESSABLE_ENTITY,
    heading="That could not be read.",
    advice="Nothing was changed. Go back and try once more.",
)
_OF_ERROR: Mapping[type[OoError], Problem] = {
    UnknownUser: _NOBODY,
    InvalidId: _NOBODY,
    UnknownTip: Problem(
        status=HTTPStatus.NOT_FOUND,
        heading="That tip is not on this page.",
        advice="It may be somebody else's, or from a store that is gone. Nothing was changed.",
    ),
    UnknownTask: Problem(
        status=HTTPStatus.NOT_FOUND,
        heading="That task is not on this list.",
        advice="It may have been taken off in the meantime. Nothing was changed.",
    ),
    StoreError: Problem(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        heading="oO cannot get at its notes right now.",
        advice="Nothing was changed. Try again in a moment.",
    ),
    Conflict: Problem(
        status=HTTPStatus.CONFLICT,
        heading="That does not fit what is written down.",
        advice="Nothing was changed. Look at the page anew, and answer what it shows.",
    ),
    Refused: _UNREADABLE,
}
"""In this order: the first kind that fits. Any other error of ours is a fault, and the service's to report."""


class PageRoute(APIRoute):
    """A route whose answer is a page, or leads to one."""

    def get_route_handler(self) -> Answering:
        """Return a handler that answers what goes wrong as a page, and guards every answer."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            try:
                return guarded(await handle(request))
            except (OoError, RequestValidationError, HTTPException) as error:
                problem = _problem(error)
                if problem is None:
                    raise
                return problem_page(problem, request.method, request.path_params.get("user_id"))

        return answer


def _problem(error: OoError | RequestValidationError | HTTPException) -> Problem | None:
    if isinstance(error, OoError):
        return next((problem for kind, problem in _OF_ERROR.items() if isinstance(error, kind)), None)
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.NOT_FOUND:
        return _NOWHERE
    return _UNREADABLE


def problem_page(problem: Problem, method: str, asked: str | None = None) -> Response:
    """Return the page that says what is wrong; `asked` is the id of the person whose page was asked for."""
    known = asked if problem is not _NOBODY else None
    away = problem.status == HTTPStatus.SERVICE_UNAVAILABLE
    again = away and method == "GET"  # what was posted is for the person to send again
    response = page(
        "problem.html", problem.status, problem=problem, user_id=known, asked=asked, asks_again=again
    )
    if away:
        response.headers["Retry-After"] = RETRY_AFTER_SEC
    if again:
        response.headers["Refresh"] = ASK_AGAIN_SEC
    return response
