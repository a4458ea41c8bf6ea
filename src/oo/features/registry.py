"""The registry: definitions checked at start-up, indexed, and fingerprinted."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from oo.domain.errors import (
    DuplicateName,
    FallbackDoesNotFit,
    IncompleteDefinition,
    UnknownDtype,
    UnknownFeature,
    UnknownFreshness,
    UnknownSubject,
)
from oo.domain.profile import FeatureValue, Status
from oo.domain.subjects import SUBJECTS
from oo.features.spec import DTYPES, FeatureDefinition, Mean, OfCandidate, OfContext, Ratio, Sum, Windowed


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


def check(definition: FeatureDefinition) -> None:
    """Raise the `InvalidDefinition` that names the first slip in `definition`."""
    for rule in (
        _freshness,
        _dtype,
        _computation,
        _columns,
        _kind,
        _version,
        _ttl,
        _fallback,
        _neutral,
        _subjects,
    ):
        rule(definition)


def _freshness(definition: FeatureDefinition) -> None:
    if definition.freshness not in DTYPES:
        raise UnknownFreshness(
            f"{definition.name!r} has the freshness {definition.freshness!r}.",
            f"There are: {', '.join(DTYPES)}.",
        )


def _dtype(definition: FeatureDefinition) -> None:
    allowed = DTYPES[definition.freshness]
    if definition.dtype not in allowed:
        raise UnknownDtype(
            f"{definition.name!r} has the dtype {definition.dtype!r}.",
            f"A {definition.freshness} feature is one of: {', '.join(allowed)}.",
        )


def _computation(definition: FeatureDefinition) -> None:
    if isinstance(definition.compute, Windowed) != (definition.freshness == "batched"):
        raise IncompleteDefinition(
            f"{definition.name!r} is {definition.freshness}, and its `compute` is not.",
            "A batched feature takes Windowed(…), a jit feature OfContext(…) or OfCandidate(…).",
        )


def _columns(definition: FeatureDefinition) -> None:
    if not isinstance(definition.compute, Windowed):
        return
    source = definition.compute.source
    for column in definition.compute.columns():
        if column not in source.columns:
            raise IncompleteDefinition(
                f"{definition.name!r} reads {column!r}, which {source.name} do not have.",
                f"They have: {', '.join(source.columns)}.",
            )
    _readable(definition.name, definition.compute)
    if definition.compute.window_ms <= 0:
        raise IncompleteDefinition(
            f"{definition.name!r} has an empty window.", "Give window_ms in milliseconds, > 0."
        )


def _readable(name: str, expression: Windowed) -> None:
    match expression.aggregate:
        case Mean(column) | Sum(column) if column not in expression.source.numbers:
            raise IncompleteDefinition(
                f"{name!r} adds up {column!r}, which is no amount.",
                f"Amounts there: {', '.join(expression.source.numbers) or 'none'}.",
            )
        case Ratio(of) if not of.values:
            raise IncompleteDefinition(
                f"{name!r} counts the share of no value.", "Give Where at least one value."
            )
        case _ if expression.where is not None and not expression.where.values:
            raise IncompleteDefinition(f"{name!r} keeps no value.", "Give Where at least one value.")


def _kind(definition: FeatureDefinition) -> None:
    expression = definition.compute
    if not isinstance(expression, Windowed):
        return
    meant = "categorical" if expression.is_text else "numeric"
    if definition.dtype != meant:
        raise UnknownDtype(
            f"{definition.name!r} is {definition.dtype}, and what it computes is {meant}.",
            f"Declare it {meant}.",
        )


def _version(definition: FeatureDefinition) -> None:
    if definition.version < 1:
        raise IncompleteDefinition(
            f"{definition.name!r} has the version {definition.version}.", "Versions count from 1."
        )


def _ttl(definition: FeatureDefinition) -> None:
    if (definition.ttl_sec > 0) != (definition.freshness == "batched"):
        raise IncompleteDefinition(
            f"{definition.name!r} is {definition.freshness} and has a TTL of {definition.ttl_sec} s.",
            "A batched feature needs a TTL above 0; a jit feature is never cached and has 0.",
        )
    if definition.max_age_sec is not None and not 0 < definition.ttl_sec <= definition.max_age_sec:
        raise IncompleteDefinition(
            f"{definition.name!r} may not be used after {definition.max_age_sec} s, and is recomputed after "
            f"{definition.ttl_sec} s.",
            "Only a batched feature has a max_age_sec, and it is not below the TTL.",
        )


def _fallback(definition: FeatureDefinition) -> None:
    if not _fits(definition.dtype, definition.fallback):
        raise FallbackDoesNotFit(
            f"{definition.name!r} is {definition.dtype}, and its fallback is {definition.fallback!r}.",
            "The fallback must be of the feature's dtype, finite, or None.",
        )


def _neutral(definition: FeatureDefinition) -> None:
    if not _fits("numeric", definition.neutral):
        raise FallbackDoesNotFit(
            f"{definition.name!r} has the neutral value {definition.neutral!r}.",
            "A scorer reads numbers: give a finite number, or None where the value is never null.",
        )


def _fits(dtype: str, value: object) -> bool:
    if value is None:
        return True
    match dtype:
        case "numeric":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and float("-inf") < value < float("inf")  # type: ignore[operator]
        case "boolean":
            return isinstance(value, bool)
        case "categorical":
            return isinstance(value, str)
        case _:
            return isinstance(value, list | dict | str | int | float | bool)


def _subjects(definition: FeatureDefinition) -> None:
    if definition.freshness == "batched" and not definition.invalidated_by:
        raise IncompleteDefinition(
            f"{definition.name!r} names no subject in invalidated_by.",
            "Name the events that change its value.",
        )
    for subject in definition.invalidated_by:
        if subject not in SUBJECTS:
            raise UnknownSubject(
                f"{definition.name!r} is invalidated by {subject!r}, under which nothing is published.",
                f"There are: {', '.join(sorted(SUBJECTS))}.",
            )
