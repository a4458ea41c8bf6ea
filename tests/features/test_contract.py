"""The contract follows from the registry: every feature is in both files, as it is declared."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator, meta

from oo.features.catalog import CATALOG
from oo.features.contract import files
from oo.features.contract.declared import may_be_null
from oo.features.contract.typescript import TABLE
from oo.features.registry import Registry
from oo.features.spec import FeatureDefinition
from tests.features.made_up import ANYTHING, CERTAIN, COUNTED, EXTENDED, FAVOURITE, LOOSE, OUTSIDE, WEATHER

ROOT = Path(__file__).parents[2]


def written(definitions: tuple[FeatureDefinition, ...]) -> tuple[dict[str, Any], str]:
    """The JSON Schema, read, and the TypeScript."""
    texts = files(Registry(definitions))
    return json.loads(texts["features.schema.json"]), texts["features.ts"]


def table(typescript: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.JSONDecoder().raw_decode(typescript.partition(TABLE)[2])[0]
    return facts


def accepts(definition: FeatureDefinition, value: object) -> bool:
    document, _ = written((definition,))
    return Draft202012Validator(document["$defs"][definition.name]).is_valid(value)


@pytest.mark.parametrize("name", files(Registry(CATALOG)))
def test_the_committed_file_is_up_to_date(name: str) -> None:
    committed = (ROOT / "contracts" / name).read_bytes().decode()

    assert committed == files(Registry(CATALOG))[name], "run `oo features contract`"


def test_a_feature_that_is_declared_is_in_both_files_with_all_that_is_declared_of_it() -> None:
    document, typescript = written(EXTENDED)
    registry = Registry(EXTENDED)

    for definition in EXTENDED:
        in_schema = document["$defs"][definition.name]
        facts = table(typescript)[definition.name]
        assert facts == in_schema["x-oo"] | {"description": in_schema["description"]}
        assert facts["fingerprint"] == registry.fingerprints[definition.name]
        assert facts["invalidated_by"] == list(definition.invalidated_by)
        for field in (
            "name",
            "dtype",
            "freshness",
            "ttl_sec",
            "fallback",
            "neutral",
            "source",
            "description",
        ):
            assert facts[field] == getattr(definition, field), (definition.name, field)


def test_a_feature_that_is_not_declared_is_in_neither_file() -> None:
    without = tuple(each for each in EXTENDED if each is not COUNTED)

    assert not any(COUNTED.name in text for text in files(Registry(without)).values())


@pytest.mark.parametrize(
    ("definition", "null"),
    [
        (COUNTED, False),
        (replace(COUNTED, fallback=None), True),
        (WEATHER, True),
        (CERTAIN, False),
        (ANYTHING, True),
        (OUTSIDE, False),
        (Registry(CATALOG)["hour_of_day"], False),
        (Registry(CATALOG)["is_overdue"], False),
        (Registry(CATALOG)["preferred_hour"], True),
    ],
    ids=lambda each: each.name if isinstance(each, FeatureDefinition) else str(each),
)
def test_a_value_may_be_null_only_where_nothing_stands_in_for_it(
    definition: FeatureDefinition, *, null: bool
) -> None:
    _, typescript = written((definition,))

    assert may_be_null(definition) is null
    assert accepts(definition, None) is null
    assert bool(re.search(rf"{definition.name}\??: \w+ \| null;", typescript)) is null


@pytest.mark.parametrize(
    ("definition", "right", "wrong"),
    [
        (COUNTED, [0, 1.5, 1e9], [None, "1", True, [1]]),
        (FAVOURITE, ["", "work"], [None, 1, False, {}]),
        (replace(WEATHER, dtype="boolean"), [True, None], [0, "true"]),
        (LOOSE, [None, 1, "a", True, [1, {"b": None}]], []),
    ],
    ids=["numeric", "categorical", "boolean", "json"],
)
def test_the_schema_of_a_value_takes_its_dtype_alone(
    definition: FeatureDefinition, right: list[object], wrong: list[object]
) -> None:
    assert all(accepts(definition, value) for value in right)
    assert not any(accepts(definition, value) for value in wrong)


def test_the_schema_is_a_schema_of_the_draft_that_it_names() -> None:
    document, _ = written(EXTENDED)

    meta.validate(document)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["$id"] == "features.schema.json"


def test_every_reference_of_the_schema_leads_to_a_definition() -> None:
    odd = replace(COUNTED, name="100 %/~odd#")
    document, _ = written((*EXTENDED, odd))
    answer = {"$ref": "#/$defs/ProfileFeatures", "$defs": document["$defs"]}

    validator = Draft202012Validator(answer)

    assert validator.is_valid({odd.name: 1, FAVOURITE.name: "work"})
    assert not validator.is_valid({odd.name: "1"})


@pytest.mark.parametrize("name", files(Registry(EXTENDED)))
def test_a_file_is_text_that_reads_the_same_anywhere(name: str) -> None:
    text = files(Registry(EXTENDED))[name]

    assert text == files(Registry(EXTENDED))[name]
    assert "`oo features contract`" in "".join(text.splitlines()[:4])
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert [each for each in text if not each.isprintable() and each != "\n"] == []


def test_no_description_ends_its_comment() -> None:
    _, typescript = written(EXTENDED)
    comments = typescript.partition(TABLE)[0]

    assert comments.count("/**") == comments.count("*/")


def test_the_comment_of_a_feature_says_what_it_is_how_long_it_holds_and_what_stands_in_for_it() -> None:
    _, typescript = written(CATALOG)

    assert (
        "  /**\n"
        "   * Tips served in the last 30 days.\n"
        "   *\n"
        "   * TTL: 1 hour. Fallback: 0.\n"
        "   */\n"
        "  tip_volume_30d?: number;\n"
    ) in typescript.replace(" Not used when older than 1 day.", "")
