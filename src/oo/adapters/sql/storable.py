"""What a store can hold, decided once for every database.

SQLite keeps a NUL in a text and turns NaN into null, PostgreSQL refuses the one and keeps the other, and each refuses
large numbers and halves of surrogate pairs in its own words.
"""

import math
from collections.abc import Mapping
from typing import Any

from oo.domain.errors import InvalidFact
from oo.domain.strict_json import is_unicode

_LEAST, _MOST = -(2**63), 2**63 - 1


def storable(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the parameters of a statement as they are; raises `InvalidFact` for what not every database holds."""
    for name, value in parameters.items():
        if isinstance(value, str):
            if "\0" in value or not (value.isascii() or is_unicode(value)):
                raise InvalidFact(
                    f"The text of {name!r} holds a NUL character or half a surrogate pair.", "Leave it out."
                )
        elif isinstance(value, int):
            if not _LEAST <= value <= _MOST:
                raise InvalidFact(f"The number of {name!r} has more than 64 bits.", "Give a smaller one.")
        elif isinstance(value, float) and not math.isfinite(value):
            raise InvalidFact(f"The number of {name!r} is not finite.", "Give a finite one, or none.")
    return parameters
