"""How a command ends: errors that say what to do, on standard error, and the exit code."""

import json
import os
import sys
from typing import Any

import click

from oo.domain.errors import OoError

REFUSED = 1
INTERRUPTED = 130


def reported(command: click.Command, **options: Any) -> int:
    """Run a command and return its exit code; an error of ours is printed, for programs too under `--json`."""
    try:
        code = command.main(standalone_mode=False, **options)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return INTERRUPTED
    except OoError as error:
        _print(error)
        return REFUSED
    except BrokenPipeError:
        _drop_output()
        return REFUSED
    except OSError as error:
        # A full disk, a folder that may not be written: the system says what, and a traceback would say no more.
        click.echo(f"oo: {error}", err=True)
        _drop_output()
        return REFUSED
    return code if isinstance(code, int) else 0


def _drop_output() -> None:
    """Leave nothing for the interpreter to flush into an output that takes no more."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(error: OoError) -> None:
    if "--json" in sys.argv:
        document = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
        click.echo(json.dumps(document, ensure_ascii=False))
    click.echo(f"oo: {error.message}", err=True)
    if error.hint:
        click.echo(f"    {error.hint}", err=True)
