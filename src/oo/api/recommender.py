"""The recommender: /recommend, /feedback, and what is known of a person."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path

from oo.api import documents
from oo.api.answers import FeaturesAnswer, FeedbackAnswer, ProfileAnswer, RecommendAnswer
from oo.api.errors import JsonAnswer
from oo.api.metrics import Metrics
from oo.api.requests import FeedbackRequest, RecommendRequest, UserId
from oo.api.strict import StrictRoute
from oo.api.threads import on_a_thread
from oo.domain.facts import Reaction
from oo.domain.outcome import Fate
from oo.usecases.app import App

_UserId = Annotated[UserId, Path()]


def router(app: App, metrics: Metrics, *, clock: Callable[[], int], new_id: Callable[[], str]) -> APIRouter:
    """Return the recommender's routes over an App; `clock` returns epoch milliseconds."""
    routes = APIRouter(route_class=StrictRoute, tags=["recommender"])

    @routes.post("/recommend", response_model=RecommendAnswer, response_model_exclude_unset=True)
    async def recommend(asked: RecommendRequest) -> JsonAnswer:
        """Return the next tip. One that is open, without a reaction, is returned again for 30 minutes."""
        answer = await on_a_thread(
            lambda: app.recommend(
                asked.user_id, now_ms=clock(), tip_id=new_id(), fresh=asked.fresh, explain=asked.explain
            )
        )
        if answer.tip is not None:
            # A tip that came in by a log may name anything as its policy, and each name would be a meter.
            policy = answer.tip.policy or ""
            metrics.tip(policy if policy in app.learner.policies else "other")
        return JsonAnswer(documents.recommendation(answer))

    @routes.post("/feedback", response_model=FeedbackAnswer)
    async def feedback(given: FeedbackRequest) -> JsonAnswer:
        """Take a reaction to a tip. It is on disk when this answers."""
        fate = await on_a_thread(
            lambda: app.feedback(
                given.tip_id,
                Reaction(given.reaction),
                now_ms=clock(),
                at_ms=given.at,
                snooze_until_ms=given.snooze_until,
            )
        )
        if fate is Fate.ACCEPTED:
            metrics.reaction(given.reaction)
        return JsonAnswer({"status": "applied" if fate is Fate.ACCEPTED else "duplicate"})

    @routes.get("/users/{user_id}/profile", response_model=ProfileAnswer)
    def profile(user_id: _UserId) -> JsonAnswer:
        """Return every profile feature; those past their TTL are computed anew."""
        return JsonAnswer(documents.profile(app.profiles.get(user_id, now_ms=clock())))

    @routes.post("/users/{user_id}/profile/rebuild", response_model=ProfileAnswer)
    def rebuild(user_id: _UserId) -> JsonAnswer:
        """Compute every profile feature anew."""
        return JsonAnswer(documents.profile(app.profiles.rebuild(user_id, now_ms=clock())))

    @routes.get("/features", response_model=FeaturesAnswer)
    def features() -> JsonAnswer:
        """Return the catalogue of features."""
        return JsonAnswer(
            {"features": [documents.feature(app.registry, definition) for definition in app.registry]}
        )

    return routes
