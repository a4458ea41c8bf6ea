"""A service is ready while a write would be accepted: neither on a full disk, nor on a database that only reads."""

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from oo.compose import compose
from oo.settings import Settings
from tests.api.calling import mood, send, user
from tests.shell.running import Shell
from tests.support.fleet import Service as Serving
from tests.support.postgres import administer, database, end_sessions
from tests.support.process import wait_for
from tests.support.service import Service, serving
from tests.support.tables import rows_of

WAIT_SEC = 30.0
MOUNT = ["mount", "-t", "tmpfs", "-o", "size=4m", "oo"]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="has no limits for other processes")


def readiness(client: httpx2.Client) -> tuple[int, str]:
    """Status and words of an answer to whoever asks whether the service is ready."""
    answer = client.get("/readyz")
    body: dict[str, Any] = answer.json()
    return answer.status_code, body.get("status") or body["error"]["message"]


def wait_ready(client: httpx2.Client) -> None:
    """Wait until it is ready: where writes had failed it may be degraded for moments, as it has to publish too."""
    wait_for(lambda: readiness(client) == (200, "ready"), lambda: str(readiness(client)), WAIT_SEC)


@contextmanager
def small_disk(service: Service) -> Iterator[None]:
    """Let no file that the service writes grow beyond what it is, as on a disk that has run full."""
    pid = service.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def writes(service: Service) -> bool:
    return service.client.post("/signals", json=mood("ada")).status_code == 200


@LINUX
def test_a_service_whose_disk_takes_nothing_is_not_ready_until_it_does(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        send(service.client, user("ada"))
        wait_ready(service.client)

        with small_disk(service):
            status, said = readiness(service.client)
            assert (status, writes(service)) == (503, False)
            assert "could not be written" in said
            assert service.client.get("/healthz").status_code == 200

        wait_ready(service.client)
        assert writes(service)


@LINUX
def test_a_service_on_a_file_system_that_is_full_is_not_ready_until_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    if subprocess.run([*MOUNT, folder], capture_output=True, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        with serving(folder) as service:
            send(service.client, user("ada"))
            wait_ready(service.client)
            fill(folder / "filler")
            # What the log of writes has room for already is written still.
            wait_for(lambda: not writes(service), lambda: "it is written", WAIT_SEC)
            status, said = readiness(service.client)
            assert (status, writes(service)) == (503, False)
            assert "disk is full" in said

            (folder / "filler").unlink()
            wait_ready(service.client)
            assert writes(service)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(file: Path) -> None:
    """Write until there is no room left."""
    with file.open("wb", buffering=0) as filler, suppress(OSError):
        while filler.write(b"x" * 65_536):
            pass


def read_only(name: str) -> Callable[[str], None]:
    def set_to(value: str) -> None:
        administer(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
        end_sessions(name)

    return set_to


def test_a_service_on_a_database_that_only_reads_is_not_ready_until_it_is_written_again(
    tmp_path: Path,
) -> None:
    with database() as url:
        set_to = read_only(url.partition("@/")[2].partition("?")[0])
        service = Serving(tmp_path, "service", {**Shell(tmp_path).environment, "OO_DATABASE": url})
        try:
            service.program.start()
            service.wait_ready()
            set_to("on")
            wait_for(
                lambda: "can be read and not written" in readiness(service.client)[1],
                lambda: str(readiness(service.client)),
                WAIT_SEC,
            )
            assert readiness(service.client)[0] == 503
            began = time.monotonic()
            assert readiness(service.client)[0] == 503
            assert time.monotonic() - began < 1, "it is said at once"
            set_to("off")
            wait_ready(service.client)
            assert service.program.stop() == 0
        finally:
            set_to("off")
            service.program.kill()
            service.client.close()


def test_asking_leaves_nothing(tmp_path: Path) -> None:
    settings = Settings(database=Shell(tmp_path).url)
    app = compose(settings)
    before = rows_of(settings.database, "feature_definitions")

    for _ in range(20):
        app.check_ready()

    assert rows_of(settings.database, "feature_definitions") == before
    app.close()
