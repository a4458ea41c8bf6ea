"""What Prometheus can read: requests by route, what the loop does, and the quality of the data."""

import os
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import prometheus_client
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from oo.api.meters import BusMeters, HttpMeters, LoopMeters
from oo.domain.quality import Checked, FeatureQuality, Panel
from oo.features.catalog import SYNCED

CONTENT_TYPE = prometheus_client.CONTENT_TYPE_LATEST
METERS_OF_SEVERAL = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names, to the client of Prometheus, the folder in which several processes keep their meters."""
_PANEL = "quality.prom"


_SHARES: Mapping[str, tuple[str, Callable[[FeatureQuality], float | None]]] = {
    "fresh": (
        "values of people served lately that were young enough for their last tip",
        lambda of: of.fresh_share,
    ),
    "null": ("values that are null", lambda of: of.null_share),
    "fallback": ("values that rest on no event", lambda of: of.fallback_share),
}
_OTHER = "source.synced/other"


class _Panel(Collector):
    """What the last look at the data's quality saw, all of it of one instant."""

    def __init__(self) -> None:
        self.seen: Panel | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        seen = self.seen
        if seen is None:
            return
        yield _gauge(
            "oo_quality_measured_seconds",
            "When quality was measured, epoch seconds.",
            {(): seen.at_ms / 1000},
        )
        yield _gauge(
            "oo_quality_alerts",
            "Alerts that are open.",
            Tally((each.condition.kind, _bounded(each.condition.subject)) for each in seen.alerts),
            ("kind", "subject"),
        )
        for name, (words, share) in _SHARES.items():
            shares = {(each.name,): share(each) for each in seen.features}
            known = {key: value for key, value in shares.items() if value is not None}
            yield _gauge(f"oo_feature_{name}_share", f"Share of {words}, by feature.", known, ("feature",))
        silences = {(_bounded(each.name),): each.silent_ms / 1000 for each in reversed(seen.sources)}
        yield _gauge("oo_source_silent_seconds", "Time since a source was heard.", silences, ("source",))


def _gauge(
    name: str, words: str, values: Mapping[Any, float], labels: Sequence[str] = ()
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, words, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def _bounded(subject: str) -> str:
    """Return a subject as a label: sources name themselves, and each name would be a meter."""
    _, slash, source = subject.partition("/")
    return _OTHER if slash and source not in SYNCED else subject


class Metrics(HttpMeters, LoopMeters, BusMeters):
    """The meters of one service."""

    def __init__(self, together: Path | None = None) -> None:
        """Set every meter to zero, in a registry of its own.

        Several processes of one service have their meters `together` in a folder, which `METERS_OF_SEVERAL` names too;
        what each then tells is the sum.
        """
        self._together = together
        self._registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)
        for meters in (HttpMeters, LoopMeters, BusMeters):
            meters.__init__(self, self._registry)
        self._panel = _Panel()
        self._registry.register(self._panel)
        counter = partial(Counter, registry=self._registry)
        words = "Checks of the data's quality, by outcome: done, failed."
        self._checks = counter("oo_quality_checks", words, ("outcome",))
        words = "Checks after which the webhook did not take an alert."
        self._undelivered = counter("oo_quality_undelivered", words)

    def measured(self, seen: Panel) -> None:
        """Show what a look at the data's quality saw, in place of what was seen before."""
        self._panel.seen = seen
        if self._together is not None:
            _write(self._together / _PANEL, self._panel)

    def not_measured(self) -> None:
        """Show nothing of the data's quality: another process looks after it now."""
        self._panel.seen = None

    def checked(self, checked: Checked) -> None:
        """Count a check of the data's quality, and show what it saw."""
        self._checks.labels("done").inc()
        if checked.undelivered is not None:
            self._undelivered.inc()
        self.measured(checked.panel)

    def check_failed(self) -> None:
        """Count a check that broke off."""
        self._checks.labels("failed").inc()

    def page(self) -> bytes:
        """Return everything in the text format of Prometheus."""
        if self._together is None:
            return prometheus_client.generate_latest(self._registry)
        every = CollectorRegistry()
        MultiProcessCollector(every, str(self._together))  # type: ignore[no-untyped-call]
        panel = self._together / _PANEL
        return prometheus_client.generate_latest(every) + (panel.read_bytes() if panel.exists() else b"")


def ended(pid: int, together: Path) -> None:
    """Take out of the meters what was true of a process while it ran, and keep what it has counted."""
    mark_process_dead(pid, str(together))  # type: ignore[no-untyped-call]


def _write(place: Path, collector: Collector) -> None:
    """Write what a collector tells into a file, whole at any moment."""
    registry = CollectorRegistry()
    registry.register(collector)
    new = place.with_suffix(f".{os.getpid()}")
    new.write_bytes(prometheus_client.generate_latest(registry))
    new.replace(place)
