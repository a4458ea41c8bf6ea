"""What a process reaches beside its store: the bus, the engine for training sets, and its duties among others."""

from collections.abc import Iterator
from contextlib import contextmanager

from oo.adapters.inprocess import Alone, InProcess
from oo.compose.stores import postgresql
from oo.domain.errors import InvalidSetting
from oo.ports import Bus, Duties, Offline
from oo.settings import Settings


@contextmanager
def offline(settings: Settings) -> Iterator[Offline]:
    """Start the engine that the settings name, for training sets, inside the block; raises `InvalidSetting`."""
    name = settings.offline_engine()
    try:
        from oo.adapters.sql.duckdb import DuckDb  # noqa: PLC0415  # an extra: only who makes training sets loads it
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"Training sets by {name} need {error.name}, which is not installed.",
            "Install it: make extras, in a copy of the repository; pip install 'oo-tips[offline]' elsewhere.",
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
    held: Duties = postgresql().duties(settings.database) if settings.on_postgresql() else Alone()
    try:
        yield held
    finally:
        held.close()


def _nats(settings: Settings) -> Bus:
    try:
        from oo.adapters.nats import Nats  # noqa: PLC0415  # an extra: only who has such a bus loads it
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"A NATS bus needs {error.name}, which is not installed.",
            "Install it: make extras, in a copy of the repository; pip install 'oo-tips[nats]' elsewhere.",
        ) from error
    return Nats(
        settings.bus_servers(),
        name=settings.bus_name,
        replicas=settings.bus_replicas,
        redeliver_sec=settings.bus_redeliver_sec,
    )
