"""Settings → App: the one place that knows which adapter stands behind which port."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from oo import policies
from oo.adapters.inprocess import Alone, InProcess
from oo.adapters.remote.reception import received
from oo.adapters.remote.service import Service
from oo.adapters.sql import anew, damage, restore
from oo.adapters.sql.sqlite import SqliteStore
from oo.domain.errors import InvalidSetting, StoreBusy, StoreError
from oo.domain.instant import format_instant
from oo.domain.tombstone import Tombstone
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.vector import check_dimensions
from oo.ports import BegunAnew, Bus, Duties, Keeper, Messenger, Offline, Store
from oo.settings import Settings
from oo.usecases.app import App
from oo.usecases.back_up import BackUp
from oo.usecases.check import Check
from oo.usecases.definitions import Definitions
from oo.usecases.erase import Erase
from oo.usecases.events import Events
from oo.usecases.explain import Explain
from oo.usecases.export import Export
from oo.usecases.feedback import Feedback
from oo.usecases.history import Histories
from oo.usecases.import_file import ImportFile
from oo.usecases.ingest import Ingest
from oo.usecases.knowledge import Knowledge
from oo.usecases.learn import Learner
from oo.usecases.ledger import Ledger
from oo.usecases.people import People
from oo.usecases.profile import Profiles
from oo.usecases.quality import Quality
from oo.usecases.recommend import Recommend
from oo.usecases.restore import Restore
from oo.usecases.reward import Reward
from oo.usecases.score import Score
from oo.usecases.skew import Skew
from oo.usecases.take_over import TakeOver
from oo.usecases.tasks import Tasks
from oo.usecases.verify import Verify

_POLL_SEC = 0.05


def compose(settings: Settings) -> App:
    """Open the store that the settings name and build the App over it; close the App when done.

    Where a service holds the store, the use cases of the App run there, by the service's settings.
    """
    registry = Registry(CATALOG)
    learner = build_learner(settings, registry)
    store = _held(settings, registry)
    app = build_app(store, registry, learner, settings)
    if not isinstance(store, Service):
        _begin(app)
    return _carried(app, store) if isinstance(store, Service) else app


@contextmanager
def served(settings: Settings) -> Iterator[App]:
    """Hold the store that the settings name, and let other processes' commands on it run in this one, inside the block.

    Raises `StoreBusy` where another process has the store. At the end, commands that are under way are finished first.
    """
    registry = Registry(CATALOG)
    learner = build_learner(settings, registry)
    store = _held(settings, registry)
    if isinstance(store, Service):
        store.close()
        raise StoreBusy(
            f"A service has the store {settings.sqlite_path()} already (process {store.pid}).",
            "Stop it first, or give another --db.",
        )
    app = build_app(store, registry, learner, settings)
    try:
        _begin(app)
        with _others_let_in(app, settings):
            yield app
    finally:
        app.close()


@contextmanager
def offline(settings: Settings) -> Iterator[Offline]:
    """Start the engine that the settings name, for training sets, inside the block; raises `InvalidSetting`."""
    name = settings.offline_engine()
    try:
        from oo.adapters.sql.duckdb import DuckDb  # noqa: PLC0415  # an extra: only who makes training sets loads it
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"Training sets by {name} need {error.name}, which is not installed.",
            "Install it: pip install 'oo-tips[offline]'",
        ) from error
    engine = DuckDb()
    try:
        yield engine
    finally:
        engine.close()


@contextmanager
def bus(settings: Settings) -> Iterator[Bus]:
    """Hold the bus that the settings name, inside the block; it is reached when it is first used.

    Raises `InvalidSetting` where its client is not installed.
    """
    reached = _nats(settings) if settings.bus_of_others() else InProcess()
    try:
        yield reached
    finally:
        reached.close()


@contextmanager
def duties(settings: Settings) -> Iterator[Duties]:
    """Hold what this process does for all that use the store, inside the block; an SQLite store has one process."""
    held = _duties_on_postgresql(settings) if settings.on_postgresql() else Alone()
    try:
        yield held
    finally:
        held.close()


def _duties_on_postgresql(settings: Settings) -> Duties:
    from oo.adapters.sql import postgres  # noqa: PLC0415  # see `_postgresql`

    return postgres.duties(settings.database)


def _nats(settings: Settings) -> Bus:
    try:
        from oo.adapters.nats import Nats  # noqa: PLC0415  # an extra: only who has such a bus loads it
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"A NATS bus needs {error.name}, which is not installed.",
            "Install it: pip install 'oo-tips[nats]'",
        ) from error
    return Nats(
        settings.bus_servers(),
        name=settings.bus_name,
        replicas=settings.bus_replicas,
        redeliver_sec=settings.bus_redeliver_sec,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """A restored store at `place`, with how many people it has, and how many were erased anew; `aside` is what was."""

    place: Path
    people: int
    erased: int
    aside: Path | None


def restored(
    settings: Settings,
    file: Path,
    *,
    now_ms: int,
    without_erasures: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> PutBack:
    """Put the backup `file` in the place of the store that the settings name, once it is checked.

    Raises `InvalidBackup`, `StoreTooNew`, `StoreBusy` where any process has the store, and `StoreError` where the store
    that is there cannot say who was erased, unless `without_erasures`.
    """
    path = settings.sqlite_path().resolve()
    with restore.prepared(file, path) as copy:
        damaged = damage.problem_of(path) is not None
        stones = _erased(path, without_erasures=without_erasures)
        registry = Registry(CATALOG)
        store = SqliteStore.open(copy, registry, wait_sec=0)
        try:
            app = build_app(store, registry, build_learner(settings, registry), settings)
            check = Restore(store=store, ledger=app.ledger, erase=app.erase)
            made = check(stones, now_ms=now_ms, progress=progress)
        finally:
            store.close()
        aside = _aside(path, "corrupt" if damaged else "before-restore", now_ms)
        was_there = restore.put_into_place(copy, path, aside, damaged=damaged)
    return PutBack(place=path, people=made.people, erased=made.erased, aside=aside if was_there else None)


def begun_anew(settings: Settings, *, now_ms: int) -> BegunAnew:
    """Set the store that the settings name aside, if it is damaged, and put an empty one in its place."""
    path = settings.sqlite_path().resolve()
    return anew.begun_anew(path, _aside(path, "corrupt", now_ms), Registry(CATALOG))


def _aside(path: Path, why: str, now_ms: int) -> Path:
    return Path(f"{path}.{why}.{format_instant(now_ms).replace(':', '-')}")


def _erased(path: Path, *, without_erasures: bool) -> list[Tombstone]:
    try:
        return restore.tombstones(path)
    except StoreError as error:
        if without_erasures:
            return []
        raise StoreError(
            f"Who was erased since the backup is not known: {error.message}",
            "They would come back. To go on all the same: --without-erasures",
        ) from error


def _begin(app: App) -> None:
    """Do what is due where a store is opened: record what features mean, and end an erasure that was interrupted."""
    now_ms = time.time_ns() // 1_000_000
    app.definitions.serve(now_ms=now_ms)
    app.erase.finish(now_ms=now_ms)


def _others_let_in(app: App, settings: Settings) -> AbstractContextManager[None]:
    """Let other processes' commands run in this one, which holds the store; PostgreSQL lets them in itself."""
    return nullcontext() if settings.on_postgresql() else received(app, settings.sqlite_path().resolve())


def _postgresql(settings: Settings, registry: Registry) -> Store:
    try:
        from oo.adapters.sql.postgres import PostgresStore  # noqa: PLC0415  # an extra: only who has one loads it
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"A store in PostgreSQL needs {error.name}, which is not installed.",
            "Install it: pip install 'oo-tips[postgres]'",
        ) from error
    return PostgresStore.open(
        settings.database,
        registry,
        wait_sec=settings.busy_wait_sec,
        most_waiting=settings.most_waiting_writes,
    )


def _held(settings: Settings, registry: Registry) -> Store:
    """Open the store, or reach the service that holds it; wait for either to become possible."""
    if settings.on_postgresql():
        return _postgresql(settings, registry)
    path = settings.sqlite_path().resolve()
    until = time.monotonic() + settings.busy_wait_sec
    while True:
        try:
            return SqliteStore.open(path, registry, wait_sec=0, most_waiting=settings.most_waiting_writes)
        except StoreBusy as busy:
            # The lock is what says that the store is held; the file beside it only says how to reach who holds it.
            service = None if busy.__cause__ else Service.reach(path)
            if service is not None:
                return service
            if busy.__cause__ or time.monotonic() >= until:  # with a cause it is the disk that refuses
                raise
        time.sleep(_POLL_SEC)


def _carried(app: App, service: Service) -> App:
    """Let the use cases run in the service, but for the one that reads a file, whose parts do."""
    carried = service.carried(app)
    import_file = ImportFile(
        ingest=carried.ingest, take_over=carried.import_file.take_over, people=carried.people
    )
    return replace(carried, import_file=import_file)


def build_learner(settings: Settings, registry: Registry) -> Learner:
    """Check that the policies named in the settings exist, with every dimension they name."""
    every = {name: policies.load(name) for name in policies.names()}
    following = tuple(dict.fromkeys((settings.policy, *settings.shadows)))
    for policy in (*every.values(), *map(policies.load, following)):
        check_dimensions(policy.dimensions)
    return Learner(policies=every, following=following, registry=registry)


def build_app(store: Store, registry: Registry, learner: Learner, settings: Settings) -> App:
    """Build every use case over a store."""
    profiles = Profiles(store=store, registry=registry)
    ingest = Ingest(store=store, registry=registry, profiles=profiles, learner=learner)
    people = People(store=store, ingest=ingest)
    take_over = TakeOver(store=store, ingest=ingest)
    ledger = Ledger(store=store, registry=registry, learner=learner)
    quality = Quality(store=store, registry=registry, messenger=_messenger(settings))
    skew = Skew(store=store, registry=registry, share=settings.skew_share)
    return App(
        store=store,
        registry=registry,
        learner=learner,
        profiles=profiles,
        histories=Histories(store=store),
        ingest=ingest,
        import_file=ImportFile(ingest=ingest, take_over=take_over, people=people),
        people=people,
        tasks=Tasks(store=store, ingest=ingest),
        feedback=Feedback(store=store, ingest=ingest),
        score=Score(
            store=store, registry=registry, learner=learner, policy=learner.policies[settings.policy]
        ),
        reward=Reward(store=store, ingest=ingest, learner=learner, policy=settings.policy),
        knowledge=Knowledge(store=store, ingest=ingest, learner=learner),
        quality=quality,
        definitions=Definitions(store=store, registry=registry),
        verify=Verify(store=store, registry=registry),
        skew=skew,
        ledger=ledger,
        export=Export(store=store),
        erase=Erase(store=store, keeper=_keeper(store)),
        back_up=BackUp(store=store, keeper=_keeper(store)),
        events=Events(store=store, ingest=ingest),
        check=Check(store=store, ledger=ledger, skew=skew, quality=quality, keeper=_keeper(store)),
        recommend=Recommend(
            store=store,
            registry=registry,
            profiles=profiles,
            learner=learner,
            explain=Explain(registry=registry, learner=learner),
            skew=skew,
            policy=learner.policies[settings.policy],
            most_candidates=settings.most_candidates,
        ),
    )


def _keeper(store: Store) -> Keeper | None:
    """Return the store as the keeper of its own files; None where it has none, or they lie with the service."""
    return store if isinstance(store, SqliteStore) else None


def _messenger(settings: Settings) -> Messenger | None:
    """Return who is told of alerts, if the settings name anybody."""
    if not settings.alert_webhook:
        return None
    from oo.adapters.webhook import Webhook  # noqa: PLC0415  # HTTP and TLS, which few stores want

    return Webhook(settings.alert_webhook)
