"""oo check: what is wrong, if anything."""

import sys

import click

from oo.cli.shell import now_ms, opened, print_json, printable, with_store
from oo.domain.finding import Finding


@click.command()
@with_store
def check(*, db: str | None, as_json: bool) -> None:
    """Compare what is kept and what was served with the facts; exit 1 when something is wrong."""
    with opened(db) as app:
        findings = app.check(now_ms=now_ms())
    if as_json:
        print_json({"ok": not findings, "findings": [_document(finding) for finding in findings]})
    elif not findings:
        click.echo("All is well.")
    else:
        for finding in findings:
            click.echo(f"{finding.kind}: {printable(finding.what)}\n  {printable(finding.hint)}")
    sys.exit(1 if findings else 0)


def _document(finding: Finding) -> dict[str, str]:
    return {"kind": finding.kind, "what": finding.what, "hint": finding.hint}
