"""The scorer: /score, /reward, /stats, /reset, for programs that show the chosen candidate themselves."""

import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from oo.api import documents
from oo.api.answers import ResetAnswer, RewardAnswer, ScoreAnswer, StatsAnswer
from oo.api.errors import JsonAnswer
from oo.api.requests import ResetRequest, RewardRequest, ScoreRequest, UserId
from oo.api.strict import StrictRoute
from oo.api.threads import on_a_thread
from oo.domain.outcome import Fate
from oo.usecases.app import App

_Policy = Annotated[str, Path(examples=["egreedy"], max_length=64)]
_Version = Annotated[str, Path(examples=["v2"], max_length=64)]
_UserId = Annotated[UserId, Query()]
_MILLISECOND_SEC = 0.001
_STATUS = {Fate.ACCEPTED: "applied", Fate.DUPLICATE: "duplicate", Fate.WAITING: "waiting"}


def router(app: App, *, clock: Callable[[], int], new_id: Callable[[], str]) -> APIRouter:
    """Return the scorer's routes over an App; `clock` returns epoch milliseconds."""
    routes = APIRouter(route_class=StrictRoute, tags=["scorer"])

    @routes.post("/score", response_model=ScoreAnswer)
    async def score(asked: ScoreRequest) -> JsonAnswer:
        """Choose among candidates by the active policy. The same decision_id again gives the same answer."""
        return JsonAnswer(await on_a_thread(lambda: _scored(app, asked, clock(), new_id, policy=None)))

    @routes.post("/score/{policy}/{version}", response_model=ScoreAnswer)
    async def score_by(policy: _Policy, version: _Version, asked: ScoreRequest) -> JsonAnswer:
        """Choose among candidates by one policy and version."""
        name = f"{policy}/{version}"
        return JsonAnswer(await on_a_thread(lambda: _scored(app, asked, clock(), new_id, policy=name)))

    @routes.post("/reward", response_model=RewardAnswer)
    def reward(given: RewardRequest) -> JsonAnswer:
        """Say how a decision turned out; a second, different reward corrects the first."""
        fate = app.reward(given.decision_id, given.reward, now_ms=clock())
        return JsonAnswer({"status": _STATUS[fate]})

    @routes.post("/reward/{policy}/{version}", response_model=RewardAnswer)
    def reward_for(policy: _Policy, version: _Version, given: RewardRequest) -> JsonAnswer:
        """Say how a decision of one policy turned out; another policy's is a conflict."""
        fate = app.reward(given.decision_id, given.reward, now_ms=clock(), policy=f"{policy}/{version}")
        return JsonAnswer({"status": _STATUS[fate]})

    @routes.get("/stats/{policy}/{version}", response_model=StatsAnswer)
    def stats(policy: _Policy, version: _Version, user_id: _UserId) -> JsonAnswer:
        """Return what a policy has learned about a person; the prior for somebody unknown."""
        return JsonAnswer(documents.learned(app.knowledge.of(user_id, f"{policy}/{version}")))

    @routes.post("/reset", response_model=ResetAnswer)
    def reset(asked: ResetRequest) -> JsonAnswer:
        """Let every policy and version forget a person. Facts and profile stay."""
        forgot = app.knowledge.reset(asked.user_id, now_ms=clock())
        # What was decided in the same millisecond is forgotten as well; what comes after this answer is not.
        time.sleep(_MILLISECOND_SEC)
        return JsonAnswer({"reset": list(forgot)})

    return routes


def _scored(
    app: App, asked: ScoreRequest, now_ms: int, new_id: Callable[[], str], *, policy: str | None
) -> dict[str, Any]:
    scored = app.score(
        asked.user_id,
        tuple(candidate.model_dump() for candidate in asked.candidates),
        decision_id=asked.decision_id or new_id(),
        now_ms=now_ms,
        policy=policy,
        context=asked.context,
        profile_features=asked.profile_features,
    )
    return documents.decision(scored)
