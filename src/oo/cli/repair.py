"""oo repair: rebuild what differs from the facts, or begin anew where the store's file is damaged."""

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from oo.cli.shell import now_ms, opened, print_json, printable, progress_bar, settings_for, with_store
from oo.compose import begun_anew
from oo.domain.errors import CorruptStore
from oo.domain.wording import counted
from oo.ports import BegunAnew
from oo.usecases.app import App
from oo.usecases.ledger import Broken


@click.command()
@click.option("--user", "user_id", metavar="U", help="One person only.")
@click.option(
    "--set-aside",
    is_flag=True,
    help="Keep a store whose file is damaged under another name, and begin with an empty one.",
)
@with_store
def repair(*, user_id: str | None, set_aside: bool, db: str | None, as_json: bool) -> None:
    """Rebuild what is kept and is not what the facts give, and say what that was."""
    if set_aside:
        if user_id:
            raise click.UsageError("--set-aside is about the whole store: leave out --user.")
        _say(begun_anew(settings_for(db), now_ms=now_ms()), as_json=as_json)
        return
    with opened(db) as app:
        broken = _repaired(app, user_id)
    if as_json:
        print_json({"rebuilt": [_document(each) for each in broken]})
    elif not broken:
        click.echo("Nothing differs from the facts.")
    else:
        for each in broken:
            click.echo(printable(f"Rebuilt {each.part} of {each.user_id}: {each.kept} became {each.given}."))


def _say(done: BegunAnew, *, as_json: bool) -> None:
    aside = done.aside and click.format_filename(done.aside)
    if as_json:
        document = {"store": click.format_filename(done.place), "problem": done.problem, "set_aside": aside}
        print_json(document | {"erasures": done.erasures})
        return
    if aside is None:
        click.echo("The store's file is whole, and stays where it is.")
        return
    click.echo(f"The store's file is damaged: {printable(done.problem or '')}.")
    click.echo(f"It is kept as {aside}")
    click.echo("In its place is an empty store.")
    if done.erasures is None:
        click.echo("Who was erased could not be read: what comes in about them is recorded again.", err=True)
    elif done.erasures:
        click.echo(f"It knows who was erased: {counted(done.erasures, 'person', 'people')}.")


def _repaired(app: App, user_id: str | None) -> list[Broken]:
    damage = app.check.damage()
    if damage is not None:
        raise CorruptStore(f"{damage.what} Nothing was rebuilt.", damage.hint)
    people = [user_id] if user_id else [person.user_id for person in app.people.all()]
    found: list[Broken] = []
    with progress_bar(TextColumn("people"), BarColumn(), MofNCompleteColumn()) as bar:
        for each in bar.track(people):
            found += app.ledger.repair(each, now_ms=now_ms())
    return found


def _document(broken: Broken) -> dict[str, str]:
    return {"user_id": broken.user_id, "part": broken.part, "kept": broken.kept, "given": broken.given}
