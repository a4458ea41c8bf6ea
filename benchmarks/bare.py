"""FastAPI's own routes on the service's Granian: each validates a body by the service's model, and echoes it.

What `service.py` measures the service beside: no store, no middleware, nothing of oO but the models.

    python benchmarks/bare.py PORT
"""

import sys

from fastapi import FastAPI

from oo.api.requests import FeedbackRequest, RecommendRequest, ScoreRequest
from oo.api.server import serve

HOST = "127.0.0.1"


def bare() -> FastAPI:
    """Return the routes."""
    service = FastAPI()

    @service.post("/score")
    async def score(body: ScoreRequest) -> ScoreRequest:
        return body

    @service.post("/recommend")
    async def recommend(body: RecommendRequest) -> RecommendRequest:
        return body

    @service.post("/feedback")
    async def feedback(body: FeedbackRequest) -> FeedbackRequest:
        return body

    return service


if __name__ == "__main__":
    serve(bare(), HOST, int(sys.argv[1]), ready=lambda: None)
