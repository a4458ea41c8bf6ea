"""What the reader and the transaction know of data quality; see `oo.ports.Measures` and `oo.ports.Transaction`."""

from collections import Counter, defaultdict
from typing import Any

import numpy as np

from oo.adapters.sql.bodies import decode, encode, pack, unpack
from oo.adapters.sql.quality_statements import SIGNALS, SYNCED, below
from oo.adapters.sql.session import Row, Runner
from oo.domain.quality import Alert, Baseline, Condition, Counts, Distribution


class QualityReader:
    """Measures of the profile store and of the sources, baselines, and alerts."""

    _runner: Runner

    def count_values(self, now_ms: int, active_since_ms: int) -> dict[str, Counts]:
        late = {
            name: (active, overdue)
            for name, active, overdue in self._runner.rows(
                "quality_late", now_ms=now_ms, since_ms=active_since_ms
            )
        }
        return {
            row[0]: _counts(row, *late.get(row[0], (0, 0))) for row in self._runner.rows("quality_counts")
        }

    def sample_values(self, most: int) -> dict[str, Distribution]:
        people = self._runner.rows("people_count")[0][0]
        numbers: dict[str, list[float]] = defaultdict(list)
        categories: dict[str, Counter[str]] = defaultdict(Counter)
        for name, number, text in self._runner.rows("quality_sample", below=below(people, most)):
            if text is None:
                numbers[name].append(number)
            else:
                categories[name][text] += 1
        found = {name: Distribution(numbers=np.sort(np.array(values))) for name, values in numbers.items()}
        return found | {name: Distribution(categories=dict(each)) for name, each in categories.items()}

    def baselines(self) -> dict[str, Baseline]:
        return {row[0]: _baseline(row) for row in self._runner.rows("quality_baselines")}

    def last_heard(self, now_ms: int) -> dict[str, int]:
        latest: dict[str, int] = {}
        for name, at_ms in self._runner.rows("last_heard", now_ms=now_ms):
            if at_ms is not None:
                latest[name] = max(at_ms, latest.get(name, at_ms))
        synced = self._runner.rows("last_synced", now_ms=now_ms)
        return latest | {f"{SYNCED}/{source}": at_ms for source, at_ms in synced}

    def heard(self, source: str, since_ms: int, until_ms: int) -> tuple[int, list[int]]:
        rows = self._runner.rows(_hours_of(source), **_sought(source), since_ms=since_ms, until_ms=until_ms)
        return sum(count for _, count in rows), [hour for hour, _ in rows]

    def open_alerts(self) -> list[Alert]:
        return [_alert(row) for row in self._runner.rows("open_alerts")]

    def untold_alerts(self) -> list[Alert]:
        return [_alert(row) for row in self._runner.rows("untold_alerts")]


class QualityTransaction(QualityReader):
    """Changes of baselines and alerts."""

    def put_baseline(self, baseline: Baseline) -> None:
        of = baseline.distribution
        self._runner.rows(
            "put_quality_baselines",
            name=baseline.name,
            fingerprint=baseline.fingerprint,
            taken_at_ms=baseline.taken_at_ms,
            row_count=baseline.rows,
            null_share=baseline.null_share,
            fallback_share=baseline.fallback_share,
            numbers=None if of.numbers is None else pack(of.numbers),
            categories=None if of.categories is None else encode(of.categories),
        )

    def add_alert(self, condition: Condition, now_ms: int, posted: int) -> None:
        self._runner.rows(
            "add_quality_alerts",
            kind=condition.kind,
            subject=condition.subject,
            message=condition.message,
            hint=condition.hint,
            since_ms=now_ms,
            seen_ms=now_ms,
            cleared_at_ms=None,
            posted=posted,
            failures=0,
        )

    def change_alert(self, alert: Alert) -> None:
        self._runner.rows(
            "change_alert",
            of_number=alert.number,
            now_message=alert.condition.message,
            now_hint=alert.condition.hint,
            now_seen_ms=alert.seen_ms,
            now_cleared_at_ms=alert.cleared_at_ms,
            now_posted=alert.posted,
            now_failures=alert.failures,
        )


def _counts(row: Row, active: int, late: int) -> Counts:
    _, rows, nulls, fallbacks, broken_nulls, outside, lowest, highest, oldest_ms = row
    return Counts(
        rows=rows,
        active=active,
        late=late,
        nulls=nulls,
        fallbacks=fallbacks,
        broken_nulls=broken_nulls,
        outside=outside,
        lowest=lowest,
        highest=highest,
        oldest_ms=oldest_ms,
    )


def _baseline(row: Row) -> Baseline:
    name, fingerprint, taken_at_ms, rows, null_share, fallback_share, numbers, categories = row
    return Baseline(
        name=name,
        fingerprint=fingerprint,
        taken_at_ms=taken_at_ms,
        rows=rows,
        null_share=null_share,
        fallback_share=fallback_share,
        distribution=Distribution(
            numbers=None if numbers is None else unpack(numbers), categories=decode(categories)
        ),
    )


def _alert(row: Row) -> Alert:
    number, kind, subject, message, hint, since_ms, seen_ms, cleared_at_ms, posted, failures = row
    return Alert(
        number=number,
        condition=Condition(kind=kind, subject=subject, message=message, hint=hint),
        since_ms=since_ms,
        seen_ms=seen_ms,
        cleared_at_ms=cleared_at_ms,
        posted=posted,
        failures=failures,
    )


_HOURS_OF = {"tip.served": "hours_of_tips", "tip.feedback": "hours_of_reactions", "task.*": "hours_of_tasks"}


def _hours_of(source: str) -> str:
    if source.startswith(f"{SYNCED}/"):
        return "hours_of_syncs"
    return "hours_of_signals" if source in SIGNALS else _HOURS_OF[source]


def _sought(source: str) -> dict[str, Any]:
    if source.startswith(f"{SYNCED}/"):
        return {"subject_id": source.removeprefix(f"{SYNCED}/")}
    return {"type": source} if source in SIGNALS else {}
