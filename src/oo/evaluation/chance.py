"""Random numbers that depend on what they are for, and on nothing that was drawn before.

Each draw has a name (seed, person, day, …) and its generator is seeded by a hash of that name. Two runs that differ in
one choice then share every other draw: common random numbers, so that policies are compared with little noise.
"""

import hashlib

import numpy as np

_WORD_BYTES = 8


def luck(*name: str | int) -> int:
    """Return the 64 bits of BLAKE2b of a draw's name.

    >>> luck(1, "nurse", "open", 4, 0)
    1052181946182156092
    """
    spelled = "\x1f".join(str(part) for part in name)
    return int.from_bytes(hashlib.blake2b(spelled.encode(), digest_size=_WORD_BYTES).digest(), "big")


def generator(*name: str | int) -> np.random.Generator:
    """Return the generator of the draw with this name."""
    return np.random.Generator(np.random.PCG64(luck(*name)))


def uniform(*name: str | int) -> float:
    """Return one number in [0, 1) for the draw with this name."""
    return (luck(*name) >> 11) / (1 << 53)
