"""python -m tests.torture: kill a system that is at work, again and again, and hold what is left against the books."""

import secrets
import sys
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from oo.cli.shell import print_json, print_table, progress_bar
from tests.torture.campaigns import CAMPAIGNS, PROFILES
from tests.torture.controls import CONTROLS
from tests.torture.report import document
from tests.torture.run import Plan, planned, run

_ONLY = (*CAMPAIGNS, "controls", *CONTROLS)
_COLUMNS = (
    "campaign",
    "episodes",
    "kills",
    "acknowledged",
    "sent again",
    "lost",
    "doubled",
    "broken",
    "seconds",
)


@click.command()
@click.option("--profile", default="smoke", show_default=True, type=click.Choice(PROFILES), help="How much.")
@click.option("--seed", type=int, help="What everything is drawn from; drawn itself if left out.")
@click.option(
    "--only",
    type=click.Choice(_ONLY),
    metavar="NAME",
    help=f"One campaign ({', '.join(CAMPAIGNS)}), one control by its name, or controls, which is all of them.",
)
@click.option("--episode", type=click.IntRange(0), help="One episode of the campaign that --only names.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def torture(profile: str, seed: int | None, only: str | None, episode: int | None, *, as_json: bool) -> None:
    """Kill oO at work, check what is left, and check that the same checks find each defence that is removed."""
    if episode is not None and only not in CAMPAIGNS:
        raise click.UsageError(f"--episode goes with --only {' or '.join(CAMPAIGNS)}.")
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    click.echo(f"profile {profile}, seed {seed}", err=True)
    plan = planned(profile, seed, only, episode)
    for name, missed in plan.left_out.items():
        click.echo(f"The campaign {name} does not run: it needs {missed}.", err=True)
    found = document(profile, plan, *_with_progress(plan))
    print_json(found) if as_json else _print(found)
    sys.exit(0 if found["ok"] else 1)


def _with_progress(plan: Plan) -> Any:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with progress_bar(*columns) as bar:
        task = bar.add_task("", total=len(plan.episodes) + len(plan.controls))
        return run(plan, lambda said: bar.update(task, advance=1, description=said))


def _print(found: dict[str, Any]) -> None:
    print_table(_COLUMNS, [_row(each) for each in found["campaigns"]], empty="No campaign was run.")
    for each in found["campaigns"]:
        for kind in ("kills", "points"):
            counts = ", ".join(f"{name} {count}" for name, count in sorted(each[kind].items()))
            click.echo(f"{each['campaign']}, {kind}: {counts}")
    click.echo()
    rows = [
        (
            each["name"],
            "caught" if each["caught"] else "NOT CAUGHT",
            ", ".join(each["caught_by"]),
            each["kills"],
        )
        for each in found["controls"]
    ]
    print_table(("without", "", "by", "after kills"), rows, empty="No control was tried.")
    for failure in found["failures"]:
        click.echo(f"\n{failure['replay']}\n  the store: {failure['folder']}")
        for each in failure["violations"]:
            click.echo(f"  {each['check']}: {each['verdict']}: {each['what']}")


def _row(each: dict[str, Any]) -> tuple[Any, ...]:
    counts = (each["acknowledged"], each["sent_again"], each["lost"], each["doubled"], each["broken"])
    return (each["campaign"], each["episodes"], sum(each["kills"].values()), *counts, round(each["seconds"]))


if __name__ == "__main__":
    torture()
