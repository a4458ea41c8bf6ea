"""oo backup: copy the store while it is used."""

from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from oo.cli.shell import advance, opened, print_json, progress_bar, settings_for, with_store
from oo.domain.wording import counted


@click.command()
@click.argument("file", metavar="F", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@with_store
def backup(file: Path, db: str | None, *, force: bool, as_json: bool) -> None:
    """Write the store as it is at this instant into the file F, and verify it; nobody has to stop.

    The file is whole when it appears, and holds everything about everyone: keep it as you keep the store. It is an
    SQLite store itself, whichever the database of this one is.
    """
    with opened(db) as app, progress_bar(TextColumn("rows"), BarColumn(), MofNCompleteColumn()) as bar:
        # An SQLite store is copied in one step, in the service where that has it.
        on_rows = {"progress": advance(bar, "rows")} if settings_for(db).on_postgresql() else {}
        made = app.back_up(str(file.absolute()), replace=force, **on_rows)
    name = click.format_filename(file)
    if as_json:
        print_json({"file": name, "bytes": made.size_bytes, "schema": made.revision, "rows": dict(made.rows)})
    else:
        click.echo(f"{name}: {counted(made.rows['users'], 'person', 'people')}, verified.")
