"""oo features: the catalogue."""

import click

from oo.api import documents
from oo.cli.shell import print_json, print_table, with_json
from oo.features.catalog import CATALOG
from oo.features.registry import Registry


@click.group()
def features() -> None:
    """Show the catalogue of features."""


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
