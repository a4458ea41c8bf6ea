"""The skew meter: log what decisions were served, compute it again from the facts, and compare.

Skew is a served value that differs from the one the facts give as of the instant it was computed for. A value that is
merely old by the time of the decision is stale, and one that differs because a fact arrived after it was computed is
late: both are told apart, for they have other causes.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from oo.domain.facts import Fact
from oo.domain.finding import Finding
from oo.domain.instant import DAY, SECOND, format_instant
from oo.domain.profile import FeatureValue, LoggedFeatures, Profile, Value
from oo.features.fold import Folded, fold, same
from oo.features.registry import Registry
from oo.ports import Reader, Store, Transaction

KEPT_MS = 30 * DAY
"""How long what was served is kept."""
PAGE = 500
"""So many decisions are compared from one state of the store."""
_BUCKETS = 10_000


@dataclass(slots=True, kw_only=True)
class FeatureSkew:
    """How the served values of one feature compare with the computed ones; `first` is the first real difference.

    `missing`: the facts give a value where none was served. `extra`: one was served where the facts give none.
    `mismatched`: both are there and differ. `late`: they differ, and the served one was right by what had arrived.
    `outdated`: served under another definition. `largest` and `total` are absolute differences of numbers. `stale`
    counts the values that were older than their TTL at the decision; `oldest_sec` is the greatest age.
    """

    compared: int = 0
    mismatched: int = 0
    missing: int = 0
    extra: int = 0
    late: int = 0
    outdated: int = 0
    stale: int = 0
    oldest_sec: float = 0.0
    largest: float = 0.0
    total: float = 0.0
    first: str | None = None

    @property
    def skewed(self) -> int:
        """How many served values are wrong."""
        return self.mismatched + self.missing + self.extra

    def add(self, other: "FeatureSkew") -> None:
        """Take in what was found in another part of the log."""
        for name in ("compared", "mismatched", "missing", "extra", "late", "outdated", "stale", "total"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.oldest_sec = max(self.oldest_sec, other.oldest_sec)
        self.largest = max(self.largest, other.largest)
        self.first = self.first or other.first


@dataclass(slots=True, kw_only=True)
class SkewReport:
    """What was found in a part of the log: by feature, and the number to go on from, None at the end."""

    decisions: int = 0
    features: dict[str, FeatureSkew] = field(default_factory=lambda: defaultdict(FeatureSkew))
    next: int | None = 0

    def add(self, other: "SkewReport") -> None:
        """Take in the next part."""
        self.decisions += other.decisions
        self.next = other.next
        for name, found in other.features.items():
            self.features[name].add(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skew:
    """Logs decisions about a `share` of people, 0 to 1, the same ones always; and compares what was logged."""

    store: Store
    registry: Registry
    share: float

    def log(self, transaction: Transaction, decision_id: str, profile: Profile, decided_at_ms: int) -> None:
        """Record the profile that a decision is made from, if its person is in the sample."""
        if in_sample(profile.user_id, self.share):
            transaction.log_features(decision_id, profile, decided_at_ms)

    def measured(self, *, now_ms: int) -> SkewReport:
        """Compare everything that is logged."""
        report = SkewReport()
        while report.next is not None:
            report.add(self.measured_from(report.next, now_ms=now_ms))
        return report

    def measured_from(self, after: int, *, now_ms: int) -> SkewReport:
        """Compare the next `PAGE` logged decisions past the number `after`."""
        return self.store.read(lambda reader: self._measured(reader, after, now_ms - KEPT_MS))

    def forget(self, *, now_ms: int) -> None:
        """Drop what is no longer kept."""
        self.store.write(lambda transaction: transaction.forget_feature_log(now_ms - KEPT_MS))

    def findings(self, *, now_ms: int) -> list[Finding]:
        """Return the features whose served values are wrong."""
        report = self.measured(now_ms=now_ms)
        return [_finding(name, found) for name, found in report.features.items() if found.skewed]

    def _measured(self, reader: Reader, after: int, since_ms: int) -> SkewReport:
        logged = reader.feature_log(since_ms, after, PAGE)
        report = SkewReport(decisions=len(logged), next=logged[-1].number if len(logged) == PAGE else None)
        computed = _Computed(reader, self.registry, logged)
        for decision in logged:
            for name, served in decision.features.items():
                self._compare(report.features[name], name, served, decision, computed)
        return report

    def _compare(
        self,
        found: FeatureSkew,
        name: str,
        served: FeatureValue,
        decision: LoggedFeatures,
        computed: "_Computed",
    ) -> None:
        if served.computed_at_ms is None or self.registry.fingerprints.get(name) != served.fingerprint:
            found.outdated += 1
            return
        age_ms = decision.decided_at_ms - served.computed_at_ms
        found.compared += 1
        found.stale += age_ms >= served.ttl_sec * SECOND
        found.oldest_sec = max(found.oldest_sec, age_ms / SECOND)
        wanted = computed.at(decision.user_id, served.computed_at_ms)[name]
        if same(self.registry[name], served.value, wanted.value):
            return
        if computed.was_right_then(decision.user_id, name, served):
            found.late += 1
            return
        _count(found, served.value, wanted, self.registry[name].fallback)
        found.first = found.first or (
            f"{decision.user_id} was served {served.value!r}; the facts give {wanted.value!r} as of "
            f"{format_instant(served.computed_at_ms)} (decision {decision.decision_id})"
        )


def in_sample(user_id: str, share: float) -> bool:
    """Tell whether a person is among a share of all: by a hash of their id, so that it is the same one everywhere."""
    digest = hashlib.blake2b(user_id.encode(), digest_size=8, person=b"oo.skew").digest()
    return int.from_bytes(digest, "big") % _BUCKETS < share * _BUCKETS


class _Computed:
    """What the facts give for every instant that a page of the log names, computed by one statement a group."""

    def __init__(self, reader: Reader, registry: Registry, logged: Sequence[LoggedFeatures]) -> None:
        self._reader = reader
        self._registry = registry
        points = sorted(
            {
                (decision.user_id, each.computed_at_ms)
                for decision in logged
                for each in decision.features.values()
                if each.computed_at_ms is not None
            }
        )
        values = reader.compute_points(registry.batched, points)
        self._at: dict[tuple[str, int], Mapping[str, Folded]] = dict(zip(points, values, strict=True))
        self._arrived: dict[str, list[tuple[Fact, int]]] = {}

    def at(self, user_id: str, at_ms: int) -> Mapping[str, Folded]:
        """Return every feature's value as of an instant."""
        return self._at[user_id, at_ms]

    def was_right_then(self, user_id: str, name: str, served: FeatureValue) -> bool:
        """Tell whether a served value is what the facts give that had arrived when it was computed.

        A decision computes as of the millisecond before it. Of the facts that arrived in either millisecond it is not
        known which came before.
        """
        at_ms = served.computed_at_ms or 0
        if user_id not in self._arrived:
            self._arrived[user_id] = list(self._reader.arrivals(user_id))
        arrived = self._arrived[user_id]
        for until_ms in (at_ms + 1, at_ms, at_ms - 1):
            known = [fact for fact, arrived_ms in arrived if arrived_ms <= until_ms]
            if _has_person(known) and self._is_right(name, served, known, at_ms):
                return len(known) < len(arrived)
        return False

    def _is_right(self, name: str, served: FeatureValue, known: Sequence[Fact], at_ms: int) -> bool:
        definition = self._registry[name]
        return same(definition, served.value, fold(definition, known, at_ms).value)


def _has_person(facts: Iterable[Fact]) -> bool:
    return any(fact.type == "user" for fact in facts)


def _count(found: FeatureSkew, served: Value, wanted: Folded, fallback: Value) -> None:
    if not wanted.support:
        found.extra += 1
    elif served is None or served == fallback:
        found.missing += 1
    else:
        found.mismatched += 1
    if isinstance(served, int | float) and isinstance(wanted.value, int | float):
        size = abs(served - wanted.value)
        found.largest = max(found.largest, size)
        found.total += size


def _finding(name: str, found: FeatureSkew) -> Finding:
    shares = ", ".join(
        f"{getattr(found, kind)} {kind}"
        for kind in ("mismatched", "missing", "extra")
        if getattr(found, kind)
    )
    return Finding(
        kind="skew",
        what=f"{name}: {shares} of {found.compared} served values. First: {found.first}.",
        hint="Run oo features verify to see which execution differs; oo profile U --rebuild mends stored values.",
    )
