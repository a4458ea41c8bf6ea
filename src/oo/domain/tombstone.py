"""What is left of a person who was erased: enough to know their id when it comes again, and no way back to it."""

import hashlib
import secrets
from dataclasses import dataclass

_DIGEST_BYTES = 16
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """Stands for somebody who was erased at `erased_at_ms`; nobody can be told from it, but whoever has the id knows.

    `lifted_at_ms` is when their id was made anew on purpose. `purged_at_ms` is when the files held no trace any more;
    until then what was deleted may still lie in the free space of the store's files.
    """

    digest: str
    salt: str
    erased_at_ms: int
    lifted_at_ms: int | None = None
    purged_at_ms: int | None = None


def digest_of(user_id: str, salt: str) -> str:
    """Return 128 bits of BLAKE2b of an id under a salt, both in hexadecimal.

    >>> digest_of("ada", "00" * 16)
    '96a5c2cbd9f72bd4c231b9e09bfc7f5a'
    """
    key = bytes.fromhex(salt)
    return hashlib.blake2b(user_id.encode(), digest_size=_DIGEST_BYTES, key=key).hexdigest()


def new_salt() -> str:
    """Return 128 random bits in hexadecimal."""
    return secrets.token_hex(_SALT_BYTES)
