"""The meters of a service, by what they are about; `oo.api.metrics` has all of them."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from oo import __version__
from oo.domain.event import Backlog

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)


class HttpMeters:
    """Requests by route, and the processes that answer them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Set every meter to zero."""
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        route = ("method", "route")
        self._requests = counter("oo_http_requests", "Requests answered.", (*route, "status"))
        words = "Time from the request's first byte read to its answer handed over."
        self._seconds = Histogram(
            "oo_http_request_seconds", words, route, buckets=_SECONDS, registry=registry
        )
        self._running = gauge("oo_http_requests_running", "Requests under way.", multiprocess_mode="livesum")
        self._turned_away = counter(
            "oo_http_requests_turned_away", "Requests answered 503 because too many were under way."
        )
        info = gauge("oo_info", "The version that runs.", ("version",), multiprocess_mode="livemax")
        info.labels(__version__).set(1)
        words = "Processes that serve at this address."
        gauge("oo_processes", words, multiprocess_mode="livesum").set(1)

    def began(self) -> None:
        """Count a request as under way."""
        self._running.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is the pattern that matched, never what was sent."""
        self._running.dec()
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def turned_away(self) -> None:
        """Count a request that was not let in."""
        self._turned_away.inc()


class LoopMeters:
    """What the loop does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Set every meter to zero."""
        counter = partial(Counter, registry=registry)
        self._tips = counter("oo_tips", "Tips answered to /recommend, by policy.", ("policy",))
        self._reactions = counter("oo_reactions", "Reactions that were recorded.", ("reaction",))
        self._signals = counter("oo_signals", "Signals by what became of them.", ("fate",))

    def tip(self, policy: str) -> None:
        """Count a tip."""
        self._tips.labels(policy).inc()

    def reaction(self, reaction: str) -> None:
        """Count a reaction."""
        self._reactions.labels(reaction).inc()

    def signals(self, fate: str, count: int) -> None:
        """Count signals of one fate."""
        self._signals.labels(fate).inc(count)


class BusMeters:
    """What passes over the bus, and what waits for it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Set every meter to zero."""
        counter = partial(Counter, registry=registry)
        latest = partial(Gauge, registry=registry, multiprocess_mode="livemostrecent")
        self._published = counter("oo_bus_published", "Events that the bus has taken.")
        words = "Events that came over the bus, by what became of them."
        self._received = counter("oo_bus_received", words, ("fate",))
        self._up = latest("oo_bus_up", "Whether the bus answers: 1 or 0.")
        self._waiting = latest("oo_outbox_events", "Events to publish.")
        self._age = latest("oo_outbox_oldest_seconds", "Time that the oldest of them has waited.")
        self._dead = latest("oo_dead_events", "Events that came and could not be recorded.")

    def published(self, count: int) -> None:
        """Count events that the bus has taken."""
        self._published.inc(count)

    def received(self, fate: str, count: int) -> None:
        """Count events that came over the bus, by what became of them."""
        self._received.labels(fate).inc(count)

    def bus(self, backlog: Backlog, now_ms: int, *, up: bool) -> None:
        """Show whether the bus answers, and what waits for it."""
        self._up.set(up)
        self._waiting.set(backlog.count)
        self._age.set(backlog.age_ms(now_ms) / 1000)
        self._dead.set(backlog.dead)
