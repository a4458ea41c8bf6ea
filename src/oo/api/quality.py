"""Data quality over HTTP: what is measured, and which alerts are open."""

from collections.abc import Callable

from fastapi import APIRouter

from oo.api.answers import QualityAnswer
from oo.api.documents import quality
from oo.api.errors import JsonAnswer
from oo.api.metrics import Metrics
from oo.usecases.app import App


def router(app: App, metrics: Metrics, *, clock: Callable[[], int]) -> APIRouter:
    """Return the route over an App; `clock` returns epoch milliseconds."""
    routes = APIRouter(tags=["operations"])

    @routes.get("/quality", response_model=QualityAnswer)
    def panel() -> JsonAnswer:
        """Measure the quality of the data as of now. Alerts are raised and cleared by the service's own checks."""
        seen = app.quality.panel(now_ms=clock())
        metrics.measured(seen)
        return JsonAnswer(quality(seen))

    return routes
