"""The entry of `oo`: finds the command in a table and loads its module only then, so that `oo --help` is instant."""

import importlib
import io
import sys
from collections.abc import Mapping

import click

from oo import __version__
from oo.cli.failure import reported

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("oo.cli.demo:demo", "Let personas live through a month, and print what was learned."),
    "serve": ("oo.cli.serve:serve", "Serve the API and the person's page on this machine."),
    "import": ("oo.cli.import_:import_", "Bring in a task list (todo.txt), or a log of events."),
    "tasks": ("oo.cli.tasks:tasks", "Add, list and complete tasks by hand."),
    "recommend": ("oo.cli.recommend:recommend", "Show a person the next tip."),
    "feedback": ("oo.cli.feedback:feedback", "Answer a tip: done, dismiss, snooze, or none to take it back."),
    "profile": ("oo.cli.profile:profile", "Show what is known of a person."),
    "features": ("oo.cli.features:features", "Show the catalogue of features."),
    "check": ("oo.cli.check:check", "Say what is wrong, if anything."),
    "repair": ("oo.cli.repair:repair", "Rebuild what differs from the facts."),
    "dataset": ("oo.cli.dataset:dataset", "Build training sets: features as they were at given instants."),
    "quality": ("oo.cli.quality:quality", "Show how good the data is, and which alerts are open."),
    "events": ("oo.cli.events:events", "Show and retry events of the bus that could not be recorded."),
    "work": ("oo.cli.work:work", "Publish and listen in a process of its own; needs PostgreSQL."),
    "users": ("oo.cli.users:users", "Add and list people."),
    "export": ("oo.cli.export:export", "Give a person everything that is recorded about them."),
    "erase": ("oo.cli.erase:erase", "Delete everything about a person, for good."),
    "backup": ("oo.cli.backup:backup", "Copy the store while it is used, and verify the copy."),
    "restore": ("oo.cli.restore:restore", "Put a backup in the place of the store."),
}
"""Each command: where it is, and its line in the help."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # the name is click's
        """Return the commands in the order of a person's first hour with oO."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # likewise
        """Import and return a command, None where there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if (error.name or "oo").partition(".")[0] == "oo":
                raise
            raise click.ClickException(
                f"oo {cmd_name} needs {error.name}, which is not installed. Install oO with its service: "
                "pip install 'oo-tips[service]'"
            ) from error
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # likewise
        """List the commands from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="oO")
def oo() -> None:
    """Show one useful tip at a time, and learn from done, dismiss, snooze.

    The store is --db, else OO_DATABASE, else oo.db in your data folder. Every command takes --json.
    """
    from oo.settings import strange_variables  # noqa: PLC0415  # slow to import; `oo --help` comes without it

    for sentence in strange_variables():
        click.echo(f"oo: {sentence}", err=True)


def main() -> None:
    """Run `oo`; exit with 0 done, 1 a clear refusal or finding, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What an old locale cannot show is spelled out, rather than ending the command.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(reported(oo))
