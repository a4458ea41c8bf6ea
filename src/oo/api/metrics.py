"""What Prometheus can read: requests by route, and what the loop does."""

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from oo import __version__

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST


class Metrics:
    """The meters of one service."""

    def __init__(self) -> None:
        """Set every meter to zero, in a registry of its own."""
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        self._requests = Counter(
            "oo_http_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "oo_http_request_seconds",
            "Time from the request's first byte read to its answer handed over.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._running = Gauge("oo_http_requests_running", "Requests under way.", registry=self._registry)
        self._tips = Counter(
            "oo_tips", "Tips answered to /recommend, by policy.", ("policy",), registry=self._registry
        )
        self._reactions = Counter(
            "oo_reactions", "Reactions that were recorded.", ("reaction",), registry=self._registry
        )
        self._signals = Counter(
            "oo_signals", "Signals by what became of them.", ("fate",), registry=self._registry
        )
        Gauge("oo_info", "The version that runs.", ("version",), registry=self._registry).labels(
            __version__
        ).set(1)

    def began(self) -> None:
        """Count a request as under way."""
        self._running.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is the pattern that matched, never what was sent."""
        self._running.dec()
        self._requests.labels(method, route, status).inc()
        self._seconds.labels(method, route).observe(seconds)

    def tip(self, policy: str) -> None:
        """Count a tip."""
        self._tips.labels(policy).inc()

    def reaction(self, reaction: str) -> None:
        """Count a reaction."""
        self._reactions.labels(reaction).inc()

    def signals(self, fate: str, count: int) -> None:
        """Count signals of one fate."""
        self._signals.labels(fate).inc(count)

    def page(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        return prometheus_client.generate_latest(self._registry)
