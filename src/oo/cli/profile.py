"""oo profile: what is known of a person."""

import click

from oo.api import documents
from oo.cli.shell import Instant, now_ms, opened, print_json, print_table, with_store


@click.command()
@click.argument("user_id", metavar="U")
@click.option("--at", "at_ms", type=Instant(), metavar="TIME", help="As of then, computed from the facts.")
@click.option("--rebuild", is_flag=True, help="Compute everything anew.")
@click.option("--stored", is_flag=True, help="What is stored, stale values too; compute nothing.")
@with_store
def profile(
    user_id: str, at_ms: int | None, db: str | None, *, rebuild: bool, stored: bool, as_json: bool
) -> None:
    """Show the profile of the person U; values past their TTL are computed anew."""
    if sum((at_ms is not None, rebuild, stored)) > 1:
        raise click.UsageError("--at, --rebuild and --stored exclude each other.")
    with opened(db) as app:
        if at_ms is not None:
            known = app.profiles.as_of(user_id, at_ms=at_ms)
        elif rebuild:
            known = app.profiles.rebuild(user_id, now_ms=now_ms())
        elif stored:
            known = app.profiles.stored(user_id, now_ms=now_ms())
        else:
            known = app.profiles.get(user_id, now_ms=now_ms())
    if as_json:
        print_json(documents.profile(known))
    else:
        rows = [
            [name, each["value"], each["status"], each["computed_at"], f"{each['ttl_sec'] / 3600:g} h"]
            for name, each in documents.profile(known)["features"].items()
        ]
        print_table(["feature", "value", "status", "as of", "ttl"], rows, empty="The catalogue is empty.")
