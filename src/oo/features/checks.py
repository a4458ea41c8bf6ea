"""The rules that a definition must keep: an engineer's slip is named at start-up, with what to do about it."""

from oo.domain.errors import (
    FallbackDoesNotFit,
    IncompleteDefinition,
    UnknownDtype,
    UnknownFreshness,
    UnknownSubject,
)
from oo.domain.subjects import SUBJECTS
from oo.features.spec import DTYPES, FeatureDefinition, Mean, Ratio, Sum, Windowed


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
