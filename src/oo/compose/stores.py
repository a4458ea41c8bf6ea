"""Open the store that the settings name, or reach whoever holds it."""

import time
from types import ModuleType

from oo.adapters.remote.service import Service
from oo.adapters.sql.sqlite import SqliteStore
from oo.domain.errors import InvalidSetting, StoreBusy
from oo.features.registry import Registry
from oo.ports import Store
from oo.settings import Settings

_POLL_SEC = 0.05


def held(settings: Settings, registry: Registry) -> Store:
    """Open the store, or reach the service that holds it; wait for either to become possible.

    Raises `StoreBusy` where neither does in time, and what the stores raise.
    """
    if settings.on_postgresql():
        store: Store = postgresql().PostgresStore.open(
            settings.database,
            registry,
            wait_sec=settings.busy_wait_sec,
            most_waiting=settings.most_waiting_writes,
        )
        return store
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


def postgresql() -> ModuleType:
    """Return the adapter for PostgreSQL, an extra: only who has such a store loads it; raises `InvalidSetting`."""
    try:
        import oo.adapters.sql.postgres as adapter  # noqa: PLC0415  # see above
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"A store in PostgreSQL needs {error.name}, which is not installed.",
            "Install it: make extras, in a copy of the repository; pip install 'oo-tips[postgres]' elsewhere.",
        ) from error
    return adapter
