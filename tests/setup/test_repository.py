"""What is committed reads the same anywhere: it names no registry and no one's machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Written so that this file does not match its own patterns.
FOREIGN = {
    "a registry's host": re.compile(
        r"pypi[.]org|pythonhosted[.]|registry[.]npmjs|(?:deb|security|snapshot)[.]debian[.]|proxy[.]golang[.]"
    ),
    "a machine's path": re.compile(r"(?<![\w.~/-])/(?:root|work|home/\w+|Users/\w+|opt/(?:pypi|wheels))\b"),
    "an index of packages": re.compile(r"(?m)^\s*--(?:index-url|extra-index-url|find-links|trusted-host)\b"),
}


def committed() -> list[Path]:
    """Files under version control, or about to be; all of them where there is no repository."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode:
        pytest.skip("not a git checkout: what is committed cannot be told")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("what", FOREIGN)
def test_no_committed_file_names(what: str) -> None:
    found = {
        str(path.relative_to(ROOT)): match[0]
        for path in committed()
        if (match := FOREIGN[what].search(path.read_text("utf-8", errors="replace")))
    }

    assert not found


def test_every_pin_carries_a_hash() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        pins = re.findall(r"(?m)^[\w.-]+==.*(?:\n .*)*", path.read_text("utf-8"))

        assert pins
        assert [pin for pin in pins if "--hash=sha256:" not in pin] == [], path.name
