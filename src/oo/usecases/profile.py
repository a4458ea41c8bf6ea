"""Read a person's profile: stored values within their TTL, anything else computed from the facts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
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
            rows = self._computed(reader, self.registry.batched, user_id, at_ms)
            return self._profile(user_id, rows, at_ms)

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
        outdated = [
            definition
            for definition in self.registry.batched
            if not _is_current(self._envelope(definition, rows.get(definition.name), now_ms))
        ]
        if outdated:
            for name, value in self._computed(transaction, outdated, user_id, now_ms).items():
                if _replaceable(rows.get(name), self.registry[name].ttl_sec, now_ms):
                    transaction.put_profile_row(user_id, value)
                rows[name] = value
        return self._profile(user_id, rows, now_ms)

    def recompute(self, transaction: Transaction, user_id: str, names: Iterable[str], *, now_ms: int) -> None:
        """Compute and store the named features in the transaction of the event that touched them.

        They are computed as of now, or as of the stored value's own instant where that is later: what is told
        afterwards must be in a value that is there already.
        """
        rows = transaction.profile_rows(user_id)
        at: dict[int, list[FeatureDefinition]] = defaultdict(list)
        for name in names:
            row = rows.get(name)
            at[now_ms if row is None else max(now_ms, row.computed_at_ms)].append(self.registry[name])
        for at_ms, definitions in at.items():
            for value in self._computed(transaction, definitions, user_id, at_ms).values():
                transaction.put_profile_row(user_id, value)

    def _computed(
        self, reader: Reader, definitions: Collection[FeatureDefinition], user_id: str, at_ms: int
    ) -> dict[str, StoredValue]:
        return {
            name: StoredValue(
                name=name,
                value=folded.value,
                support=folded.support,
                computed_at_ms=at_ms,
                fingerprint=self.registry.fingerprints[name],
            )
            for name, folded in reader.compute(definitions, user_id, at_ms).items()
        }

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
            value=_usable(definition, row, now_ms) if row and known else definition.fallback,
            status=_status(row, definition.ttl_sec, now_ms) if row and known else Status.MISSING,
            computed_at_ms=row.computed_at_ms if row and known else None,
            ttl_sec=definition.ttl_sec,
            fingerprint=fingerprint,
        )


def _status(row: StoredValue, ttl_sec: int, now_ms: int) -> Status:
    if now_ms - row.computed_at_ms >= ttl_sec * 1_000:
        return Status.STALE
    return Status.FRESH if row.support else Status.FALLBACK


def _replaceable(row: StoredValue | None, ttl_sec: int, now_ms: int) -> bool:
    """Tell whether a value as of now may take a stored one's place: not one's that is from a little after now."""
    return row is None or not 0 < row.computed_at_ms - now_ms <= max(DAY, ttl_sec * SECOND)


def _is_current(envelope: FeatureValue) -> bool:
    return envelope.status in {Status.FRESH, Status.FALLBACK}


def _usable(definition: FeatureDefinition, row: StoredValue, now_ms: int) -> Value:
    """Return a stored value; the fallback for one that is too old to be used."""
    if definition.max_age_sec is not None and now_ms - row.computed_at_ms > definition.max_age_sec * SECOND:
        return definition.fallback
    return int(row.value) if definition.is_whole and isinstance(row.value, float) else row.value
