"""oo tasks: a person's tasks, by hand."""

import click

from oo.cli.shell import new_id, now_ms, opened, print_json, print_table, with_store
from oo.domain.facts import TaskUpsert
from oo.domain.instant import parse_day_or_instant
from oo.domain.task import Task
from oo.usecases.tasks import check_category, check_title


@click.group()
def tasks() -> None:
    """Add, list and complete tasks by hand."""


@tasks.command()
@click.argument("user_id", metavar="U")
@click.argument("text", metavar="TEXT")
@click.option("--due", metavar="DAY", help="A day, 2026-09-02, or a time on their clock, 2026-09-02T17:00.")
@click.option("--start", metavar="DAY", help="Not to be shown before then.")
@click.option(
    "--priority", type=click.IntRange(1, 4), default=1, show_default=True, help="1 (lowest) to 4 (highest)."
)
@click.option("--category", help="Such as work, home, health.")
@with_store
def add(  # one parameter an option
    user_id: str,
    text: str,
    due: str | None,
    start: str | None,
    priority: int,
    category: str | None,
    db: str | None,
    *,
    as_json: bool,
) -> None:
    """Add a task for the person U."""
    moment = now_ms()
    with opened(db) as app:
        tz = app.people.get(user_id).tz_at(moment)
        fact = TaskUpsert(
            user_id=user_id,
            task_id=new_id(),
            at_ms=moment,
            title=check_title(text),
            due=due and parse_day_or_instant(due, tz),
            start=start and parse_day_or_instant(start, tz),
            priority=priority,
            category=None if category is None else check_category(category),
            source="shell",
        )
        task = app.tasks.add(fact, now_ms=moment)
    if as_json:
        print_json(_document(task, "open"))
    else:
        click.echo(f"Added {task.content.title} ({task.task_id})")


@tasks.command(name="list")
@click.argument("user_id", metavar="U")
@click.option("--all", "every", is_flag=True, help="Completed, dismissed and deleted ones as well.")
@with_store
def list_(user_id: str, db: str | None, *, every: bool, as_json: bool) -> None:
    """List the tasks of the person U."""
    moment = now_ms()
    with opened(db) as app:
        person = app.people.get(user_id)
        stated = [(task, task.status(moment, person.tz_at(moment))) for task in app.tasks.of(user_id)]
    shown = [(task, status) for task, status in stated if every or status in {"open", "snoozed", "waiting"}]
    if as_json:
        print_json({"user_id": user_id, "tasks": [_document(task, status) for task, status in shown]})
        return
    print_table(
        ["id", "task", "due", "priority", "category", "status"],
        [
            [
                task.task_id,
                task.content.title,
                task.content.due,
                task.content.priority,
                task.content.category,
                status,
            ]
            for task, status in shown
        ],
        empty=f'Nothing to do. Add a task: oo tasks add {user_id} "…"'
        if not stated
        else "Nothing open. See --all.",
    )


@tasks.command()
@click.argument("user_id", metavar="U")
@click.argument("task_id", metavar="ID")
@with_store
def done(user_id: str, task_id: str, db: str | None, *, as_json: bool) -> None:
    """Complete the task ID of the person U."""
    with opened(db) as app:
        changed = app.tasks.complete(user_id, task_id, now_ms=now_ms())
    if as_json:
        print_json({"task_id": task_id, "status": "applied" if changed else "duplicate"})
    else:
        click.echo("Done." if changed else "That was done already.")


def _document(task: Task, status: str) -> dict[str, object]:
    content = task.content
    return {
        "task_id": content.task_id,
        "title": content.title,
        "due": content.due,
        "start": content.start,
        "priority": content.priority,
        "category": content.category,
        "status": status,
    }
