"""How a file of the contract that was found differs from the text that is due."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from oo.features.contract.declared import as_json
from oo.features.contract.typescript import TABLE


def differences(due: str, found: str | None) -> list[str]:
    """Return in what `found` differs from `due`, feature by feature where that can be told; None is no file."""
    if found is None:
        return ["is not there"]
    if found == due:
        return []
    declared, known = _declared(due), _declared(found)
    unlike = list(_unlike(declared, known)) if known else []
    return unlike or [_first_unlike_line(due, found)]


def _unlike(declared: Mapping[str, Any], known: Mapping[str, Any]) -> Iterator[str]:
    for name in dict.fromkeys([*declared, *known]):
        if name not in known:
            yield f"{name} is not in it"
        elif name not in declared:
            yield f"{name} is in it, and not in the catalogue"
        else:
            old, new = known[name], declared[name]
            for field in dict.fromkeys([*new, *old]):
                if old.get(field, ...) != new.get(field, ...):
                    yield f"{name}: {field} is {_shown(old, field)}, in the catalogue {_shown(new, field)}"


def _shown(facts: Mapping[str, Any], field: str) -> str:
    return as_json(facts[field]) if field in facts else "not there"


def _declared(text: str) -> dict[str, dict[str, Any]]:
    """Return what either file says is declared of each feature; nothing where it cannot be read."""
    try:
        return _of_typescript(text) if TABLE in text else _of_schema(text)
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}


def _of_schema(text: str) -> dict[str, Any]:
    definitions = json.loads(text)["$defs"]
    return {name: _flat(each) for name, each in definitions.items() if "x-oo" in each}


def _flat(definition: Mapping[str, Any]) -> dict[str, Any]:
    said = {key: value for key, value in definition.items() if key != "x-oo"}
    return {**said, **definition["x-oo"]}


def _of_typescript(text: str) -> dict[str, Any]:
    table, _ = json.JSONDecoder().raw_decode(text.partition(TABLE)[2])
    return {name: dict(facts) for name, facts in table.items()}


def _first_unlike_line(due: str, found: str) -> str:
    lines = enumerate(zip_longest(due.split("\n"), found.split("\n")), 1)
    number, (right, wrong) = next((number, pair) for number, pair in lines if pair[0] != pair[1])
    shown = ["missing" if line is None else textwrap.shorten(repr(line), 90) for line in (wrong, right)]
    return f"line {number} is {shown[0]}, and should be {shown[1]}"
