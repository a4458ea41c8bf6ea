"""The disk that loses its power keeps what was synced, and may lose or tear whatever was not."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.torture.disk import SECTOR_BYTES, Disk, unwatchable

WAIT_SEC = 30
SEEDS = range(300)
OLD, NEW = b"o" * 4 * SECTOR_BYTES, b"n" * 4 * SECTOR_BYTES

pytestmark = pytest.mark.skipif(unwatchable() is not None, reason=f"it needs {unwatchable()}")


@pytest.fixture
def left_by(tmp_path: Path) -> "Left":
    """Return what losses of power leave of a file, one a seed, when a program has written to it: `OLD` at first."""

    def left(program: str) -> set[bytes]:
        file = tmp_path / "file"
        file.write_bytes(OLD)
        lines = f"import os, sys; sys.stdin.readline(); f = os.open({str(file)!r}, os.O_RDWR)\n{program}"
        disk = Disk([file], tmp_path / "trace")
        with subprocess.Popen([sys.executable, "-c", lines], stdin=subprocess.PIPE) as process:
            disk.watch(process.pid)
            process.communicate(b"\n", timeout=WAIT_SEC)
        disk.lose_power(Random(1))
        found = {disk._content[str(file)].left(Random(seed)) for seed in SEEDS}
        disk.end()
        assert (file.read_bytes() if file.exists() else b"") in found
        return found

    return left


Left = Callable[[str], set[bytes]]


def test_what_was_synced_is_there(left_by: Left) -> None:
    assert left_by(f"os.pwrite(f, {NEW!r}, 0); os.fsync(f)") == {NEW}


def test_what_was_not_synced_is_there_or_not_or_in_part(left_by: Left) -> None:
    found = left_by(f"os.pwrite(f, {NEW!r}, 0)")

    assert {OLD, NEW} < found
    for content in found:
        sectors = [content[at : at + SECTOR_BYTES] for at in range(0, len(content), SECTOR_BYTES)]
        assert {len(set(sector)) for sector in sectors} == {1}, "a sector is never torn"


def test_a_later_write_may_be_there_and_an_earlier_one_not(left_by: Left) -> None:
    found = left_by(f"os.pwrite(f, {NEW[:512]!r}, 0); os.pwrite(f, {NEW[:512]!r}, 512)")

    assert {OLD, OLD[:512] + NEW[:512] + OLD[1024:], NEW[:512] + OLD[512:]} <= found


def test_a_file_that_was_cut_may_be_as_long_as_it_was(left_by: Left) -> None:
    assert left_by("os.ftruncate(f, 100)") == {OLD, OLD[:100]}


def test_a_file_that_was_removed_may_be_there_again_without_the_one_that_took_its_name(left_by: Left) -> None:
    again = "p = os.readlink(f'/proc/self/fd/{f}'); os.unlink(p); g = os.open(p, os.O_RDWR | os.O_CREAT)"

    assert left_by(again) == {OLD, b""}
    assert left_by(f"{again}; os.pwrite(g, {NEW[:512]!r}, 0); os.fsync(g)") == {NEW[:512]}
