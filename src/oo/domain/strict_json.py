"""JSON from outside, read more strictly than the standard library does."""

import json
import math
from typing import Any, NoReturn

from oo.domain.errors import InvalidFact
from oo.domain.ids import shortened

DEEPEST = 32
"""How many lists and objects may stand in one another."""
MOST_KEYS = 1_000
"""How many keys an object may have."""
_DIGITS = 19
_MOST_DIGITS = 32


def read_json(text: bytes | str, most: int, *, what: str = "line") -> object:
    """Read one JSON value of at most `most` bytes of UTF-8, more strictly than the standard library does.

    Refused beside what is no JSON: a key given twice, more keys than `MOST_KEYS`, NaN and infinities (`1e999` too),
    whole numbers beyond 64 bits, NUL characters, lone surrogates, and values nested deeper than `DEEPEST`. Raises
    `InvalidFact`.
    """
    decoded = _utf_8(text, most, what)
    try:
        value: object = _DECODER.decode(decoded)
    except json.JSONDecodeError as error:
        fault = error.msg[:1].lower() + error.msg[1:]
        raise InvalidFact(f"Not valid JSON at column {error.pos + 1}: {fault}.") from error
    except RecursionError as error:
        raise InvalidFact(_TOO_DEEP) from error
    # Only an escape can spell a NUL or a lone surrogate; only many brackets can nest deeply.
    if "\\u" in decoded or decoded.count("{") + decoded.count("[") > DEEPEST:
        check_json(value)
    return value


def check_json(value: object, depth: int = 0) -> None:
    """Refuse what `read_json` refuses, in a JSON value that something else has parsed."""
    if isinstance(value, str):
        if "\0" in value or not (value.isascii() or is_unicode(value)):
            raise InvalidFact(
                f"{shortened(value)} holds a NUL character or half a surrogate pair.", "Leave it out."
            )
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InvalidFact(_NOT_FINITE)
    elif isinstance(value, int):
        _within_64_bits(value)
    elif isinstance(value, (dict, list)):
        if depth >= DEEPEST:
            raise InvalidFact(_TOO_DEEP)
        for part in (*value.keys(), *value.values()) if isinstance(value, dict) else value:
            check_json(part, depth + 1)


_TOO_DEEP = f"Nested more than {DEEPEST} deep."
_NOT_FINITE = "NaN and infinities are not numbers that can be kept; leave the field out instead."


def too_long(most: int, what: str = "line") -> InvalidFact:
    """Return the refusal of a text of more than `most` bytes."""
    return InvalidFact(f"The {what} is longer than {most:,} bytes.", "Leave out what is not needed.")


def _utf_8(text: bytes | str, most: int, what: str) -> str:
    try:
        raw = (text.encode() if isinstance(text, str) else text).rstrip(b"\r\n")
        if len(raw) > most:
            raise too_long(most, what)
        return raw.decode()
    except UnicodeError as error:
        raise InvalidFact(f"The {what} is not UTF-8.", "Convert it to UTF-8.") from error


def is_unicode(text: str) -> bool:
    """Return whether a text holds no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_KEYS:
        raise InvalidFact(f"An object has more than {MOST_KEYS:,} keys.", "Leave out what is not needed.")
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise InvalidFact(f"The key {shortened(twice)} is given twice.", "Give it once.")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidFact(f"{shortened(text)} is too large a number.")
    return number


def _whole(text: str) -> int:
    # Long texts are refused unread: `int` takes quadratic time, and raises past its own limit.
    return int(text) if len(text) < _DIGITS else _within_64_bits(int(text[:_MOST_DIGITS]))


def _within_64_bits(number: int) -> int:
    if not -(2**63) <= number < 2**63:
        raise InvalidFact("A whole number does not fit into 64 bits.")
    return number


def _not_a_number(_: str) -> NoReturn:
    raise InvalidFact(_NOT_FINITE)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates, parse_float=_finite, parse_int=_whole, parse_constant=_not_a_number
)
