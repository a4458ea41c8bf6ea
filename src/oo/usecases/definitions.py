"""Keep to what was served: a feature that means something else than before needs a new version."""

from dataclasses import dataclass

from oo.domain.errors import DefinitionChanged
from oo.features.registry import Registry
from oo.ports import Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """The definitions of a registry beside those that a store has served."""

    store: Store
    registry: Registry

    def serve(self, *, now_ms: int) -> None:
        """Record the definitions that are served from now on; raises `DefinitionChanged` for one that may not be."""
        known = self.store.read(lambda reader: reader.definitions())
        for definition in self.registry:
            fingerprint = self.registry.fingerprints[definition.name]
            served = known.get((definition.name, definition.version), fingerprint)
            if served != fingerprint:
                latest = max(version for name, version in known if name == definition.name)
                raise DefinitionChanged(
                    f"{definition.name!r} version {definition.version} was served as {served}, "
                    f"and is declared as {fingerprint} now.",
                    f"What it means has changed: raise its version to {latest + 1}, or undo the change.",
                )
        new = [each for each in self.registry if (each.name, each.version) not in known]
        if new:
            self.store.write(lambda transaction: self._add(transaction, now_ms))

    def _add(self, transaction: Transaction, now_ms: int) -> None:
        known = transaction.definitions()
        for definition in self.registry:
            if (definition.name, definition.version) not in known:
                fingerprint = self.registry.fingerprints[definition.name]
                transaction.add_definition(definition.name, definition.version, fingerprint, now_ms)
