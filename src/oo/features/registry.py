"""The registry: definitions checked at start-up, indexed, and fingerprinted."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from oo.domain.errors import (
    DuplicateName,
    UnknownFeature,
)
from oo.domain.profile import FeatureValue, Status
from oo.domain.subjects import SUBJECTS
from oo.features.checks import check
from oo.features.spec import FeatureDefinition, OfCandidate, OfContext, Windowed


class Registry:
    """Every feature by name. Building it checks every definition, so an engineer's slip is found at start-up."""

    def __init__(self, definitions: Iterable[FeatureDefinition]) -> None:
        """Check and index `definitions`; raises the `InvalidDefinition` that names the first slip."""
        self._definitions: dict[str, FeatureDefinition] = {}
        for definition in definitions:
            check(definition)
            if definition.name in self._definitions:
                raise DuplicateName(f"Two features are named {definition.name!r}.", "Rename one of them.")
            self._definitions[definition.name] = definition

    def __iter__(self) -> Iterator[FeatureDefinition]:
        """Iterate over the definitions in the order of the catalogue."""
        return iter(self._definitions.values())

    def __getitem__(self, name: str) -> FeatureDefinition:
        """Return the definition named `name`; raises `UnknownFeature` with the closest name."""
        try:
            return self._definitions[name]
        except KeyError:
            error = UnknownFeature.closest(name, self._definitions, "the catalogue")
            error.hint += " Features are declared in features/catalog.py."
            raise error from None

    def names(self) -> tuple[str, ...]:
        """Return every name in the order of the catalogue."""
        return tuple(self._definitions)

    @cached_property
    def batched(self) -> tuple[FeatureDefinition, ...]:
        """The features that are kept in the profile store."""
        return tuple(each for each in self._definitions.values() if isinstance(each.compute, Windowed))

    @cached_property
    def context(self) -> Mapping[str, OfContext]:
        """The functions of the context features by name."""
        return {
            each.name: each.compute
            for each in self._definitions.values()
            if isinstance(each.compute, OfContext)
        }

    @cached_property
    def candidate(self) -> Mapping[str, OfCandidate]:
        """The functions of the candidate features by name."""
        return {
            name: each.compute
            for name, each in self._definitions.items()
            if isinstance(each.compute, OfCandidate)
        }

    @cached_property
    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of each definition by name."""
        return {name: fingerprint(definition) for name, definition in self._definitions.items()}

    @cached_property
    def missing(self) -> Mapping[str, FeatureValue]:
        """The profile of a person of whom nothing was ever computed."""
        return {
            each.name: FeatureValue(
                value=each.fallback,
                status=Status.MISSING,
                computed_at_ms=None,
                ttl_sec=each.ttl_sec,
                fingerprint=self.fingerprints[each.name],
            )
            for each in self.batched
        }

    @cached_property
    def wholes(self) -> frozenset[str]:
        """The names of the batched features whose values are always whole."""
        return frozenset(each.name for each in self.batched if each.is_whole)

    @cached_property
    def neutrals(self) -> Mapping[str, float]:
        """What a scorer reads for null, by name, where the definition says so."""
        return {name: each.neutral for name, each in self._definitions.items() if each.neutral is not None}

    def touched_by(self, subject: str) -> tuple[FeatureDefinition, ...]:
        """Return the batched features that an event under `subject` changes."""
        return self._by_subject.get(subject, ())

    @cached_property
    def _by_subject(self) -> Mapping[str, tuple[FeatureDefinition, ...]]:
        return {
            subject: tuple(each for each in self.batched if subject in each.invalidated_by)
            for subject in SUBJECTS
        }


def fingerprint(definition: FeatureDefinition) -> str:
    """Return a hash of what decides the value of a definition: 64 bits in hexadecimal.

    The description, the TTL and what invalidates the value do not count: they change when it is computed, not what.
    Nor does the version, which names a meaning and is no part of it.
    """
    meaning = {
        "name": definition.name,
        "dtype": definition.dtype,
        "compute": _described(definition.compute),
        "fallback": definition.fallback,
    }
    return hashlib.blake2b(json.dumps(meaning, sort_keys=True).encode(), digest_size=8).hexdigest()


def _described(part: Any) -> Any:
    if dataclasses.is_dataclass(part):
        fields = {field.name: _described(getattr(part, field.name)) for field in dataclasses.fields(part)}
        return {"is": type(part).__name__, **fields}
    if isinstance(part, tuple):
        return [_described(each) for each in part]
    return f"{part.__module__}.{part.__qualname__}" if callable(part) else part
