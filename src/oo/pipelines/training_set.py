"""Build a training set: the rows of a spine, each with the features of its person as of its instant.

The store is asked for pages of what was recorded, and everything else is done in this process, so that a service which
holds the store goes on serving. The set and its manifest are written beside their places and moved there when whole.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from oo import __version__
from oo.domain.errors import InvalidSetting, InvalidSpine, OfflineError
from oo.domain.facts import Fact, UserFact
from oo.domain.instant import format_instant
from oo.domain.profile import Value
from oo.features.fold import fold
from oo.features.registry import Registry
from oo.features.spec import Dtype, FeatureDefinition, OfContext, Windowed
from oo.ports import Offline, SpinePoint
from oo.usecases.app import App
from oo.usecases.history import Histories

LOGGED = "logged"
"""The column that says whether a row's values are those of a decision's record."""
MOST_PEOPLE = 500
MOST_POINTS = 1_000
"""So many at most are asked about at a time."""
Progress: TypeAlias = Callable[[str, int, int], None]
"""Is told what is being done, and how much of it, of how much."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A training set to be built over the rows of `spine` and written to `out`.

    `features`: the names of its columns; every batched feature where there are none. `as_known`: a fact counts only if
    it had arrived by the row's instant. `logged`: where a decision was taken then, what it was made from.
    """

    spine: Path
    out: Path
    features: tuple[str, ...] = ()
    as_known: bool = False
    logged: bool = False

    @property
    def manifest(self) -> Path:
        """The file beside the set that says what is in it."""
        return self.out.with_name(f"{self.out.name}.manifest.json")


def build(
    app: App, engine: Offline, request: Request, *, now_ms: int, progress: Progress = lambda *_: None
) -> dict[str, Any]:
    """Build a training set, and return its manifest; what was at its place before stays there at any failure.

    Raises `InvalidSpine`, `InvalidSetting`, `UnknownFeature`, and `OfflineError`.
    """
    computed, context = _columns(app.registry, request)
    _check_places(request)
    digest = _digest(request.spine)
    added = [each.name for each in (*computed, *context)] + ([LOGGED] if request.logged else [])
    rows = engine.take_spine(request.spine, added)
    if request.as_known:
        _fold_known(app.histories, engine, computed, progress)
    else:
        _compute(app.histories, engine, computed, progress)
    logged = _use_logged(app.histories, engine, computed, context, progress) if request.logged else None
    manifest = {
        "oo": __version__,
        "engine": {"name": engine.name, "version": engine.version},
        "built_at": format_instant(now_ms),
        "rows": rows,
        "as_known": request.as_known,
        "logged": logged,
        "spine": {"file": request.spine.name, "sha256": digest},
        "features": [_described(app.registry, each) for each in (*computed, *context)],
    }
    return _written(engine, request, manifest)


def _columns(
    registry: Registry, request: Request
) -> tuple[tuple[FeatureDefinition, ...], tuple[FeatureDefinition, ...]]:
    """Return the features to compute, and those of the moment that are taken from records alone."""
    of_moment = [each for each in registry if isinstance(each.compute, OfContext) and each.dtype != "json"]
    recorded = tuple(of_moment) if request.logged else ()
    if not request.features:
        return registry.batched, recorded
    chosen = [registry[name] for name in dict.fromkeys(request.features)]
    for each in chosen:
        if each not in (*registry.batched, *recorded):
            hint = (
                "Add --logged: it is in the records of decisions." if each in of_moment else "Leave it out."
            )
            raise InvalidSetting(f"{each.name!r} is derived at request time, and has no past.", hint)
    return tuple(each for each in chosen if each not in recorded), tuple(
        each for each in chosen if each in recorded
    )


def _check_places(request: Request) -> None:
    if not request.spine.is_file():
        raise InvalidSpine(f"There is no file {request.spine}.", "Check the name of the spine.")
    if not request.out.parent.is_dir():
        raise OfflineError(f"There is no folder {request.out.parent}.", "Make it, or give another --out.")
    if request.out.is_dir():
        raise OfflineError(f"{request.out} is a folder.", "Give --out the name of a file.")
    if request.out.exists() and request.out.samefile(request.spine):
        raise OfflineError(f"{request.out} is the spine itself.", "Give another --out.")


def _compute(
    histories: Histories, engine: Offline, definitions: Sequence[FeatureDefinition], progress: Progress
) -> None:
    """Let the engine take in what was recorded, and compute every column from it."""
    people = engine.people()
    done = 0
    while done < len(people):
        read, rows = histories.events(people[done : done + MOST_PEOPLE])
        engine.add_events(rows)
        done += read
        progress("reading people", done, len(people))
    engine.compute(definitions, lambda statements, of: progress("joining", statements, of))


def _fold_known(
    histories: Histories, engine: Offline, definitions: Sequence[FeatureDefinition], progress: Progress
) -> None:
    """Fold, row by row, the facts that had arrived: slow, and by the very code that says what a feature means."""
    points: dict[str, list[SpinePoint]] = defaultdict(list)
    for point in engine.points():
        points[point.user_id].append(point)
    values: dict[str, dict[int, Value]] = {each.name: {} for each in definitions}
    done = 0
    for user_id, facts in _arrivals(histories, list(points)):
        for point in points[user_id]:
            for name, value in known(definitions, facts, point.at_ms).items():
                values[name][point.number] = value
        done += len(points[user_id])
        progress("folding rows", done, sum(map(len, points.values())))
    for each in definitions:
        engine.put(each.name, each.dtype, values[each.name])


def known(
    definitions: Sequence[FeatureDefinition], facts: Sequence[tuple[Fact, int]], at_ms: int
) -> dict[str, Value]:
    """Return the values as they could be known at `at_ms`, from facts with their arrivals.

    Until a `user` record has arrived there is nobody to know anything of: the fallbacks.
    """
    arrived = [fact for fact, arrived_at_ms in facts if arrived_at_ms <= at_ms]
    if not any(isinstance(fact, UserFact) for fact in arrived):
        return {each.name: each.fallback for each in definitions}
    return {each.name: fold(each, arrived, at_ms).value for each in definitions}


def _arrivals(
    histories: Histories, people: Sequence[str]
) -> Iterator[tuple[str, Sequence[tuple[Fact, int]]]]:
    done = 0
    while done < len(people):
        page = histories.arrivals(people[done : done + MOST_PEOPLE])
        yield from page.items()
        done += len(page)


def _use_logged(
    histories: Histories,
    engine: Offline,
    computed: Sequence[FeatureDefinition],
    context: Sequence[FeatureDefinition],
    progress: Progress,
) -> int:
    """Put what the decisions at the points were made from in the place of what was computed; return how many had one.

    A value that the record lacks, or that is not of the feature's dtype, is left as it was computed.
    """
    values: dict[str, dict[int, Any]] = {each.name: {} for each in (*computed, *context)}
    points = engine.points()
    found: dict[int, bool] = {}
    for first in range(0, len(points), MOST_POINTS):
        asked = points[first : first + MOST_POINTS]
        for point, decided in zip(asked, histories.decided(asked), strict=True):
            found[point.number] = decided is not None
            if decided is not None:
                for each in computed:
                    _take(values[each.name], point.number, each, decided.profile_features)
                for each in context:
                    _take(values[each.name], point.number, each, decided.context)
        progress("reading decisions", len(found), len(points))
    for each in (*computed, *context):
        engine.put(each.name, each.dtype, values[each.name])
    engine.put(LOGGED, "boolean", found)
    return sum(found.values())


def _take(
    column: dict[int, Any], number: int, definition: FeatureDefinition, record: Mapping[str, Any]
) -> None:
    if definition.name in record and _fits(definition.dtype, record[definition.name]):
        column[number] = record[definition.name]


def _fits(dtype: Dtype, value: Any) -> bool:
    if value is None:
        return True
    match dtype:
        case "numeric":
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and -sys.float_info.max <= value <= sys.float_info.max
        case "boolean":
            return isinstance(value, bool)
        case _:
            return isinstance(value, str)


def _described(registry: Registry, definition: FeatureDefinition) -> dict[str, Any]:
    expression = definition.compute
    return {
        "name": definition.name,
        "version": definition.version,
        "fingerprint": registry.fingerprints[definition.name],
        "dtype": definition.dtype,
        "freshness": definition.freshness,
        "source": definition.source,
        "window_ms": expression.window_ms if isinstance(expression, Windowed) else None,
        "fallback": definition.fallback,
    }


def _written(engine: Offline, request: Request, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Write the set and its manifest as drafts, move both into place, and return the manifest."""
    with _draft(request.out) as draft, _draft(request.manifest) as beside:
        engine.write(draft)
        whole = {**manifest, "sha256": _digest(draft)}
        beside.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        draft.replace(request.out)
        beside.replace(request.manifest)
    return whole


@contextmanager
def _draft(place: Path) -> Iterator[Path]:
    """Make a file beside `place`, for its owner alone; whatever is left of it at the end is removed."""
    descriptor, name = tempfile.mkstemp(prefix=f"{place.name}.", suffix=".draft", dir=place.parent)
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
