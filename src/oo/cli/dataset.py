"""oo dataset: training sets."""

from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from oo.cli.shell import now_ms, opened, print_json, progress_bar, settings_for, with_store
from oo.compose import offline
from oo.domain.wording import counted
from oo.pipelines.training_set import Request
from oo.pipelines.training_set import build as build_training_set


@click.group()
def dataset() -> None:
    """Build training sets: features as they were at given instants."""


@dataset.command()
@click.option(
    "--spine",
    metavar="S.parquet",
    required=True,
    type=click.Path(path_type=Path),
    help="The rows: user_id, at_ms, and whatever else is to be passed through.",
)
@click.option(
    "--out", metavar="D.parquet", required=True, type=click.Path(path_type=Path), help="Where it is written."
)
@click.option("--engine", metavar="NAME", help="What it is made with: duckdb. [default: OO_OFFLINE]")
@click.option("--features", metavar="A,B", help="Its columns. [default: every batched feature]")
@click.option("--as-known", is_flag=True, help="Let facts count only from when they arrived.")
@click.option("--logged", is_flag=True, help="Where a decision was taken, take what it was made from.")
@with_store
def build(
    spine: Path,
    out: Path,
    engine: str | None,
    features: str | None,
    db: str | None,
    *,
    as_known: bool,
    logged: bool,
    as_json: bool,
) -> None:
    """Give each row of a spine, a person at an instant, the features as of then.

    Every row is kept, in order. What is in the set is told in D.parquet.manifest.json.
    """
    names = tuple(filter(None, map(str.strip, (features or "").split(","))))
    request = Request(spine=spine, out=out, features=names, as_known=as_known, logged=logged)
    settings = settings_for(db)
    if engine is not None:
        settings = settings.model_copy(update={"offline": f"{engine}:"})
    with offline(settings) as made, opened(db) as app, _bar() as bar:
        manifest = build_training_set(app, made, request, now_ms=now_ms(), progress=_shown(bar))
    document = {"file": click.format_filename(out), "manifest": click.format_filename(request.manifest)}
    if as_json:
        print_json(document | manifest)
    else:
        _print(document, manifest)


def _bar() -> Progress:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return progress_bar(*columns)


def _shown(bar: Progress) -> Any:
    """Return what shows each kind of work as a bar of its own."""
    begun: dict[str, Any] = {}

    def progress(what: str, done: int, of: int) -> None:
        if what not in begun:
            begun[what] = bar.add_task(what, total=of)
        bar.update(begun[what], completed=done)

    return progress


def _print(document: dict[str, str], manifest: dict[str, Any]) -> None:
    rows, features = counted(manifest["rows"], "row"), counted(len(manifest["features"]), "feature")
    told = f"{document['file']}: {rows}, {features}"
    if manifest["logged"] is not None:
        told += f", {counted(manifest['logged'], 'row')} as logged"
    click.echo(f"{told}.")
    click.echo(f"What is in it: {document['manifest']}")
