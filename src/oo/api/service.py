"""The service as one ASGI app: the routes, and what stands around them from the outside in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Scope

from oo import __version__
from oo.api import operations, people, quality, recommender, scorer, signals
from oo.api.admission import Door, Room, Seats
from oo.api.answers import ErrorAnswer
from oo.api.body_limit import BodyLimit
from oo.api.errors import add_error_answers
from oo.api.guard import Guard
from oo.api.metrics import Metrics
from oo.api.request_log import RequestLog
from oo.usecases.app import App

_DESCRIPTION = "One useful tip at a time, learned from how a person reacts to it."
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": words}
    for status, words in {
        400: "The body did not come whole.",
        403: "The request's Host or Origin is not this service.",
        404: "What was asked for does not exist.",
        408: "The body did not come in time.",
        409: "At odds with what is recorded.",
        413: "The body is too large.",
        415: "The body is not declared to be JSON, or is compressed.",
        422: "The request cannot be accepted as it is.",
        503: "The store does not answer, or too much waits; nothing was recorded. Ask again after Retry-After.",
    }.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of a body the service reads, for how long, and how many requests may be under way."""

    body_bytes: int
    body_sec: float
    requests: int = 256


def build(  # noqa: PLR0913  # what a service is made of, all of it by name
    app: App,
    *,
    hosts: frozenset[str],
    limits: Limits,
    clock: Callable[[], int],
    new_id: Callable[[], str],
    pages: Sequence[APIRouter] = (),
    metrics: Metrics | None = None,
    trouble: Callable[[], str | None] = lambda: None,
    overloaded: Callable[[Scope], ASGIApp | None] = lambda _: None,
) -> ASGIApp:
    """Return the service over an App. `hosts` are the Host headers it answers to, `pages` the routers of HTML pages.

    `trouble` says why the service is not all it should be, for its readiness; `overloaded` is the page for whoever
    asks for one that there is no room for.
    """
    metrics = metrics or Metrics()
    service = routed(app, metrics, clock=clock, new_id=new_id, trouble=trouble)
    for page in pages:
        service.include_router(page, include_in_schema=False)
    room = Room(metrics, limits.requests, overloaded)
    limited = BodyLimit(Seats(service, room), most_bytes=limits.body_bytes, most_sec=limits.body_sec)
    return RequestLog(Door(Guard(limited, hosts), room), metrics, new_id)


def routed(
    app: App,
    metrics: Metrics,
    *,
    clock: Callable[[], int],
    new_id: Callable[[], str],
    trouble: Callable[[], str | None] = lambda: None,
) -> FastAPI:
    """Return the API's routes, with its OpenAPI document."""
    service = FastAPI(
        title="oO",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=_ERRORS,
    )
    add_error_answers(service)
    service.include_router(recommender.router(app, metrics, clock=clock, new_id=new_id))
    service.include_router(signals.router(app, metrics, clock=clock))
    service.include_router(scorer.router(app, clock=clock, new_id=new_id))
    service.include_router(operations.router(app, metrics, clock=clock, trouble=trouble))
    service.include_router(people.router(app, clock=clock))
    service.include_router(quality.router(app, metrics, clock=clock))
    return service
