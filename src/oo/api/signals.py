"""/signals: objects of the event log, each recorded, or refused by its place."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Body

from oo.api.answers import SignalsAnswer
from oo.api.errors import JsonAnswer
from oo.api.metrics import Metrics
from oo.api.requests import Signals
from oo.api.strict import StrictRoute
from oo.domain.errors import Refused
from oo.domain.facts import Fact
from oo.domain.outcome import Fate, Outcome
from oo.sources.event_log import parse_object
from oo.usecases.app import App
from oo.usecases.ingest import Ingested

_Signals = Annotated[Signals, Body()]
SIGNALS_A_WRITE = 50
"""So many signals share a write, so that a long list does not keep everyone else waiting."""


def router(app: App, metrics: Metrics, *, clock: Callable[[], int]) -> APIRouter:
    """Return the route over an App; `clock` returns epoch milliseconds."""
    routes = APIRouter(route_class=StrictRoute, tags=["recommender"])

    @routes.post("/signals", response_model=SignalsAnswer)
    def signals(sent: _Signals) -> JsonAnswer:
        """Record objects of the event log; a bad one is refused by its place, and the others are kept."""
        answer = recorded(app, sent, clock())
        for fate in ("accepted", "duplicates", "waiting"):
            metrics.signals(fate, answer[fate])
        metrics.signals("refused", len(answer["refused"]))
        return JsonAnswer(answer)

    return routes


def recorded(app: App, sent: Sequence[object], now_ms: int) -> dict[str, Any]:
    """Record objects of the event log that arrived now; return the answer's document."""
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
