"""oo recommend: the next tip."""

import click

from oo.api import documents
from oo.cli.shell import Instant, new_id, now_ms, opened, print_json, print_table, printable, with_store
from oo.domain.tip import Explanation, Recommendation

_SHOWN = 10
"""So many tasks are printed for people; --json has them all."""


@click.command()
@click.argument("user_id", metavar="U")
@click.option(
    "--at",
    "at_ms",
    type=Instant(),
    metavar="TIME",
    help="Choose and record the tip as of then, from the tasks of today. [default: now]",
)
@click.option("--fresh", is_flag=True, help="A new tip, even if one is open.")
@click.option(
    "--explain", is_flag=True, help="Why this one: what each dimension adds, and how the others stood."
)
@with_store
def recommend(
    user_id: str, at_ms: int | None, db: str | None, *, fresh: bool, explain: bool, as_json: bool
) -> None:
    """Show the person U the next tip. One that is open, without an answer, is shown again for 30 minutes."""
    moment = now_ms() if at_ms is None else at_ms
    with opened(db) as app:
        answer = app.recommend(
            user_id, now_ms=moment, tip_id=new_id(), fresh=fresh, explain=explain, shown=not as_json
        )
    if as_json:
        print_json(documents.recommendation(answer))
    else:
        _print(answer)


def _print(answer: Recommendation) -> None:
    tip = answer.tip
    if tip is None:
        click.echo(f"Nothing to show: {answer.reason}.")
        return
    click.secho(printable(tip.text or tip.candidate_id), bold=True)
    click.echo(f"{answer.reason}" + (f" · {printable(tip.category)}" if tip.category else ""))
    click.echo(f"Answer with: oo feedback {tip.tip_id} done | dismiss | snooze")
    if answer.explanation is not None:
        _print_explanation(answer.explanation)


def _print_explanation(explanation: Explanation) -> None:
    click.echo("\nWhat each dimension adds to the expected reward of this task")
    ordered = sorted(explanation.contributions.items(), key=lambda pair: -abs(pair[1]))
    print_table(["dimension", "adds"], [[name, f"{value:+.3f}"] for name, value in ordered], empty="Nothing.")
    click.echo("\nHow the tasks stood")
    rows = [
        [each.text or each.candidate_id, f"{each.score:.3f}", f"{each.propensity:.3f}"]
        for each in explanation.ranking
    ]
    print_table(["task", "score", "chance"], rows[:_SHOWN], empty="No other.")
    if len(rows) > _SHOWN:
        click.echo(f"… and {len(rows) - _SHOWN} more.")
