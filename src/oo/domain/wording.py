"""Words for people about what a program found."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

_SENTENCES = {
    "string_type": "must be a text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "model_attributes_type": "must be an object",
    "object_or_list": "must be an object or a list of objects",
    "feature_value": "must be a number, a text, true, false or null",
    "finite_number": "must be finite",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "too_short": "holds fewer than {min_length}",
    "too_long": "holds more than {max_length}",
    "missing": "is missing",
}


def in_plain_words(kind: str, context: Mapping[str, Any]) -> str:
    """Return what pydantic means by an error of `kind`, to go after the name of a field.

    >>> in_plain_words("less_than_equal", {"le": 4})
    'must be at most 4'
    """
    return _SENTENCES.get(kind, "is not valid").format(**context)


def closest(name: str, known: Iterable[str]) -> str:
    """Return a hint for a name that does not exist: the closest of the `known` ones, or all of them."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(known)}."


def counted(count: int, noun: str, several: str = "") -> str:
    """Write a number of things; `several` is the word for more than one, where it is not the noun with an s.

    >>> counted(1, "task"), counted(1200, "task"), counted(2, "person", "people")
    ('1 task', '1,200 tasks', '2 people')
    """
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"
