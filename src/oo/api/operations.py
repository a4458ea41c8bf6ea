"""For whoever operates the service: is it alive, is it ready, how is it doing."""

from collections.abc import Callable
from contextlib import suppress

from fastapi import APIRouter
from starlette.responses import Response

from oo.api.answers import HealthAnswer, ReadyAnswer
from oo.api.errors import JsonAnswer
from oo.api.metrics import CONTENT_TYPE, Metrics
from oo.api.threads import on_a_lookout
from oo.domain.errors import StoreError
from oo.usecases.app import App


def router(
    app: App, metrics: Metrics, *, clock: Callable[[], int], trouble: Callable[[], str | None]
) -> APIRouter:
    """Return the operator's routes. `trouble` says why the bus cannot be worked with, None where it can."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/healthz", response_model=HealthAnswer)
    async def health() -> JsonAnswer:
        """Say that the process answers."""
        return JsonAnswer({"status": "ok"})

    @routes.get("/readyz", response_model=ReadyAnswer)
    async def ready() -> JsonAnswer:
        """Say that the store can be read and written, and what else is not as it should be."""
        await on_a_lookout(app.check_ready)
        reason = trouble()
        return JsonAnswer({"status": "degraded", "reason": reason} if reason else {"status": "ready"})

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def metrics_page() -> Response:
        """Return the meters in the text format of Prometheus."""
        with suppress(StoreError):  # without its store a service has meters all the same
            metrics.bus(await on_a_lookout(app.events.backlog), clock(), up=trouble() is None)
        return Response(metrics.page(), media_type=CONTENT_TYPE)

    return routes
