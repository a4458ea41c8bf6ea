"""oo events: what came over the bus and could not be recorded, and what is to go out again."""

from typing import Any

import click

from oo.cli.shell import Instant, now_ms, opened, print_json, print_table, printable, with_store
from oo.domain.event import DeadEvent
from oo.domain.instant import format_instant
from oo.domain.outcome import Fate, Outcome
from oo.domain.wording import counted

_SHOWN = 60


@click.group()
def events() -> None:
    """Show and retry events of the bus that could not be recorded, and publish others again."""


@events.command(short_help="List the events that were refused five times.")
@with_store
def dead(*, db: str | None, as_json: bool) -> None:
    """List the events that were refused five times, each with its number and the last reason."""
    with opened(db) as app:
        found = app.events.dead()
    if as_json:
        print_json({"dead": [_document(event) for event in found]})
        return
    print_table(
        ["event", "subject", "died", "reason", "what came"],
        [
            [event.number, event.subject, format_instant(event.died_at_ms), event.reason, _start(event)]
            for event in found
        ],
        empty="No event is dead.",
    )


@events.command(short_help="Try to record a dead event again.")
@click.argument("number", metavar="[ID]", required=False, type=click.IntRange(1))
@click.option("--all", "every", is_flag=True, help="Every dead event.")
@with_store
def retry(number: int | None, db: str | None, *, every: bool, as_json: bool) -> int:
    """Try to record a dead event again, by its number, or all of them; exit 1 when one is refused again."""
    if (number is None) != every:
        raise click.UsageError("Give the number of an event, or --all.")
    with opened(db) as app:
        tried = app.events.retry(None if number is None else [number], now_ms=now_ms())
    if as_json:
        print_json({"retried": [_retried(event, outcome) for event, outcome in tried]})
    else:
        rows = [[event.number, event.subject, outcome.fate, outcome.message] for event, outcome in tried]
        print_table(["event", "subject", "now", ""], rows, empty="No event is dead.")
    return 1 if any(outcome.fate is Fate.REFUSED for _, outcome in tried) else 0


@events.command(short_help="Publish again what a bus has lost.")
@click.option("--since", required=True, metavar="T", type=Instant(), help="From which time of arrival on.")
@click.option(
    "--until", metavar="T", type=Instant(), help="Up to which, that one left out.  [default: all since]"
)
@with_store
def republish(since: int, until: int | None, db: str | None, *, as_json: bool) -> None:
    """Publish again what arrived since T: for a bus that has lost its disk. The outbox keeps a week.

    Each event has the id that it had, so that whoever keeps ids records nothing twice.
    """
    with opened(db) as app:
        count = app.events.republish(since) if until is None else app.events.republish(since, until)
    if as_json:
        print_json({"republished": count})
    else:
        click.echo(f"To be published again: {counted(count, 'event', 'events')}.")


def _start(event: DeadEvent) -> str:
    text = printable(event.body.decode("utf-8", "replace"))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _document(event: DeadEvent) -> dict[str, Any]:
    return {
        "id": event.number,
        "subject": event.subject,
        "user_id": event.user_id,
        "reason": event.reason,
        "tries": event.tries,
        "died_at": format_instant(event.died_at_ms),
        "body": event.body.decode("utf-8", "replace"),
    }


def _retried(event: DeadEvent, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": event.number,
        "subject": event.subject,
        "status": str(outcome.fate),
        "message": outcome.message,
    }
