"""Read a person's profile: stored values within their TTL, anything else computed from the facts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from oo.domain.instant import DAY, SECOND
from oo.domain.profile import FeatureValue, Profile, Status, StoredValue, Value
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.ports import Reader, Store, Transaction
from oo.usecases import find


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Profiles of a store over the features of a registry."""

    store: Store
    registry: Registry

    def get(self, user_id: str, *, now_ms: int) -> Profile:
        """Return every feature; only those past their TTL are computed, and stored."""
        stored = self.stored(user_id, now_ms=now_ms)
        if all(_is_current(envelope) for envelope in stored.features.values()):
            return stored
        return self.store.write(lambda transaction: self.current(transaction, user_id, now_ms=now_ms))

    def rebuild(self, user_id: str, *, now_ms: int) -> Profile:
        """Compute and store every feature, whatever its age."""

        def change(transaction: Transaction) -> Profile:
            find.person(transaction, user_id)
            transaction.drop_profile_rows(user_id, self.registry.names())
            return self.current(transaction, user_id, now_ms=now_ms)

        return self.store.write(change)

    def as_of(self, user_id: str, *, at_ms: int) -> Profile:
        """Compute every feature as of an instant from the facts; nothing is stored."""

        def ask(reader: Reader) -> Profile:
            find.person(reader, user_id)
            rows = (
                self._computed(reader, definition, user_id, at_ms) for definition in self.registry.batched
            )
            return self._profile(user_id, {row.name: row for row in rows}, at_ms)

        return self.store.read(ask)

    def stored(self, user_id: str, *, now_ms: int) -> Profile:
        """Return what is stored, stale and missing values included; nothing is computed."""

        def ask(reader: Reader) -> Profile:
            find.person(reader, user_id)
            return self._profile(user_id, reader.profile_rows(user_id), now_ms)

        return self.store.read(ask)

    def current(self, transaction: Transaction, user_id: str, *, now_ms: int) -> Profile:
        """Return every feature inside a transaction, computing and storing those past their TTL.

        A stored value from after `now_ms` is left as it is, and the value as of `now_ms` computed beside it: the
        question is about the past. One more than a day and its TTL ahead comes of a clock gone wrong, and is replaced.
        """
        rows = transaction.profile_rows(user_id)
        for definition in self.registry.batched:
            row = rows.get(definition.name)
            if not _is_current(self._envelope(definition, row, now_ms)):
                rows[definition.name] = self._computed(transaction, definition, user_id, now_ms)
                if row is None or not 0 < row.computed_at_ms - now_ms <= max(
                    DAY, definition.ttl_sec * SECOND
                ):
                    transaction.put_profile_row(user_id, rows[definition.name])
        return self._profile(user_id, rows, now_ms)

    def recompute(self, transaction: Transaction, user_id: str, names: Iterable[str], *, now_ms: int) -> None:
        """Compute and store the named features in the transaction of the event that touched them.

        They are computed as of now, or as of the stored value's own instant where that is later: what is told
        afterwards must be in a value that is there already.
        """
        wanted = set(names)
        rows = transaction.profile_rows(user_id)
        for definition in self.registry.batched:
            if definition.name in wanted:
                row = rows.get(definition.name)
                at_ms = now_ms if row is None else max(now_ms, row.computed_at_ms)
                transaction.put_profile_row(user_id, self._computed(transaction, definition, user_id, at_ms))

    def _computed(
        self, reader: Reader, definition: FeatureDefinition, user_id: str, at_ms: int
    ) -> StoredValue:
        folded = reader.compute(definition, user_id, at_ms)
        return StoredValue(
            name=definition.name,
            value=folded.value,
            support=folded.support,
            computed_at_ms=at_ms,
            fingerprint=self.registry.fingerprints[definition.name],
        )

    def _profile(self, user_id: str, rows: Mapping[str, StoredValue], now_ms: int) -> Profile:
        envelopes = {
            definition.name: self._envelope(definition, rows.get(definition.name), now_ms)
            for definition in self.registry.batched
        }
        return Profile(user_id=user_id, features=envelopes)

    def _envelope(self, definition: FeatureDefinition, row: StoredValue | None, now_ms: int) -> FeatureValue:
        fingerprint = self.registry.fingerprints[definition.name]
        known = row is not None and row.fingerprint == fingerprint and row.computed_at_ms <= now_ms
        return FeatureValue(
            value=_whole(definition, row.value) if row and known else definition.fallback,
            status=_status(row, definition.ttl_sec, now_ms) if row and known else Status.MISSING,
            computed_at_ms=row.computed_at_ms if row and known else None,
            ttl_sec=definition.ttl_sec,
            fingerprint=fingerprint,
        )


def _status(row: StoredValue, ttl_sec: int, now_ms: int) -> Status:
    if now_ms - row.computed_at_ms >= ttl_sec * 1_000:
        return Status.STALE
    return Status.FRESH if row.support else Status.FALLBACK


def _is_current(envelope: FeatureValue) -> bool:
    return envelope.status in {Status.FRESH, Status.FALLBACK}


def _whole(definition: FeatureDefinition, value: Value) -> Value:
    return int(value) if definition.is_whole and isinstance(value, float) else value
