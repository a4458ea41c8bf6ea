"""The reference is what `make docs` writes from this code, and leaves nothing out."""

import json
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs import generate
from oo import policies
from oo.cli.main import oo
from oo.domain import errors
from oo.domain.errors import OoError
from oo.domain.facts import FACTS
from oo.features.catalog import CATALOG
from oo.rewards import WORTH
from oo.settings import Settings
from oo.sources.event_log import parse


def written(name: str) -> str:
    return (generate.REFERENCE / name).read_text("utf-8")


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, f"{path} {name}")


@pytest.mark.parametrize("name", generate.PAGES)
def test_the_page_is_up_to_date(name: str, tmp_path: Path) -> None:
    generate.main(tmp_path)

    assert written(name) == (tmp_path / name).read_text("utf-8"), "run `make docs`"


@pytest.mark.parametrize("name", generate.PAGES)
def test_the_page_says_first_that_it_is_generated_and_how(name: str) -> None:
    assert "Generated" in written(name).splitlines()[0]
    assert "make docs" in written(name).splitlines()[0]


def test_nothing_else_lies_among_the_generated_pages() -> None:
    found = {path.name for path in generate.REFERENCE.iterdir()}

    assert found == {*generate.PAGES, generate.EXAMPLE.name}


def test_every_feature_is_on_its_page() -> None:
    page = written("features.md")

    assert [each.name for each in CATALOG if f"\n## {each.name}\n" not in page] == []


def test_every_setting_is_on_its_page() -> None:
    page = written("settings.md")

    assert [name for name in Settings.model_fields if f"| `OO_{name.upper()}` |" not in page] == []


def test_every_command_is_on_its_page_with_each_of_its_options() -> None:
    sections = {part.split("\n")[0]: part for part in written("commands.md").split("\n## ")}

    for path, command in leaves(oo, "oo"):
        options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
        missing = [option.opts[0] for option in options if f"`{option.opts[0]}" not in sections[path]]
        assert missing == [], path


def test_every_error_is_on_its_page() -> None:
    page = written("errors.md")
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, OoError)]

    assert kinds
    assert [kind.__name__ for kind in kinds if f"| `{kind.__name__}` |" not in page] == []


def test_every_policy_and_reward_is_on_its_page() -> None:
    page = written("policies.md")

    assert [name for name in policies.names() if f"\n## {name}\n" not in page] == []
    assert [reaction for reaction in WORTH if f"| `{reaction}` |" not in page] == []


def test_every_type_of_line_is_on_its_page_with_an_example_that_is_accepted() -> None:
    page = written("event-log.md")

    for line in generate.EXAMPLE.read_text("utf-8").splitlines():
        parse(line)
        assert line in page
    kinds = [json.loads(line)["type"] for line in generate.EXAMPLE.read_text("utf-8").splitlines()]
    assert sorted(kinds) == sorted(FACTS)
    assert [kind for kind in FACTS if f"\n## {kind}\n" not in page] == []
