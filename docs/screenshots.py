# ruff: noqa: INP001  # a script beside the pages that its pictures are for
"""Take the pictures of the pages: `make screenshots`. The people are those of the demo, on the day it is run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

IMAGES = Path(__file__).parent / "images"
OO = Path(sys.executable).with_name("oo")
DEMO = (str(OO), "demo", "--users", "4", "--days", "30", "--seed", "1", "--port", "0")
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
)
STOP_SEC = 20
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Write every picture into docs/images."""
    IMAGES.mkdir(exist_ok=True)
    with demo() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(CHROMIUM))
        for scheme in SCHEMES:
            shoot(browser, address, scheme)
        browser.close()


@contextmanager
def demo() -> Iterator[str]:
    """Let the demo's people live, serve them, and yield the address."""
    quiet = {**os.environ, "OO_LOG_LEVEL": "warning"}
    process = subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True, env=quiet)  # noqa: S603  # our own command
    assert process.stdout is not None  # noqa: S101  # it was asked for
    try:
        yield next(found[0] for line in process.stdout if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.wait(STOP_SEC)


def shoot(browser: Browser, address: str, scheme: Literal["light", "dark"]) -> None:
    """Take the pictures of one colour scheme."""
    page = opened(browser, scheme, width=900, height=680)
    page.goto(address)
    page.get_by_role("main").get_by_role("link").first.click()
    page.screenshot(path=IMAGES / f"page-{scheme}.png")
    phone = opened(browser, scheme, width=390, height=844)
    phone.goto(page.url)
    phone.get_by_text("Why this?").click()
    phone.screenshot(path=IMAGES / f"why-{scheme}.png", full_page=True)


def opened(browser: Browser, scheme: Literal["light", "dark"], *, width: int, height: int) -> Page:
    """Open a window without scripts."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        java_script_enabled=False,
    )
    return context.new_page()


if __name__ == "__main__":
    main()
