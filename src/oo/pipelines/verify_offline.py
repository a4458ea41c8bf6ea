"""Hold what the offline engine computes equal to the fold, over the people of a store."""

from collections.abc import Mapping, Sequence

from oo.domain.facts import Fact
from oo.domain.profile import Value
from oo.features.fold import fold, same
from oo.ports import Offline
from oo.usecases.app import App
from oo.usecases.verify import Difference, Verification


def verify_offline(app: App, engine: Offline, user_ids: Sequence[str], *, now_ms: int) -> Verification:
    """Compare the engine's values of some people, as of the instants of their stored values and as of now.

    Facts and events are read by two calls: a person whose facts change in between may differ. Raises `UnknownUser`.
    """
    points = [(user_id, at_ms) for user_id in user_ids for at_ms in _instants(app, user_id, now_ms)]
    facts = _facts(app, user_ids)
    engine.take_points(points)
    _load(app, engine, user_ids)
    engine.compute(app.registry.batched)
    verification = Verification()
    for (user_id, at_ms), values in zip(points, engine.values(app.registry.batched), strict=True):
        _compare(app, verification, engine.name, user_id, at_ms, facts[user_id], values)
    return verification


def _instants(app: App, user_id: str, now_ms: int) -> list[int]:
    stored = app.profiles.stored(user_id, now_ms=now_ms).features.values()
    return sorted({now_ms, *(each.computed_at_ms for each in stored if each.computed_at_ms is not None)})


def _facts(app: App, user_ids: Sequence[str]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = {}
    while len(found) < len(user_ids):
        page = app.histories.arrivals(user_ids[len(found) :])
        found |= {user_id: [fact for fact, _ in arrivals] for user_id, arrivals in page.items()}
    return found


def _load(app: App, engine: Offline, user_ids: Sequence[str]) -> None:
    done = 0
    while done < len(user_ids):
        read, rows = app.histories.events(user_ids[done:])
        engine.add_events(rows)
        done += read


def _compare(  # a comparison is of all of these
    app: App,
    verification: Verification,
    execution: str,
    user_id: str,
    at_ms: int,
    facts: Sequence[Fact],
    values: Mapping[str, Value],
) -> None:
    for definition in app.registry.batched:
        verification.checked += 1
        found, expected = values[definition.name], fold(definition, facts, at_ms).value
        if not same(definition, found, expected):
            verification.differences.append(
                Difference(
                    user_id=user_id,
                    feature=definition.name,
                    at_ms=at_ms,
                    execution=execution,
                    expected=expected,
                    found=found,
                )
            )
