"""For whoever operates the service: is it alive, is it ready, how is it doing."""

from fastapi import APIRouter
from starlette.responses import Response

from oo.api.answers import HealthAnswer, ReadyAnswer
from oo.api.errors import JsonAnswer
from oo.api.metrics import CONTENT_TYPE, Metrics
from oo.usecases.app import App


def router(app: App, metrics: Metrics) -> APIRouter:
    """Return the operator's routes."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/healthz", response_model=HealthAnswer)
    async def health() -> JsonAnswer:
        """Say that the process answers."""
        return JsonAnswer({"status": "ok"})

    @routes.get("/readyz", response_model=ReadyAnswer)
    def ready() -> JsonAnswer:
        """Say that the store can be read and written."""
        app.check_ready()
        return JsonAnswer({"status": "ready"})

    @routes.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    def metrics_page() -> Response:
        """Return the meters in the text format of Prometheus."""
        return Response(metrics.page(), media_type=CONTENT_TYPE)

    return routes
