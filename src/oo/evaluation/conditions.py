"""What is wrong with what was measured: conditions, past one set of thresholds or another."""

import math
from collections.abc import Iterable, Iterator

from oo.domain.instant import HOUR
from oo.domain.quality import Condition, Drift, FeatureQuality, SourceQuality, Verdict
from oo.evaluation.thresholds import RAISE, RETIRED_MS, Thresholds

KINDS = ("stale", "nulls", "range", "drift", "silent")
"""Every kind of condition."""
_RENEW = "If that is meant, take it as the new baseline: oo quality baseline {name}"


def conditions(
    features: Iterable[FeatureQuality], sources: Iterable[SourceQuality], bounds: Thresholds
) -> tuple[Condition, ...]:
    """Return everything that is past the bounds, the features' first."""
    return tuple(_of(features, sources, bounds))


def verdict(compared: Drift | None, *, people: int, baseline_people: int | None) -> Verdict:
    """Return in words what came of a comparison; `baseline_people` is None where there is no baseline."""
    if baseline_people is None:
        return "no baseline"
    if min(people, baseline_people) < RAISE.least_people:
        return "not enough people"
    if compared is None:
        return "not compared"
    return "drifted" if has_drifted(compared, RAISE) else "steady"


def has_drifted(compared: Drift, bounds: Thresholds) -> bool:
    """Tell whether either measure is both large and no chance."""
    by_psi = compared.psi >= bounds.psi and compared.psi_p <= bounds.p_value
    by_ks = compared.ks is not None and compared.ks >= bounds.ks and (compared.ks_p or 0.0) <= bounds.p_value
    return by_psi or by_ks


def is_silent(source: SourceQuality) -> bool:
    """Tell whether a source has been silent for longer than it may, and is not given up."""
    return source.silent_after_ms is not None and source.silent_after_ms < source.silent_ms <= RETIRED_MS


def _of(
    features: Iterable[FeatureQuality], sources: Iterable[SourceQuality], bounds: Thresholds
) -> Iterator[Condition]:
    for feature in features:
        for found in (
            _stale(feature, bounds),
            _nulls(feature, bounds),
            _range(feature),
            _drift(feature, bounds),
        ):
            if found is not None:
                yield found
    yield from (_silent(source) for source in sources if is_silent(source))


def _stale(feature: FeatureQuality, bounds: Thresholds) -> Condition | None:
    share, counts = feature.fresh_share, feature.counts
    if share is None or counts.active < bounds.least_active or share >= bounds.fresh_share:
        return None
    return Condition(
        kind="stale",
        subject=feature.name,
        message=(
            f"{counts.late} of {counts.active} values of {feature.name}, of people who were served a tip in the last "
            f"7 days, were older than {feature.max_age_sec / 3600:g} h when their last tip was chosen; at most "
            f"{1 - RAISE.fresh_share:.0%} should be."
        ),
        hint="Whatever chose these tips did not compute the profile first. Compute it anew: oo profile U --rebuild",
    )


def _nulls(feature: FeatureQuality, bounds: Thresholds) -> Condition | None:
    counts = feature.counts
    if counts.broken_nulls:
        return _null_condition(
            feature,
            f"{counts.broken_nulls} of {counts.rows} values of {feature.name} are null, and cannot be: they rest on "
            "events, or have a fallback.",
            "What wrote them? Compute them anew: oo profile U --rebuild",
        )
    for words, share, before in (
        ("null", feature.null_share, feature.baseline_null_share),
        ("without any event to rest on", feature.fallback_share, feature.baseline_fallback_share),
    ):
        if share is not None and before is not None and _has_risen(feature, share, before, bounds):
            return _null_condition(
                feature,
                f"{share:.0%} of the values of {feature.name} are {words}; in the baseline {before:.0%} were.",
                "Do the events that it is computed from still come? " + _RENEW.format(name=feature.name),
            )
    return None


def _null_condition(feature: FeatureQuality, message: str, hint: str) -> Condition:
    return Condition(kind="nulls", subject=feature.name, message=message, hint=hint)


def _has_risen(feature: FeatureQuality, share: float, before: float, bounds: Thresholds) -> bool:
    """Tell whether a share of empty values has risen by more than matters, and by more than chance would."""
    now, then = feature.counts.rows, feature.baseline_rows
    if min(now, then) < bounds.least_people:
        return False
    pooled = (share * now + before * then) / (now + then)
    deviation = math.sqrt(pooled * (1 - pooled) * (1 / now + 1 / then))
    return share - before >= max(bounds.empty_rise, bounds.deviations * deviation)


def _range(feature: FeatureQuality) -> Condition | None:
    if not feature.counts.outside:
        return None
    low, high = feature.possible
    bounds = f"{'any' if low is None else f'{low:g}'} to {'any' if high is None else f'{high:g}'}"
    return Condition(
        kind="range",
        subject=feature.name,
        message=(
            f"{feature.counts.outside} of {feature.counts.rows} values of {feature.name} cannot be: it is declared to "
            f"be {'a text' if feature.possible == (None, None) else bounds}."
        ),
        hint="What wrote them? Compute them anew: oo profile U --rebuild",
    )


def _drift(feature: FeatureQuality, bounds: Thresholds) -> Condition | None:
    drift = feature.drift
    enough = min(feature.sampled, feature.baseline_people) >= bounds.least_people
    if drift is None or not enough or not has_drifted(drift, bounds):
        return None
    ks = "" if drift.ks is None else f", Kolmogorov-Smirnov {drift.ks:.2f}"
    return Condition(
        kind="drift",
        subject=feature.name,
        message=(
            f"{feature.name} is distributed otherwise than in its baseline: PSI {drift.psi:.2f}{ks}, "
            f"{feature.sampled} people now and {feature.baseline_people} then."
        ),
        hint=_RENEW.format(name=feature.name),
    )


def _silent(source: SourceQuality) -> Condition:
    allowed = (source.silent_after_ms or 0) / HOUR
    return Condition(
        kind="silent",
        subject=source.name,
        message=(
            f"Nothing has come of {source.name} for {source.silent_ms / HOUR:.0f} h; its rhythm allows {allowed:.0f} h."
        ),
        hint="Is whatever sends it running, and may it still write here? The alert ends when something comes.",
    )
