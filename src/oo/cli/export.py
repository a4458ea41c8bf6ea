"""oo export: give a person what was recorded about them."""

from pathlib import Path

import click

from oo.cli.private_file import write
from oo.cli.shell import opened, print_json, with_store


@click.command()
@click.argument("user_id", metavar="U")
@click.option(
    "--out",
    metavar="FILE.zip",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where it is written, in place of what is there. [default: oo-export-U.zip]",
)
@with_store
def export(user_id: str, out: Path | None, db: str | None, *, as_json: bool) -> None:
    """Write everything that is recorded about the person U into a zip, readable by you alone.

    Its events.jsonl is an event log: oo import brings it into another store. The same records give the same file.
    """
    with opened(db) as app:
        content = app.export(user_id)
    place = out or Path(f"oo-export-{user_id}.zip")
    write(content, place)
    if as_json:
        print_json({"user_id": user_id, "file": click.format_filename(place), "bytes": len(content)})
    else:
        click.echo(f"{click.format_filename(place)}: everything about {user_id}.")
