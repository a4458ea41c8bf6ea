"""oo features: the catalogue."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from oo.api import documents
from oo.cli.failure import REFUSED
from oo.cli.shell import print_json, print_table, printable, with_json
from oo.cli.verify import verify
from oo.features.catalog import CATALOG
from oo.features.contract import files
from oo.features.contract.drift import differences
from oo.features.registry import Registry


@click.group()
def features() -> None:
    """Show the catalogue of features, verify what it computes, and write it for clients in other languages."""


features.add_command(verify)


@features.command(name="list")
@with_json
def list_(*, as_json: bool) -> None:
    """List every feature."""
    registry = Registry(CATALOG)
    if as_json:
        print_json({"features": [documents.feature(registry, definition) for definition in registry]})
        return
    rows = [
        [
            each.name,
            each.dtype,
            each.freshness,
            f"{each.ttl_sec / 3600:g} h" if each.ttl_sec else None,
            each.description,
        ]
        for each in registry
    ]
    print_table(["feature", "dtype", "freshness", "ttl", "what"], rows, empty="The catalogue is empty.")


@features.command()
@click.argument("name", metavar="NAME")
@with_json
def show(name: str, *, as_json: bool) -> None:
    """Show one feature."""
    registry = Registry(CATALOG)
    entry = documents.feature(registry, registry[name])
    if as_json:
        print_json(entry)
    else:
        rows = [[key, ", ".join(value) if isinstance(value, list) else value] for key, value in entry.items()]
        print_table(["field", "value"], rows, empty="")


@features.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="contracts",
    show_default=True,
    help="Where the files are.",
)
@click.option("--check", is_flag=True, help="Write nothing; fail where a file is not what would be written.")
@with_json
def contract(folder: Path, *, check: bool, as_json: bool) -> None:
    """Write the catalogue for clients in other languages: a JSON Schema, and TypeScript types."""
    due = files(Registry(CATALOG))
    differing = {name: differences(text, _found(folder / name)) for name, text in due.items()}
    if not check:
        _write(folder, {name: text for name, text in due.items() if differing[name]})
    drifted = check and any(differing.values())
    if as_json:
        print_json(_report(folder, differing, check=check))
    else:
        for name, unlike in differing.items():
            _print(folder / name, unlike, check=check)
        if drifted:
            click.echo(_remedy(folder))
    if drifted:
        raise click.exceptions.Exit(REFUSED)


def _found(file: Path) -> str | None:
    return file.read_bytes().decode("utf-8", "replace") if file.exists() else None


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


def _report(folder: Path, differing: Mapping[str, list[str]], *, check: bool) -> dict[str, Any]:
    drifted = check and any(differing.values())
    return {
        "ok": not drifted,
        "files": [
            {
                "file": click.format_filename(folder / name),
                "state": _state(unlike, check=check),
                "differences": unlike,
            }
            for name, unlike in differing.items()
        ],
        "hint": _remedy(folder) if drifted else None,
    }


def _state(unlike: list[str], *, check: bool) -> str:
    if not unlike:
        return "up to date"
    return "differs" if check else "written"


def _print(file: Path, unlike: list[str], *, check: bool) -> None:
    click.echo(f"{click.format_filename(file)}: {_state(unlike, check=check)}.")
    if check:
        for line in unlike:
            click.echo(f"  {printable(line)}")


def _remedy(folder: Path) -> str:
    elsewhere = "" if folder == Path("contracts") else f" --folder {shlex.quote(str(folder))}"
    return f"Run: oo features contract{elsewhere}"
