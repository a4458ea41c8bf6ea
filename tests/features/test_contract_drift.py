"""A copy of the contract that differs is described by the features in which it does."""

from dataclasses import replace

import pytest

from oo.features.contract import files
from oo.features.contract.drift import differences
from oo.features.registry import Registry
from tests.features.made_up import COUNTED, FAVOURITE, WEATHER

KNOWN = files(Registry([COUNTED, WEATHER]))
BOTH = pytest.mark.parametrize("name", KNOWN)


@BOTH
def test_the_same_text_does_not_differ(name: str) -> None:
    assert differences(KNOWN[name], KNOWN[name]) == []


@BOTH
def test_a_file_that_is_not_there_differs(name: str) -> None:
    assert differences(KNOWN[name], None) == ["is not there"]


@BOTH
def test_each_feature_that_changed_is_named_with_what_changed(name: str) -> None:
    changed = replace(COUNTED, ttl_sec=60, description="Another.")

    found = differences(files(Registry([changed, FAVOURITE]))[name], KNOWN[name])

    assert f"{COUNTED.name}: ttl_sec is 90, in the catalogue 60" in found
    assert any(line.startswith(f"{COUNTED.name}: description is ") for line in found)
    assert f"{FAVOURITE.name} is not in it" in found
    assert f"{WEATHER.name} is in it, and not in the catalogue" in found
    assert len(found) == 4


@BOTH
@pytest.mark.parametrize("fields", ["0", "0.0", "false"])
def test_what_compares_alike_and_is_written_otherwise_differs(name: str, fields: str) -> None:
    text = KNOWN[name].replace('"fallback": 0,', f'"fallback": {fields},')

    assert bool(differences(KNOWN[name], text)) is (fields != "0")


@BOTH
def test_elsewhere_the_first_line_that_differs_is_named(name: str) -> None:
    lines = KNOWN[name].split("\n")
    lines[2] += " "

    [found] = differences(KNOWN[name], "\n".join(lines))

    assert found.startswith("line 3 is ")


@BOTH
@pytest.mark.parametrize("text", ["", "{", "[]", '{"$defs": 1}', '{"$defs": {"a": {"x-oo": 1}}}', "\x00"])
def test_whatever_is_found_can_be_told_apart(name: str, text: str) -> None:
    assert len(differences(KNOWN[name], text)) == 1


@BOTH
def test_other_line_ends_differ(name: str) -> None:
    assert differences(KNOWN[name], KNOWN[name].replace("\n", "\r\n")) != []


@BOTH
def test_a_file_that_is_cut_off_differs(name: str) -> None:
    assert differences(KNOWN[name], KNOWN[name][:-20]) != []
