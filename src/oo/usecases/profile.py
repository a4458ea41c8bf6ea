"""Read a person's profile: stored values within their TTL, anything else computed from the facts."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from oo.domain.instant import DAY, SECOND
from oo.domain.profile import FeatureValue, Profile, Status, StoredRow, StoredValue, Value
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.ports import Reader, Store, Transaction
from oo.usecases import find

_OUTDATED = (Status.STALE, Status.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profiles:
    """Profiles of a store over the features of a registry."""

    store: Store
    registry: Registry

    def get(self, user_id: str, *, now_ms: int) -> Profile:
        """Return every feature; only those past their TTL are computed, and stored."""
        stored = self.stored(user_id, now_ms=now_ms)
        if stored.is_current:
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
            return self._profile(user_id, rows.values(), at_ms)

        return self.store.read(ask)

    def stored(self, user_id: str, *, now_ms: int) -> Profile:
        """Return what is stored, stale and missing values included; nothing is computed."""

        def ask(reader: Reader) -> Profile:
            rows = reader.profile_rows(user_id)
            if not rows:  # a person who has rows is known
                find.person(reader, user_id)
            return self._profile(user_id, rows, now_ms)

        return self.store.read(ask, together=False)

    def current(self, transaction: Transaction, user_id: str, *, now_ms: int) -> Profile:
        """Return every feature inside a transaction, computing and storing those past their TTL.

        A stored value from after `now_ms` is left as it is, and the value as of `now_ms` computed beside it: the
        question is about the past. One more than a day and its TTL ahead comes of a clock gone wrong, and is replaced.
        """
        rows = _by_name(transaction.profile_rows(user_id))
        known = self._profile(user_id, rows.values(), now_ms)
        if known.is_current:
            return known
        outdated = [self.registry[name] for name, each in known.features.items() if each.status in _OUTDATED]
        computed = self._computed(transaction, outdated, user_id, now_ms)
        transaction.put_profile_rows(
            user_id,
            [
                value
                for name, value in computed.items()
                if _replaceable(rows.get(name), self.registry[name].ttl_sec, now_ms)
            ],
        )
        return self._profile(user_id, {**rows, **computed}.values(), now_ms)

    def recompute(self, transaction: Transaction, user_id: str, names: Iterable[str], *, now_ms: int) -> None:
        """Compute and store the named features in the transaction of the event that touched them.

        They are computed as of now, or as of the stored value's own instant where that is later: what is told
        afterwards must be in a value that is there already.
        """
        rows = _by_name(transaction.profile_rows(user_id))
        at: dict[int, list[FeatureDefinition]] = defaultdict(list)
        for name in names:
            row = rows.get(name)
            at[now_ms if row is None else max(now_ms, row.computed_at_ms)].append(self.registry[name])
        for at_ms, definitions in at.items():
            computed = self._computed(transaction, definitions, user_id, at_ms)
            transaction.put_profile_rows(user_id, computed.values())

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

    def _profile(self, user_id: str, rows: Iterable[StoredRow], now_ms: int) -> Profile:
        """Return every feature: missing, unless there is a row of its definition from `now_ms` or before."""
        missing, wholes = self.registry.missing, self.registry.wholes
        features, current = dict(missing), 0
        for name, stored, support, at_ms, fingerprint in rows:
            otherwise = missing.get(name)
            if otherwise is None or otherwise.fingerprint != fingerprint or at_ms > now_ms:
                continue
            ttl_sec, age_ms = otherwise.ttl_sec, now_ms - at_ms
            value = int(stored) if name in wholes and isinstance(stored, float) else stored
            if age_ms < ttl_sec * SECOND:
                status = Status.FRESH if support else Status.FALLBACK
                current += 1
            else:
                status = Status.STALE
                value = _usable(self.registry[name], value, age_ms)
            features[name] = FeatureValue(value, status, at_ms, ttl_sec, fingerprint)
        return Profile(user_id=user_id, features=features, is_current=current == len(features))


def _by_name(rows: Iterable[StoredRow]) -> dict[str, StoredValue]:
    return {row[0]: StoredValue(*row) for row in rows}


def _replaceable(row: StoredValue | None, ttl_sec: int, now_ms: int) -> bool:
    """Tell whether a value as of now may take a stored one's place: not one's that is from a little after now."""
    return row is None or not 0 < row.computed_at_ms - now_ms <= max(DAY, ttl_sec * SECOND)


def _usable(definition: FeatureDefinition, value: Value, age_ms: int) -> Value:
    """Return a stored value; the fallback for one that is too old to be used."""
    is_too_old = definition.max_age_sec is not None and age_ms > definition.max_age_sec * SECOND
    return definition.fallback if is_too_old else value
