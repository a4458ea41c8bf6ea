"""Ids of people, tips, decisions and tasks: which ones are accepted, and how foreign ones are mapped."""

import hashlib
import re

from oo.domain.errors import InvalidId

LONGEST_ID = 128
"""The most characters that an id may have."""
_ACCEPTED = re.compile(rf"[A-Za-z0-9_.:@-]{{1,{LONGEST_ID}}}")


def checked(value: str, what: str = "id") -> str:
    """Return `value` if it is an id; raise `InvalidId`, naming `what`, if it is not.

    >>> checked("ada@example.org")
    'ada@example.org'
    """
    if not _ACCEPTED.fullmatch(value):
        raise InvalidId(
            f"{shortened(value)} is not a valid {what}.",
            "An id has 1 to 128 characters out of A-Z a-z 0-9 _ . : @ -",
        )
    return value


def mapped(original: str) -> str:
    """Return `original` if it is an id, else a digest of it that is one.

    >>> mapped("k1"), mapped("a task/with spaces")
    ('k1', 'h:34f79232bc0e8bf91cfa174e')
    """
    return original if _ACCEPTED.fullmatch(original) else f"h:{digest(original)}"


def digest(text: str) -> str:
    """Return 96 bits of BLAKE2b of `text` in hexadecimal; lone surrogates are hashed as they stand."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def shortened(value: str, most: int = 40) -> str:
    """Quote `value` for a message: escaped, and cut past `most` characters."""
    return ascii(value if len(value) <= most else f"{value[:most]}…")
