"""oo quality: how good the data is, and which alerts are open."""

from collections.abc import Sequence
from typing import Any

import click

from oo.api import documents
from oo.cli.shell import now_ms, opened, print_json, print_table, printable, with_store
from oo.domain.instant import HOUR, format_instant
from oo.domain.quality import Alert, Checked, FeatureQuality, SourceQuality
from oo.evaluation.conditions import is_silent
from oo.evaluation.thresholds import RETIRED_MS


@click.command()
@click.argument("what", default="show", type=click.Choice(["show", "baseline"]), metavar="[baseline]")
@click.argument("names", nargs=-1, metavar="[FEATURE]...")
@with_store
def quality(what: str, names: Sequence[str], db: str | None, *, as_json: bool) -> int:
    """Check the data: raise and clear alerts, and show what was measured; exit 1 when an alert is open.

    With `baseline`, take the distributions of now as what later ones are compared with, of every FEATURE or of all.
    """
    if what == "baseline":
        _renew(names, db, as_json=as_json)
        return 0
    if names:
        raise click.UsageError("A feature goes with `baseline` alone.")
    with opened(db) as app:
        checked = app.quality.run(now_ms=now_ms())
    if checked.undelivered is not None:
        click.echo(f"The webhook did not take an alert: {printable(checked.undelivered)}", err=True)
    if as_json:
        print_json(documents.quality(checked.panel))
    else:
        _print(checked)
    return 1 if checked.panel.alerts else 0


def _renew(names: Sequence[str], db: str | None, *, as_json: bool) -> None:
    with opened(db) as app:
        renewed = app.quality.renew(names, now_ms=now_ms())
    if as_json:
        print_json({"baselines": list(renewed)})
    else:
        nothing = "No baseline was taken: a feature needs values of 50 people."
        print_table(["new baseline"], [[name] for name in renewed], empty=nothing)


def _print(checked: Checked) -> None:
    seen = checked.panel
    columns = [
        "feature",
        "values",
        "fresh",
        "null",
        "fallback",
        "lowest",
        "highest",
        "cannot be",
        "PSI",
        "drift",
    ]
    print_table(columns, [_feature(each) for each in seen.features], empty="The catalogue is empty.")
    click.echo()
    columns = ["source", "last heard", "silent", "may be silent", ""]
    print_table(columns, [_source(each) for each in seen.sources], empty="Nothing was heard yet.")
    click.echo()
    if not seen.alerts:
        click.echo("No alert is open.")
    for alert in seen.alerts:
        click.echo(_words(alert))
    for alert in checked.cleared:
        click.echo(f"{alert.condition.kind} {printable(alert.condition.subject)}: this has ended.")


def _feature(of: FeatureQuality) -> list[Any]:
    return [
        of.name,
        of.counts.rows,
        _percent(of.fresh_share),
        _percent(of.null_share),
        _percent(of.fallback_share),
        of.counts.lowest,
        of.counts.highest,
        of.counts.outside,
        None if of.drift is None else of.drift.psi,
        of.verdict,
    ]


def _source(of: SourceQuality) -> list[Any]:
    allowed = None if of.silent_after_ms is None else f"{of.silent_after_ms / HOUR:.0f} h"
    return [
        of.name,
        format_instant(of.last_at_ms),
        f"{of.silent_ms / HOUR:.0f} h",
        allowed,
        _standing(of),
    ]


def _standing(of: SourceQuality) -> str:
    if is_silent(of):
        return "silent"
    return "given up" if of.silent_after_ms is not None and of.silent_ms > RETIRED_MS else ""


def _words(alert: Alert) -> str:
    of = alert.condition
    since = format_instant(alert.since_ms)
    return f"{of.kind} since {since}: {printable(of.message)}\n  {printable(of.hint)}"


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.0%}"
