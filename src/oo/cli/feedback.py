"""oo feedback: answer a tip."""

import click

from oo.cli.shell import Instant, now_ms, opened, print_json, with_store
from oo.domain.facts import Reaction
from oo.domain.outcome import Fate

_SAID = {
    Reaction.DONE: "Done. Its task is completed.",
    Reaction.DISMISS: "Dismissed. It comes back only if its task changes.",
    Reaction.SNOOZE: "Snoozed. It comes back later.",
    Reaction.NONE: "Taken back.",
}


@click.command()
@click.argument("tip_id", metavar="TIP")
@click.argument("reaction", type=click.Choice([reaction.value for reaction in Reaction]))
@click.option("--at", "at_ms", type=Instant(), metavar="TIME", help="When it was given. [default: now]")
@click.option(
    "--until", "until_ms", type=Instant(), metavar="TIME", help="Snooze until then. [default: for an hour]"
)
@with_store
def feedback(  # one parameter an option
    tip_id: str, reaction: str, at_ms: int | None, until_ms: int | None, db: str | None, *, as_json: bool
) -> None:
    """Answer the tip TIP; `none` takes an earlier answer back."""
    given = Reaction(reaction)
    with opened(db) as app:
        fate = app.feedback(tip_id, given, now_ms=now_ms(), at_ms=at_ms, snooze_until_ms=until_ms)
    applied = fate is Fate.ACCEPTED
    if as_json:
        print_json({"status": "applied" if applied else "duplicate"})
    else:
        click.echo(_SAID[given] if applied else "That was your answer already.")
