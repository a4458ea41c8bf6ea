"""Settings → App: open or reach the store, and build every use case over it."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace

from oo.adapters.remote.reception import received
from oo.adapters.remote.service import Service
from oo.compose.stores import held
from oo.compose.use_cases import build_app, build_learner
from oo.domain.errors import StoreBusy
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.settings import Settings
from oo.usecases.app import App
from oo.usecases.import_file import ImportFile


def compose(settings: Settings) -> App:
    """Open the store that the settings name and build the App over it; close the App when done.

    Where a service holds the store, the use cases of the App run there, by the service's settings.
    """
    registry = Registry(CATALOG)
    learner = build_learner(settings, registry)
    store = held(settings, registry)
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
    store = held(settings, registry)
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


def _begin(app: App) -> None:
    """Do what is due where a store is opened: record what features mean, and end an erasure that was interrupted."""
    now_ms = time.time_ns() // 1_000_000
    app.definitions.serve(now_ms=now_ms)
    app.erase.finish(now_ms=now_ms)


def _others_let_in(app: App, settings: Settings) -> AbstractContextManager[None]:
    """Let other processes' commands run in this one, which holds the store; PostgreSQL lets them in itself."""
    return nullcontext() if settings.on_postgresql() else received(app, settings.sqlite_path().resolve())


def _carried(app: App, service: Service) -> App:
    """Let the use cases run in the service, but for the one that reads a file, whose parts do."""
    carried = service.carried(app)
    import_file = ImportFile(
        ingest=carried.ingest, take_over=carried.import_file.take_over, people=carried.people
    )
    return replace(carried, import_file=import_file)
