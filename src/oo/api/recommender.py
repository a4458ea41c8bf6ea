"""The recommender: /recommend, /feedback, /signals, and what is known of a person."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path

from oo.api import documents
from oo.api.answers import FeaturesAnswer, FeedbackAnswer, ProfileAnswer, RecommendAnswer, SignalsAnswer
from oo.api.errors import JsonAnswer
from oo.api.metrics import Metrics
from oo.api.requests import FeedbackRequest, RecommendRequest, Signals, UserId
from oo.api.strict import StrictRoute
from oo.api.threads import on_a_thread
from oo.domain.errors import Refused
from oo.domain.facts import Fact, Reaction
from oo.domain.outcome import Fate, Outcome
from oo.sources.event_log import parse_object
from oo.usecases.app import App
from oo.usecases.ingest import Ingested

_UserId = Annotated[UserId, Path()]
_Signals = Annotated[Signals, Body()]
SIGNALS_A_WRITE = 50
"""So many signals share a write, so that a long list does not keep everyone else waiting."""


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

    @routes.post("/signals", response_model=SignalsAnswer)
    def signals(sent: _Signals) -> JsonAnswer:
        """Record objects of the event log; a bad one is refused by its place, and the others are kept."""
        answer = _recorded(app, sent, clock())
        for fate in ("accepted", "duplicates", "waiting"):
            metrics.signals(fate, answer[fate])
        metrics.signals("refused", len(answer["refused"]))
        return JsonAnswer(answer)

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


@dataclass(slots=True, kw_only=True)
class _Taken:
    """What became of the signals of a request; one that waited may be released by another that came with it."""

    counts: Counter[Fate] = field(default_factory=Counter)
    refused: list[tuple[int, str]] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)

    def refuse(self, index: int, message: str) -> None:
        self.refused.append((index, message))

    def take(self, places: Sequence[int], ingested: Ingested) -> None:
        for index, outcome in zip(places, ingested.outcomes, strict=True):
            self._count(index, outcome)
        for outcome in ingested.released:
            if outcome.fate is not Fate.WAITING and outcome.key in self.waiting:
                self.counts[Fate.WAITING] -= 1
                self._count(self.waiting.pop(outcome.key), outcome)

    def _count(self, index: int, outcome: Outcome) -> None:
        if outcome.fate is Fate.REFUSED:
            self.refuse(index, outcome.message)
            return
        self.counts[outcome.fate] += 1
        if outcome.fate is Fate.WAITING:
            self.waiting[outcome.key] = index

    def document(self) -> dict[str, Any]:
        return {
            "accepted": self.counts[Fate.ACCEPTED],
            "duplicates": self.counts[Fate.DUPLICATE],
            "waiting": self.counts[Fate.WAITING],
            "refused": [{"index": index, "message": message} for index, message in sorted(self.refused)],
        }


def _recorded(app: App, sent: Sequence[object], now_ms: int) -> dict[str, Any]:
    taken = _Taken()
    facts: list[tuple[int, Fact]] = []
    for index, signal in enumerate(sent):
        try:
            facts.append((index, parse_object(signal)))
        except Refused as refusal:
            taken.refuse(index, str(refusal))
    for start in range(0, len(facts), SIGNALS_A_WRITE):
        batch = facts[start : start + SIGNALS_A_WRITE]
        taken.take([index for index, _ in batch], app.ingest([fact for _, fact in batch], now_ms=now_ms))
    return taken.document()
