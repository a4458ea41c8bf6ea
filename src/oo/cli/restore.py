"""oo restore: put a backup into place."""

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from oo.cli.shell import advance, now_ms, print_json, progress_bar, settings_for, with_store
from oo.compose import restored
from oo.domain.wording import counted


@click.command()
@click.argument("file", metavar="F", type=click.Path(path_type=Path))
@click.option(
    "--without-erasures",
    is_flag=True,
    help="Go on where the store that is there cannot say who was erased since: they come back.",
)
@with_store
def restore(file: Path, db: str | None, *, without_erasures: bool, as_json: bool) -> None:
    """Put the backup F in the place of the store, once it is checked: whole, and everyone as their facts give.

    What was there is set aside, not deleted. People who were erased after the backup stay erased. The backup may be of
    either database: so a store moves from SQLite to PostgreSQL, and back.
    """
    with progress_bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()) as bar:
        done = restored(
            settings_for(db),
            file,
            now_ms=now_ms(),
            without_erasures=without_erasures,
            checking=advance(bar, "people checked"),
            loading=advance(bar, "rows loaded"),
        )
    place, aside = click.format_filename(done.place), done.aside and click.format_filename(done.aside)
    if as_json:
        print_json({"store": place, "people": done.people, "erased": done.erased, "set_aside": aside})
        return
    click.echo(f"Restored: {counted(done.people, 'person', 'people')}.")
    if done.erased:
        click.echo(f"Erased anew, as they were after the backup: {done.erased:,}.")
    if aside:
        click.echo(f"What was there before is kept as {aside}")
