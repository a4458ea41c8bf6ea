"""Collecting the one declared object of each module."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TypeAlias

import pytest

from oo import plugins
from oo.domain.errors import DuplicateName, IncompleteDefinition

Plant: TypeAlias = Callable[[dict[str, str]], ModuleType]


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    """Write modules into a package of their own, and import it."""
    monkeypatch.syspath_prepend(tmp_path)

    def planted(modules: dict[str, str]) -> ModuleType:
        room = tmp_path / "planted"
        room.mkdir()
        for name, text in {"__init__": "", **modules}.items():
            path = room / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("planted")

    yield planted
    for name in [name for name in sys.modules if name.partition(".")[0] == "planted"]:
        del sys.modules[name]


def test_one_object_a_module_is_collected_by_the_order_of_module_names(plant: Plant) -> None:
    package = plant({"zebra": "ONE = 1", "ant": "TWO = 2", "moth": "THREE = 3; TEXT = 'not collected'"})

    assert plugins.collect(package, int) == (2, 3, 1)


def test_the_base_and_modules_with_an_underscore_are_passed_over(plant: Plant) -> None:
    package = plant({"ant": "ONE = 1", "base": "raise RuntimeError", "_draft": "raise RuntimeError"})

    assert plugins.collect(package, int) == (1,)


def test_one_object_under_two_names_counts_once(plant: Plant) -> None:
    package = plant({"ant": "ONE = DEFAULT = frozenset([1, 2])"})

    assert plugins.collect(package, frozenset) == (frozenset([1, 2]),)


def test_a_package_counts_as_one_module(plant: Plant) -> None:
    inside = "from planted.ant.queen import ONE"
    package = plant({"ant/__init__": inside, "ant/queen": "ONE = 1; TWO = 2", "moth": "THREE = 3"})

    assert plugins.collect(package, int) == (1, 3)


def test_an_empty_package_has_nothing(plant: Plant) -> None:
    assert plugins.collect(plant({}), int) == ()


def test_a_module_that_declares_nothing_is_refused_by_name(plant: Plant) -> None:
    package = plant({"ant": "ONE = 1", "empty": "TEXT = 'no number'"})

    with pytest.raises(IncompleteDefinition, match=r"planted\.empty declares no int\."):
        plugins.collect(package, int)


def test_a_module_that_declares_two_is_refused_with_their_names(plant: Plant) -> None:
    package = plant({"ant": "FIRST = 1; SECOND = 2"})

    with pytest.raises(DuplicateName, match=r"planted\.ant declares 2 objects of int: FIRST, SECOND\."):
        plugins.collect(package, int)


def test_a_module_that_cannot_be_imported_says_so_itself(plant: Plant) -> None:
    package = plant({"ant": "raise RuntimeError('a broken plugin')"})

    with pytest.raises(RuntimeError, match="a broken plugin"):
        plugins.collect(package, int)
