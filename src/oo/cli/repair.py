"""oo repair: rebuild what differs from the facts."""

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from oo.cli.shell import now_ms, opened, print_json, printable, progress_bar, with_store
from oo.usecases.app import App
from oo.usecases.ledger import Broken


@click.command()
@click.option("--user", "user_id", metavar="U", help="One person only.")
@with_store
def repair(*, user_id: str | None, db: str | None, as_json: bool) -> None:
    """Rebuild what is kept and is not what the facts give, and say what that was."""
    with opened(db) as app:
        broken = _repaired(app, user_id)
    if as_json:
        print_json({"rebuilt": [_document(each) for each in broken]})
    elif not broken:
        click.echo("Nothing differs from the facts.")
    else:
        for each in broken:
            click.echo(printable(f"Rebuilt {each.part} of {each.user_id}: {each.kept} became {each.given}."))


def _repaired(app: App, user_id: str | None) -> list[Broken]:
    people = [user_id] if user_id else [person.user_id for person in app.people.all()]
    found: list[Broken] = []
    with progress_bar(TextColumn("people"), BarColumn(), MofNCompleteColumn()) as bar:
        for each in bar.track(people):
            found += app.ledger.repair(each, now_ms=now_ms())
    return found


def _document(broken: Broken) -> dict[str, str]:
    return {"user_id": broken.user_id, "part": broken.part, "kept": broken.kept, "given": broken.given}
