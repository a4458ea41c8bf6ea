"""oo features verify: hold every execution of every definition equal, on the facts of this store."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from oo.cli.failure import REFUSED
from oo.cli.shell import now_ms, opened, print_json, printable, progress_bar, settings_for, with_store
from oo.compose import offline
from oo.domain.errors import InvalidSetting
from oo.domain.instant import format_instant
from oo.pipelines.verify_offline import verify_offline
from oo.ports import Offline
from oo.usecases.app import App
from oo.usecases.verify import Difference, Verification

_PEOPLE_AT_ONCE = 20


@click.command()
@click.option("--user", "user_id", metavar="U", help="One person only.")
@with_store
def verify(*, user_id: str | None, db: str | None, as_json: bool) -> None:
    """Compare what is stored and what each statement computes with the fold; exit 1 where a value differs."""
    with opened(db) as app, _engine(db) as engine:
        user_ids = (
            [app.people.get(user_id).user_id] if user_id else [each.user_id for each in app.people.all()]
        )
        found = _verified(app, engine, user_ids)
    if as_json:
        print_json({"checked": found.checked, "differences": [_document(each) for each in found.differences]})
    else:
        _print(found, len(user_ids))
    if found.differences:
        raise click.exceptions.Exit(REFUSED)


@contextmanager
def _engine(db: str | None) -> Iterator[Offline | None]:
    """Start the offline engine; where it is not installed, say that its values are not compared."""
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(offline(settings_for(db)))
        except InvalidSetting as missing:
            click.echo(f"{missing} What is computed for training sets is not compared.", err=True)
            engine = None
        yield engine


def _verified(app: App, engine: Offline | None, user_ids: Sequence[str]) -> Verification:
    found = Verification()
    columns = (TextColumn("people"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with progress_bar(*columns) as bar:
        task = bar.add_task("people", total=len(user_ids))
        for some in _batches(user_ids):
            found.add(app.verify.some(some, now_ms=now_ms()))
            if engine is not None:
                found.add(verify_offline(app, engine, some, now_ms=now_ms()))
            bar.advance(task, len(some))
    return found


def _batches(user_ids: Sequence[str]) -> Iterator[list[str]]:
    left = iter(user_ids)
    while some := list(islice(left, _PEOPLE_AT_ONCE)):
        yield some


def _document(difference: Difference) -> dict[str, Any]:
    return {
        "user_id": difference.user_id,
        "feature": difference.feature,
        "at": format_instant(difference.at_ms),
        "execution": difference.execution,
        "expected": difference.expected,
        "found": difference.found,
    }


def _print(found: Verification, people: int) -> None:
    count = len(found.differences)
    who = "1 person" if people == 1 else f"{people:,} people"
    click.echo(f"{found.checked:,} values of {who} compared with their fold: {count:,} differ.")
    if found.differences:
        first = found.differences[0]
        click.echo(
            printable(
                f"First: {first.feature} of {first.user_id} as of {format_instant(first.at_ms)}: "
                f"{first.execution} gives {first.found!r}, the fold {first.expected!r}."
            )
        )
