"""Watch the quality of the data: raise an alert once where something is wrong, and end it when it is not any more."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from oo.domain.finding import Finding
from oo.domain.quality import Alert, Checked, Condition, Panel
from oo.evaluation.conditions import conditions
from oo.evaluation.thresholds import KEEP, RAISE
from oo.features.registry import Registry
from oo.ports import Messenger, Store, Transaction
from oo.usecases.measure import Measured, measured, new_baselines, panel
from oo.usecases.tell import tell

QUALITY = "quality"
"""What goes by this name is done by one at a time: alerts and baselines are read, and written anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The quality of a store's data over the features of a registry; `messenger` is told of alerts, if there is one."""

    store: Store
    registry: Registry
    messenger: Messenger | None = None
    running: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def panel(self, *, now_ms: int) -> Panel:
        """Measure everything as of now; nothing is changed."""
        return panel(self.registry, measured(self.store, now_ms))

    def findings(self, *, now_ms: int) -> list[Finding]:
        """Return what is wrong: what would raise an alert now, and what keeps one open; nothing is changed."""
        seen = self.panel(now_ms=now_ms)
        return [
            Finding(kind=each.kind, what=each.message, hint=each.hint)
            for each in _wrong(seen, seen.alerts).values()
        ]

    def run(self, *, now_ms: int) -> Checked:
        """Measure everything, take the baselines that are missing, and raise and clear alerts.

        The messenger is told afterwards, of what it has not taken yet; whatever becomes of that changes nothing else.
        """
        with self.running:
            found = measured(self.store, now_ms)
            checked = self._recorded(found, panel(self.registry, found))
            return replace(checked, undelivered=tell(self.store, self.messenger))

    def renew(self, names: Iterable[str] = (), *, now_ms: int) -> tuple[str, ...]:
        """Take the values of now as the baselines of the named features, of all without a name; return their names.

        Only what has values of enough people gets one. Raises `UnknownFeature`.
        """
        wanted = [self.registry[name].name for name in names] or self.registry.names()
        with self.running:
            baselines = list(new_baselines(self.registry, measured(self.store, now_ms), renew=wanted))
            baselines = [each for each in baselines if each.name in wanted]

            def change(transaction: Transaction) -> None:
                transaction.hold(QUALITY)
                for baseline in baselines:
                    transaction.put_baseline(baseline)

            self.store.write(change)
        return tuple(each.name for each in baselines)

    def _recorded(self, found: Measured, seen: Panel) -> Checked:
        missing = list(new_baselines(self.registry, found))
        posted = 0 if self.messenger else 1

        def change(transaction: Transaction) -> Checked:
            transaction.hold(QUALITY)
            for baseline in missing:
                transaction.put_baseline(baseline)
            before = {_key(alert.condition): alert for alert in transaction.open_alerts()}
            wrong = _wrong(seen, before.values())
            cleared = [
                _cleared(alert, seen.at_ms, posted) for key, alert in before.items() if key not in wrong
            ]
            still = [_seen(before[key], wrong[key], seen.at_ms) for key in before if key in wrong]
            for alert in (*cleared, *still):
                transaction.change_alert(alert)
            for key in wrong.keys() - before.keys():
                transaction.add_alert(wrong[key], seen.at_ms, posted)
            after = tuple(transaction.open_alerts())
            raised = tuple(alert for alert in after if _key(alert.condition) not in before)
            return Checked(panel=replace(seen, alerts=after), raised=raised, cleared=tuple(cleared))

        return self.store.write(change)


_Key: TypeAlias = tuple[str, str]


def _key(condition: Condition) -> _Key:
    return condition.kind, condition.subject


def _wrong(seen: Panel, alerts: Iterable[Alert]) -> dict[_Key, Condition]:
    """Return what is past the bounds that raise an alert, and what is past those that keep one that is open."""
    begun = {_key(alert.condition) for alert in alerts}
    kept = {_key(each): each for each in conditions(seen.features, seen.sources, KEEP) if _key(each) in begun}
    return kept | {_key(each): each for each in conditions(seen.features, seen.sources, RAISE)}


def _seen(alert: Alert, condition: Condition, now_ms: int) -> Alert:
    return replace(alert, condition=condition, seen_ms=max(now_ms, alert.since_ms))


def _cleared(alert: Alert, now_ms: int, posted: int) -> Alert:
    """End an alert; never before it began, wherever the clock has gone. `posted` is 1 where nobody is to be told."""
    return replace(alert, cleared_at_ms=max(now_ms, alert.since_ms), posted=alert.posted + posted)
