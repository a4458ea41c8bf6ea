"""A real PostgreSQL server for tests: on a socket in a temporary folder, of this process alone, ended with it."""

import atexit
import functools
import importlib.util
import itertools
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from oo.adapters.sql.postgres import PostgresStore
from oo.adapters.sql.postgres_schema import migrate
from oo.adapters.sql.tables import metadata
from oo.compose import build_app, build_learner
from oo.features.catalog import CATALOG
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from oo.settings import Settings
from oo.usecases.app import App

WAIT_SEC = 30
_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "32MB",
    # The machine need not survive a test.
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "deadlock_timeout": "100ms",
}
_numbers = itertools.count()
_swept: list[str] = []
"""Databases that wait to be used again."""


@functools.cache
def server() -> str:
    """Start the server on the first call; return the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="oo-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    if os.geteuid() == 0:
        folder.chmod(0o777)  # it runs as somebody else
    programs = _programs(folder)
    _run(
        programs / "initdb",
        "-D",
        folder / "data",
        "-U",
        "oo",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "-N",
        "--locale=C",
    )
    options = [
        f"-c{name}={value}" for name, value in (*_SETTINGS.items(), ("unix_socket_directories", folder))
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [programs / "postgres", "-D", folder / "data", *options], stdout=log, stderr=log, **_owner()
        )
    atexit.register(_end, process)
    _wait(folder, process)
    return str(folder)


def url(database: str, **parameters: str) -> str:
    """Return the URL of one of the server's databases."""
    given = "&".join(f"{name}={value}" for name, value in {"host": server(), **parameters}.items())
    return f"postgresql://oo@/{database}?{given}"


def create(template: str = "template0", options: str = "") -> str:
    """Create a database as a copy of another one; return its name."""
    name = f"db{next(_numbers)}"
    administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {options}')
    return name


@functools.cache
def template() -> str:
    """Return the name of a database that is migrated and otherwise empty: copied, it saves the migrations."""
    name = create()
    migrate(lambda: psycopg.connect(url(name), autocommit=True))
    return name


def drop(name: str) -> None:
    """Drop a database, with whoever is connected to it."""
    administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def database() -> Iterator[str]:
    """Hand out the URL of a database with an empty store; it is swept and used again after the block."""
    name = _swept.pop() if _swept else create(template())
    yield url(name)
    end_sessions(name)
    sweep(url(name))
    _swept.append(name)


class PostgresWorld:
    """An App over a store of its own. No dataclass: Hypothesis would print all of it."""

    def __init__(self, app: App, address: str) -> None:
        self.app = app
        self.address = address

    def sweep(self) -> None:
        sweep(self.address)


@contextmanager
def postgres_world(definitions: Sequence[FeatureDefinition] = CATALOG) -> Iterator[PostgresWorld]:
    """Compose an App by hand over a new store, with the features given."""
    registry = Registry(definitions)
    settings = Settings(policy="egreedy/v1", shadows=("egreedy/v2", "linucb/v1", "uniform/v1"))
    with database() as address:
        store = PostgresStore.open(address, registry)
        try:
            app = build_app(store, registry, build_learner(settings, registry), settings)
            yield PostgresWorld(app, address)
        finally:
            store.close()


def sweep(address: str) -> None:
    """Empty every table of a store: as good as a new database, and ten times as fast."""
    deletions = "; ".join(f'DELETE FROM "{name}"' for name in metadata.tables)  # noqa: S608  # names from the schema
    ask(address, f"BEGIN; SET LOCAL session_replication_role = replica; {deletions}; COMMIT")


def administer(statement: str, *parameters: Any) -> list[Any]:
    """Run a statement outside any transaction."""
    return ask(url("postgres"), statement, *parameters)


def ask(address: str, statement: str, *parameters: Any) -> list[Any]:
    """Run a statement on a connection of its own; return its rows."""
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []


def end_sessions(name: str, but: int = 0) -> int:
    """End every connection to a database, but that of one server process; return how many there were."""
    found = administer(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE datname = %s AND pid <> %s",
        name,
        but,
    )
    return int(found[0][0])


def _programs(folder: Path) -> Path:
    """Return the folder of the server's programs; root's may lie where nobody else can read, and are copied."""
    spec = importlib.util.find_spec("pgserver")
    if spec is None or spec.origin is None:
        return _of_the_system()
    site = Path(spec.origin).parent.parent
    if os.geteuid() == 0:
        for name in ("pgserver/pginstall", "pgserver.libs"):
            if (site / name).is_dir():
                shutil.copytree(site / name, folder / name)
        site = folder
    return site / "pgserver" / "pginstall" / "bin"


def _of_the_system() -> Path:
    """Return where this machine's own PostgreSQL is; without one the test is skipped, or fails under CI."""
    installed = [Path(found).parent for found in (shutil.which("initdb"),) if found]
    installed += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if installed:
        return installed[-1]
    said = "No PostgreSQL here, and no wheel of it for this Python: the tests over PostgreSQL did not run."
    if os.environ.get("CI") == "true":
        pytest.fail(said)
    pytest.skip(said)


def _owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _run(*command: object) -> None:
    ran = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_SEC,
        **_owner(),
    )
    assert ran.returncode == 0, ran.stderr


def _wait(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + WAIT_SEC
    while True:
        try:
            psycopg.connect(f"postgresql://oo@/postgres?host={folder}").close()
        except psycopg.OperationalError:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.02)
        else:
            return


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(2)  # SIGINT: at once, in good order
    try:
        process.wait(WAIT_SEC)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
