"""What the commands share: the store, the clock, ids, zones, and how answers are printed."""

import functools
import json
import secrets
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import tzlocal
from rich.console import Console
from rich.progress import Progress, ProgressColumn, TaskID
from rich.table import Table

from oo.compose import compose
from oo.domain.instant import parse_instant
from oo.settings import Settings, load_settings
from oo.usecases.app import App

_PIPED_WIDTH = 200
Command = TypeVar("Command", bound=Callable[..., Any])


def with_store(command: Command) -> Command:
    """Give a command `--db` and `--json`."""
    command = click.option(
        "--db", metavar="URL", help="The store: sqlite:///FILE, postgresql://…, or a file."
    )(command)
    return with_json(command)


def with_json(command: Command) -> Command:
    """Give a command `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


@contextmanager
def opened(db: str | None) -> Iterator[App]:
    """Open the App over the store that `--db`, the environment or the data folder names, and close it after."""
    app = compose(settings_for(db))
    try:
        yield app
    finally:
        app.close()


def settings_for(db: str | None) -> Settings:
    """Return the settings of this environment, with the store that `--db` names where it names one."""
    overrides = {} if db is None else {"database": db if "://" in db else f"sqlite:///{Path(db).absolute()}"}
    return load_settings(**overrides)


def now_ms() -> int:
    """Return this machine's time in epoch milliseconds."""
    return time.time_ns() // 1_000_000


def new_id() -> str:
    """Return a new id: 64 random bits in hexadecimal."""
    return secrets.token_hex(8)


def machine_tz() -> str:
    """Return the name of this machine's zone, UTC where it has none."""
    name = tzlocal.get_localzone_name()
    return name or "UTC"


class Instant(click.ParamType[int]):
    """A time with a zone, as epoch milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read ISO 8601 with an offset or Z; raises `InvalidInstant`."""
        del param, ctx
        return value if isinstance(value, int) else parse_instant(value)


def print_json(document: Any) -> None:
    """Print one JSON document on standard output; where that is not UTF-8, other characters than ASCII as escapes."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    escaped = encoding.lower().replace("-", "") != "utf8"
    click.echo(json.dumps(document, ensure_ascii=escaped, allow_nan=False))


@functools.cache
def console() -> Console:
    """Return the console for answers to people; where they go into a pipe or a file, lines may be long."""
    on_screen = sys.stdout is not None and sys.stdout.isatty()
    # What people write is shown as they wrote it: [b] and :tada: mean nothing here.
    return Console(highlight=False, markup=False, emoji=False, width=None if on_screen else _PIPED_WIDTH)


def progress_bar(*columns: ProgressColumn) -> Progress:
    """Return a progress bar on standard error, so that standard output holds the answer alone; none off a terminal."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def advance(bar: Progress, what: str) -> Callable[[int, int], None]:
    """Return what moves a bar: called with how many are done, of how many. It appears with the first call."""
    tasks: list[TaskID] = []

    def tell(done: int, of: int) -> None:
        if not tasks:
            tasks.append(bar.add_task(what, total=of))
        bar.update(tasks[0], completed=done)

    return tell


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], *, empty: str) -> None:
    """Print rows under their columns, or what to do where there are none; numbers stand to the right."""
    if not rows:
        click.echo(empty)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for position, column in enumerate(columns):
        numeric = all(isinstance(row[position], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    console().print(table)


def printable(text: str) -> str:
    """Return text with what could steer a terminal replaced: a title may come from anywhere."""
    return "".join("�" if unicodedata.category(character) == "Cc" else character for character in text)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else printable(str(value))
