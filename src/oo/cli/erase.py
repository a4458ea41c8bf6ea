"""oo erase: leave nothing of a person."""

import sys

import click

from oo.cli.shell import now_ms, opened, print_json, with_store


@click.command()
@click.argument("user_id", metavar="U")
@click.option("--yes", is_flag=True, help="Do not ask. Needed where nobody can be asked.")
@with_store
def erase(user_id: str, db: str | None, *, yes: bool, as_json: bool) -> None:
    """Delete everything about the person U from the store and its files, for good.

    What comes in about them later is refused. Backups and exports that were made before are yours to delete.
    """
    if not yes:
        _ask(user_id)
    with opened(db) as app:
        erased = app.erase(user_id, now_ms=now_ms())
    if as_json:
        document = {"status": "erased", "rows": erased.rows, "purged": erased.purged}
        print_json(document | {"remains": erased.remains})
        return
    click.echo(f"{user_id} is erased." if erased.rows else f"{user_id} was erased already.")
    if erased.remains:
        click.echo(erased.remains, err=True)


def _ask(user_id: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError("This deletes for good, and nobody can be asked here: give --yes.")
    click.confirm(f"Delete everything about {user_id}, for good?", abort=True, err=True)
