"""Measure the quality of what is stored, as of now; nothing is changed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from oo.domain.quality import (
    Alert,
    Baseline,
    Counts,
    Distribution,
    Drift,
    FeatureQuality,
    Panel,
    SourceQuality,
)
from oo.evaluation.conditions import verdict
from oo.evaluation.silence import listened
from oo.evaluation.thresholds import ACTIVE_WITHIN_MS, KEEP, MOST_SAMPLED, RAISE, RHYTHM_MS
from oo.features.plausible import is_instant, max_age_sec, possible
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.ports import Reader, Store

_NOTHING = Distribution()


@dataclass(frozen=True, eq=False, kw_only=True)
class Measured:
    """What was read of the store, from one consistent state."""

    at_ms: int
    counts: Mapping[str, Counts]
    samples: Mapping[str, Distribution]
    baselines: Mapping[str, Baseline]
    sources: tuple[SourceQuality, ...]
    alerts: tuple[Alert, ...]


def measured(store: Store, now_ms: int) -> Measured:
    """Read everything that is judged; what takes time to compute is left for when the store is let go of."""

    def ask(reader: Reader) -> Measured:
        return Measured(
            at_ms=now_ms,
            counts=reader.count_values(now_ms, now_ms - ACTIVE_WITHIN_MS),
            samples=reader.sample_values(MOST_SAMPLED),
            baselines=reader.baselines(),
            sources=tuple(_sources(reader, now_ms)),
            alerts=tuple(reader.open_alerts()),
        )

    return store.read(ask)


def panel(registry: Registry, found: Measured) -> Panel:
    """Judge what was read: every batched feature beside its baseline, every source by its rhythm."""
    return Panel(
        at_ms=found.at_ms,
        features=tuple(_feature(registry, definition, found) for definition in registry.batched),
        sources=found.sources,
        alerts=found.alerts,
    )


def new_baselines(registry: Registry, found: Measured, *, renew: Iterable[str] = ()) -> Iterator[Baseline]:
    """Yield a baseline for each feature that has values of enough people, and none of its definition or is to renew."""
    wanted = set(renew)
    for definition in registry.batched:
        name, sample = definition.name, found.samples.get(definition.name, _NOTHING)
        is_known = _baseline(registry, found, name) is not None and name not in wanted
        if is_known or is_instant(definition) or sample.people < RAISE.least_people:
            continue
        counts = found.counts[name]
        yield Baseline(
            name=name,
            fingerprint=registry.fingerprints[name],
            taken_at_ms=found.at_ms,
            rows=counts.rows,
            null_share=counts.nulls / counts.rows,
            fallback_share=counts.fallbacks / counts.rows,
            distribution=sample,
        )


def _sources(reader: Reader, now_ms: int) -> Iterator[SourceQuality]:
    for name, last_at_ms in reader.last_heard(now_ms).items():
        arrivals, hours = reader.heard(name, last_at_ms - RHYTHM_MS, last_at_ms)
        yield listened(name, last_at_ms=last_at_ms, arrivals=arrivals, hours=hours, now_ms=now_ms)


def _baseline(registry: Registry, found: Measured, name: str) -> Baseline | None:
    """Return a feature's baseline, unless it is of another definition."""
    known = found.baselines.get(name)
    return known if known is not None and known.fingerprint == registry.fingerprints[name] else None


def _feature(registry: Registry, definition: FeatureDefinition, found: Measured) -> FeatureQuality:
    name = definition.name
    known = _baseline(registry, found, name)
    sample = found.samples.get(name, _NOTHING)
    drift = _compared(known.distribution, sample) if known else None
    return FeatureQuality(
        name=name,
        counts=found.counts.get(name, Counts()),
        max_age_sec=max_age_sec(definition),
        possible=possible(definition).bounds if definition.dtype == "numeric" else (None, None),
        sampled=sample.people,
        drift=drift,
        verdict="not compared"
        if is_instant(definition)
        else verdict(
            drift, people=sample.people, baseline_people=known.distribution.people if known else None
        ),
        baseline_at_ms=known.taken_at_ms if known else None,
        baseline_rows=known.rows if known else 0,
        baseline_people=known.distribution.people if known else 0,
        baseline_null_share=known.null_share if known else None,
        baseline_fallback_share=known.fallback_share if known else None,
    )


def _compared(baseline: Distribution, now: Distribution) -> Drift | None:
    """Return how far two distributions lie apart; None where people are few, or SciPy is not installed."""
    if min(baseline.people, now.people) < KEEP.least_people:
        return None
    try:
        from oo.evaluation.drift import drift  # noqa: PLC0415  # SciPy is slow to import, and an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "scipy":
            raise
        return None
    return drift(baseline, now)
