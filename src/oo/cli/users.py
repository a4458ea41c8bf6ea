"""oo users: add and list people."""

import click

from oo.cli.shell import machine_tz, now_ms, opened, print_json, print_table, with_store
from oo.domain.ids import checked


@click.group()
def users() -> None:
    """Add and list people."""


@users.command()
@click.argument("user_id", metavar="U")
@click.option(
    "--tz", help="The zone they live in, such as Europe/Berlin. [default: a new person's is this machine's]"
)
@click.option("--again", is_flag=True, help="Make somebody anew who was erased: an empty record.")
@with_store
def add(user_id: str, tz: str | None, db: str | None, *, again: bool, as_json: bool) -> None:
    """Add the person U, or let them live in another zone from now on."""
    with opened(db) as app:
        known = app.people.find(checked(user_id, "user id"))
        tz = tz or (known.tz_at(now_ms()) if known else machine_tz())
        changed = app.people.add(user_id, tz, now_ms=now_ms(), again=again)
    if as_json:
        print_json({"user_id": user_id, "tz": tz, "status": "applied" if changed else "duplicate"})
    else:
        click.echo(f"{user_id} lives in {tz}." if changed else f"{user_id} lived in {tz} already.")


@users.command(name="list")
@with_store
def list_(db: str | None, *, as_json: bool) -> None:
    """List everyone with their zone."""
    with opened(db) as app:
        people = [{"user_id": person.user_id, "tz": person.tz_at(now_ms())} for person in app.people.all()]
    if as_json:
        print_json({"users": people})
    else:
        print_table(
            ["person", "zone"],
            [[*person.values()] for person in people],
            empty="Nobody yet. Add someone: oo users add U",
        )
