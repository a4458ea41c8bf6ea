"""Verify that every execution of every definition gives the same value, on the facts of this store."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from oo.domain.profile import StoredValue, Value
from oo.features.fold import Folded, fold, same
from oo.features.registry import Registry
from oo.ports import Reader, Store
from oo.usecases import find

Point: TypeAlias = tuple[str, int]
Values: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A value that an execution gives and the fold does not; `at_ms` is the instant as of which both hold."""

    user_id: str
    feature: str
    at_ms: int
    execution: str
    expected: Value
    found: Value


@dataclass(slots=True, kw_only=True)
class Verification:
    """How many values were compared with their fold, and those that differ."""

    checked: int = 0
    differences: list[Difference] = field(default_factory=list)

    def add(self, other: "Verification") -> None:
        """Take in what was found for other people."""
        self.checked += other.checked
        self.differences += other.differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Verify:
    """Compares what is stored, and what each statement computes, with the fold."""

    store: Store
    registry: Registry

    def some(self, user_ids: Sequence[str], *, now_ms: int) -> Verification:
        """Compare the values of some people, as of the instants of their stored values and as of now.

        `stored` is a row of the profile store at its own instant, `person` the statement for one person, `everyone`
        the one over all people, `points` the one over points in time. Raises `UnknownUser`.
        """
        return self.store.read(lambda reader: self._compared(reader, user_ids, now_ms))

    def _compared(self, reader: Reader, user_ids: Sequence[str], now_ms: int) -> Verification:
        stored = {user_id: self._stored(reader, user_id) for user_id in user_ids}
        points = [
            (user_id, at_ms)
            for user_id, rows in stored.items()
            for at_ms in sorted({now_ms, *(row.computed_at_ms for row in rows)})
        ]
        meant = {
            point: values for user_id in user_ids for point, values in self._folded(reader, user_id, points)
        }
        verification = Verification()
        for execution, point, values in self._executed(reader, stored, points, now_ms):
            for name, found in values.items():
                verification.checked += 1
                expected = meant[point][name].value
                if not same(self.registry[name], found, expected):
                    verification.differences.append(
                        Difference(
                            user_id=point[0],
                            feature=name,
                            at_ms=point[1],
                            execution=execution,
                            expected=expected,
                            found=found,
                        )
                    )
        return verification

    def _executed(
        self, reader: Reader, stored: Mapping[str, list[StoredValue]], points: Sequence[Point], now_ms: int
    ) -> Iterator[tuple[str, Point, Values]]:
        """Yield what each execution gives: its name, the person and instant, and values by name."""
        batched = self.registry.batched
        for user_id, rows in stored.items():
            for row in rows:
                yield "stored", (user_id, row.computed_at_ms), {row.name: self._whole(row)}
        for user_id, at_ms in points:
            yield "person", (user_id, at_ms), _bare(reader.compute(batched, user_id, at_ms))
        everyone = reader.compute_everyone(batched, now_ms)
        for user_id in stored:
            yield "everyone", (user_id, now_ms), _bare(everyone[user_id])
        for point, values in zip(points, reader.compute_points(batched, points), strict=True):
            yield "points", point, _bare(values)

    def _stored(self, reader: Reader, user_id: str) -> list[StoredValue]:
        """Return the rows that were computed under the definitions of today; raises `UnknownUser`."""
        find.person(reader, user_id)
        marks = self.registry.fingerprints
        rows = (StoredValue(*row) for row in reader.profile_rows(user_id))
        return [row for row in rows if marks.get(row.name) == row.fingerprint]

    def _folded(
        self, reader: Reader, user_id: str, points: Sequence[Point]
    ) -> Iterator[tuple[Point, dict[str, Folded]]]:
        facts = list(reader.facts(user_id))
        for point in points:
            if point[0] == user_id:
                yield point, {each.name: fold(each, facts, point[1]) for each in self.registry.batched}

    def _whole(self, row: StoredValue) -> Value:
        return (
            int(row.value) if row.name in self.registry.wholes and isinstance(row.value, float) else row.value
        )


def _bare(values: Mapping[str, Folded]) -> Values:
    return {name: folded.value for name, folded in values.items()}
