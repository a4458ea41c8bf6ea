"""The calls of the API, done by the use cases of an App without the service in between."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

from oo.api import documents, signals
from oo.domain.errors import InvalidFact
from oo.domain.event import ReceivedEvent
from oo.domain.facts import Reaction
from oo.domain.instant import parse_instant
from oo.domain.outcome import Fate
from oo.ports import Bus, Transaction
from oo.sources.event_log import parse_object
from oo.usecases.app import App
from oo.usecases.publish import Publish
from tests.torture.calls import BUS, ERASE, HALF, Call
from tests.torture.lines import message_of

DRAIN = "/drain"
"""Wait until the outbox is empty."""
_DRAIN_SEC = 30.0


@dataclass(slots=True)
class Doing:
    """Does calls. With `exact`, the number of a life, nothing is left to chance.

    Calls bring the time then, ids are counted, and events are published between calls instead of beside them.
    """

    app: App
    bus: Bus
    exact: int | None
    _ids: int = 0
    _paths: dict[str, Callable[[Any, int], Any]] = field(init=False)

    def __post_init__(self) -> None:
        self._paths = {
            "/signals": self._signals,
            "/recommend": self._recommend,
            "/feedback": self._feedback,
            "/reward": self._reward,
            BUS: self._published,
            ERASE: self._erase,
            HALF: self._half,
            DRAIN: self._drain,
        }

    def __call__(self, call: Call) -> Any:
        """Return the document that a call is answered with."""
        now_ms = now() if self.exact is None else call.now_ms
        try:
            if call.path.startswith("/score/"):
                return self._score(call.path.removeprefix("/score/"), call.body, now_ms)
            return self._paths[call.path](call.body, now_ms)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is answered, as the service does
            return {"error": {"code": type(error).__name__, "message": str(error)}}

    def afterwards(self, call: Call) -> None:
        """Publish what waits, where no other thread does."""
        if self.exact is not None:
            Publish(store=self.app.store, bus=self.bus)(now_ms=call.now_ms)

    def _new_id(self) -> str:
        if self.exact is None:
            return secrets.token_hex(8)
        self._ids += 1
        return f"{self.exact:x}.{self._ids:x}"

    def _signals(self, body: Any, now_ms: int) -> Any:
        return signals.recorded(self.app, body, now_ms)

    def _recommend(self, body: Any, now_ms: int) -> Any:
        return documents.recommendation(self.app.recommend(**body, now_ms=now_ms, tip_id=self._new_id()))

    def _feedback(self, body: Any, now_ms: int) -> Any:
        until = body.get("snooze_until")
        fate = self.app.feedback(
            body["tip_id"],
            Reaction(body["reaction"]),
            now_ms=now_ms,
            at_ms=parse_instant(body["at"]),
            snooze_until_ms=None if until is None else parse_instant(until),
        )
        return {"status": fate}

    def _score(self, policy: str, body: Any, now_ms: int) -> Any:
        asked = {**body, "candidates": tuple(body["candidates"])}
        scored = self.app.score(**asked, now_ms=now_ms, policy=policy)
        return {"scores": list(scored.scores), "chosen": scored.chosen}

    def _reward(self, body: Any, now_ms: int) -> Any:
        return {"status": self.app.reward(**body, now_ms=now_ms)}

    def _published(self, body: Any, now_ms: int) -> Any:
        """Hand lines over as a bus does: what is refused comes again, until it is dead."""
        left, tries = [message_of(line) for line in body], 0
        while left:
            tries += 1
            events = [
                ReceivedEvent(subject=subject, body=text.encode(), tries=tries) for subject, text in left
            ]
            outcomes = self.app.events.take(events, now_ms=now_ms)
            again = [outcome.fate is Fate.REFUSED and not outcome.dead for outcome in outcomes]
            left = list(compress(left, again))
        return {"published": len(body)}

    def _erase(self, body: Any, now_ms: int) -> Any:
        self.app.erase(**body, now_ms=now_ms)
        return {"status": "erased"}

    def _half(self, body: Any, now_ms: int) -> Any:
        def change(transaction: Transaction) -> None:
            self.app.ingest.within(transaction, [parse_object(body)], now_ms=now_ms)
            raise InvalidFact("It failed when it was half done.")

        self.app.store.write(change)

    def _drain(self, _: Any, now_ms: int) -> Any:
        until = time.monotonic() + _DRAIN_SEC
        while (left := self.app.events.backlog().count) and time.monotonic() < until:
            time.sleep(0.005)
            self.afterwards(Call(DRAIN, None, now_ms))
        return {"left": left}


def now() -> int:
    """Return this machine's time in epoch milliseconds."""
    return time.time_ns() // 1_000_000
