"""The journeys again, unchanged, over PostgreSQL and NATS: only the two URLs are others."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.nats import Server, free_port
from tests.support.postgres_server import FORGETFUL, Postgres

ROOT = Path(__file__).parents[2]
WITHIN_SEC = 240
APART = "tests/journey/test_demo.py"
"""The demo lives in temporary SQLite files, whatever is set."""


def test_the_journeys_pass_over_postgresql_and_nats(tmp_path: Path) -> None:
    bus = Server(tmp_path, free_port(), ["--trace"])
    postgres = Postgres({**FORGETFUL, "log_statement": "ddl"})
    try:
        postgres.start()
        bus.start()
        postgres.wait_ready()
        ran = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "tests/journey",
                "-q",
                "-p",
                "no:cacheprovider",
                "--ignore",
                APART,
            ],
            cwd=ROOT,
            env={**os.environ, "OO_DATABASE": postgres.url(), "OO_BUS": bus.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_SEC,
        )
    finally:
        log, told = postgres.log, bus.log
        bus.kill()
        postgres.close()

    assert ran.returncode == 0, ran.stdout[-4000:]
    [passed] = re.findall(r"(\d+) passed", ran.stdout)
    assert "skipped" not in ran.stdout
    assert log.count("CREATE DATABASE") > int(passed) / 2, "it was this database that they ran over"
    assert "PUB signals.tip.feedback" in told, "and this bus"
