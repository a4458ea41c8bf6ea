"""The worker: takes events from the outbox to the bus, and from the bus to the use cases, on threads of its own."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from oo.domain.errors import BusUnavailable, StoreClosed, StoreError
from oo.domain.event import MOST_REFUSALS, ReceivedEvent
from oo.domain.outcome import Fate, Outcome
from oo.ports import Bus, Consumer
from oo.usecases.app import App
from oo.usecases.publish import Publish

Taking: TypeAlias = Callable[[App, Sequence[ReceivedEvent], int], Sequence[Outcome]]


def _record(app: App, events: Sequence[ReceivedEvent], now_ms: int) -> Sequence[Outcome]:
    return app.events.take(events, now_ms=now_ms)


def _pass_over(_: App, events: Sequence[ReceivedEvent], __: int) -> Sequence[Outcome]:
    return [Outcome(key="", fate=Fate.DUPLICATE) for _ in events]


USE_CASES: Mapping[str, Taking] = {
    "signals.shadow.": _pass_over,  # what a shadow would have done is no fact about a person
    "signals.": _record,
    "feedback.": _record,
}
"""What is done with an event, by how its subject begins; the first that fits."""
STREAMS = ("signals", "feedback")
POLL_SEC = 0.2
"""So often does it look into the outbox."""
TURN_SEC = 1.0
"""So often does it ask whether to publish is its turn."""
FORGET_SEC = 3600.0
LISTEN_SEC = 1.0
"""So long does it wait for an event, and a stop for it."""
BATCH = 100
BACKOFF_SEC = (0.5, 2.0, 10.0, 30.0)
"""How long after its first, second, … refusal an event is tried again."""
AGAIN_SEC = 0.5
"""So often does it look for events to try again."""
PAUSE_SEC = (0.5, 1.0, 2.0, 5.0)
"""How long to leave a bus or a store alone that did not answer, the first, second, … time in a row."""
STOP_SEC = 5.0
"""So long does a stop wait for what is under way; whatever is cut off is published, or comes, again."""
_log = logging.getLogger("oo.bus")


class Meters(Protocol):
    """What counts."""

    def published(self, count: int) -> None:
        """Count events that the bus has taken."""

    def received(self, fate: str, count: int) -> None:
        """Count events that came over the bus, by what became of them."""


@dataclass(eq=False, slots=True, kw_only=True)
class Worker:
    """Works inside a `with` block.

    `listens`: whether other systems are on the bus, whose events are recorded here. `publishes` says each time whether
    it is this worker of several that publishes now.
    """

    app: App
    bus: Bus
    meters: Meters
    clock: Callable[[], int]
    listens: bool
    publishes: Callable[[], bool] = lambda: True
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _troubles: dict[str, str] = field(default_factory=dict)

    def trouble(self) -> str | None:
        """Return why the bus cannot be worked with at the moment, None where it can."""
        return next(iter(list(self._troubles.values())), None)

    def __enter__(self) -> Self:
        """Start; whether the bus is there is found out on the way, and nobody waits for it."""
        self._begin("publishing", _Publishing(self.app, self.bus, self.meters, self.clock, self.publishes))
        if self.listens:
            for stream in STREAMS:
                listening = _Listening(self.app, self.bus.consumer(stream), self.meters, self.clock)
                self._begin(f"listening to {stream}", listening)
            self._begin("trying again", _Trying(self.app, self.meters, self.clock, self.publishes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for what is under way."""
        self._stopping.set()
        until = time.monotonic() + STOP_SEC
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _begin(self, name: str, step: Callable[[], float]) -> None:
        thread = threading.Thread(target=self._repeat, args=(name, step), name=f"oo-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _repeat(self, name: str, step: Callable[[], float]) -> None:
        """Take one step after the other, each as long after the last as that says, until stopped."""
        failures = 0
        while not self._stopping.is_set():
            try:
                pause = step()
            except StoreClosed:
                return
            except Exception as error:  # noqa: BLE001  # whatever it is, the service goes on, and this tries again
                self._failed(name, error, failures)
                pause, failures = PAUSE_SEC[min(failures, len(PAUSE_SEC) - 1)], failures + 1
            else:
                self._went_well(name)
                failures = 0
            self._stopping.wait(pause)

    def _failed(self, name: str, error: Exception, failures: int) -> None:
        self._troubles[name] = f"{name}: {error}"
        if failures == 0:
            expected = isinstance(error, (BusUnavailable, StoreError))  # whose words say what to do
            _log.warning("%s has stopped: %s", name, error, exc_info=None if expected else error)

    def _went_well(self, name: str) -> None:
        if self._troubles.pop(name, None) is not None:
            _log.warning("%s goes on", name)


class _Publishing:
    """One step: the next events of the outbox."""

    def __init__(
        self, app: App, bus: Bus, meters: Meters, clock: Callable[[], int], mine: Callable[[], bool]
    ) -> None:
        self._publish = Publish(store=app.store, bus=bus)
        self._meters, self._clock, self._mine = meters, clock, _Turn(mine)
        self._forgotten_ms = 0

    def __call__(self) -> float:
        if not self._mine(anew=True):
            return TURN_SEC
        now_ms = self._clock()
        if now_ms - self._forgotten_ms >= FORGET_SEC * 1000:
            self._publish.forget(now_ms=now_ms)
            self._forgotten_ms = now_ms
        count = self._publish(now_ms=now_ms, mine=self._mine)
        if count:
            self._meters.published(count)
        return 0.0 if count else POLL_SEC


@dataclass(eq=False, slots=True)
class _Turn:
    """Whether it is this process that publishes, asked again once the last answer is `TURN_SEC` old.

    So a process that stood still in the middle of many events does not go on with them once somebody else has.
    """

    ask: Callable[[], bool]
    _mine: bool = False
    _asked: float = 0.0

    def __call__(self, *, anew: bool = False) -> bool:
        now = time.monotonic()
        if anew or now - self._asked >= TURN_SEC:
            self._mine, self._asked = self.ask(), now
        return self._mine


@dataclass(frozen=True, slots=True)
class _Listening:
    """One step: the next events of a stream. They are acknowledged after the commit that records or refuses them.

    What is refused waits in the store to be tried again, not on the bus: a bus hands out only so many events before
    they are settled, and those that wait would take the place of others.
    """

    app: App
    consumer: Consumer
    meters: Meters
    clock: Callable[[], int]

    def __call__(self) -> float:
        deliveries = self.consumer.fetch(BATCH, LISTEN_SEC)
        try:
            outcomes = self._taken([delivery.event for delivery in deliveries])
        except BaseException:
            for delivery in deliveries:  # no event's fault: they come again when whatever it is has passed
                with suppress(BusUnavailable):
                    delivery.retry(PAUSE_SEC[-1])
            raise
        for delivery, outcome in zip(deliveries, outcomes, strict=True):
            _tell(self.meters, delivery.event, outcome)
            delivery.acknowledge()
        return 0.0

    def _taken(self, events: Sequence[ReceivedEvent]) -> list[Outcome]:
        found: dict[int, Outcome] = {}
        for take in dict.fromkeys(map(use_case, events)):
            places = [place for place, event in enumerate(events) if use_case(event) is take]
            outcomes = take(self.app, [events[place] for place in places], self.clock())
            found.update(zip(places, outcomes, strict=True))
        return [found[place] for place in range(len(events))]


@dataclass(frozen=True, slots=True)
class _Trying:
    """One step: the events that were refused before and may be tried again, where it is this process's turn."""

    app: App
    meters: Meters
    clock: Callable[[], int]
    mine: Callable[[], bool]

    def __call__(self) -> float:
        if not self.mine():
            return TURN_SEC
        waits = (BACKOFF_SEC[min(tries, len(BACKOFF_SEC)) - 1] for tries in range(1, MOST_REFUSALS))
        after_ms = [int(wait * 1000) for wait in waits]
        tried = self.app.events.try_again(after_ms, most=BATCH, now_ms=self.clock())
        for event, outcome in tried:
            _tell(self.meters, event, outcome)
        return 0.0 if tried else AGAIN_SEC


def use_case(event: ReceivedEvent) -> Taking:
    """Return what is done with an event."""
    return next(take for begins, take in USE_CASES.items() if event.subject.startswith(begins))


def _tell(meters: Meters, event: ReceivedEvent, outcome: Outcome) -> None:
    meters.received(outcome.fate, 1)
    if outcome.dead:
        _log.warning("an event under %s is dead: %s", event.subject, outcome.message)
