"""Turn away at the door what is more than the service gets through, while there is still room to say so."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from oo.api.errors import answer_to
from oo.api.metrics import Metrics
from oo.domain.errors import Overloaded

ALWAYS = frozenset({"/healthz", "/readyz", "/metrics"})
"""What is answered however full it is: by these an operator sees that it is."""
_SAY_AGAIN_SEC = 1.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Room:
    """How many requests are under way, of the `most` that may be. The loop alone uses it, so that it needs no lock.

    `page` is what somebody is told who asked for a page; None for who did not.
    """

    metrics: Metrics
    most: int
    page: Callable[[Scope], ASGIApp | None] = lambda _: None
    taken: int = 0
    _said: float = -math.inf

    def is_full(self) -> bool:
        """Return whether no other request may be let in."""
        return self.taken >= self.most

    async def turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503; that is counted each time, and said once a second."""
        self.metrics.turned_away()
        now = time.monotonic()
        if now - self._said >= _SAY_AGAIN_SEC:
            self._said = now
            _log.warning("overloaded", most_requests=self.most)
        answer = self.page(scope) or answer_to(
            Overloaded(
                f"{self.most:,} requests are under way already; nothing was recorded.",
                "Ask again in a moment.",
            )
        )
        await answer(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Door:
    """Turns requests away while there is no room, before their bodies are read."""

    app: ASGIApp
    room: Room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503, or pass the request on."""
        turned_away = scope["type"] == "http" and scope["path"] not in ALWAYS and self.room.is_full()
        await (self.room.turn_away if turned_away else self.app)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Seats:
    """Lets in as many requests as there is room for.

    One that has not come whole takes up none: whoever sends a body slowly, or never, keeps nobody out.
    """

    app: ASGIApp
    room: Room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 503, or pass the request on and count it until it is answered."""
        if scope["type"] != "http" or scope["path"] in ALWAYS:
            await self.app(scope, receive, send)
        elif self.room.is_full():
            await self.room.turn_away(scope, receive, send)
        else:
            self.room.taken += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.room.taken -= 1
