"""Where signals come from: one file, or one package, a source.

`detect` tells from a file's content which source reads it; `load` gets one by its name.
"""

import functools
import sys

from oo.domain.errors import InvalidSetting, UnreadableFile
from oo.domain.ids import shortened
from oo.plugins import collect
from oo.sources.base import Source


def names() -> tuple[str, ...]:
    """Return the formats that can be read, sorted."""
    return tuple(sorted(_by_name()))


def load(name: str) -> Source:
    """Return the source named `name`; raise `InvalidSetting` if there is none."""
    if name not in _by_name():
        raise InvalidSetting(f"{shortened(name)} is not a format.", f"Formats are {', '.join(names())}.")
    return _by_name()[name]


def detect(sample: bytes, filename: str = "") -> Source:
    """Return the source that reads a file beginning with `sample`; its name is no more than a hint.

    Raises `UnreadableFile` if none recognises it, or several do.
    """
    found = [source for source in _by_name().values() if source.recognises(sample, filename)]
    certain = [source for source in found if not source.any_text] or found
    if len(certain) == 1:
        return certain[0]
    what = shortened(filename) if filename else "The file"
    if certain:
        raise UnreadableFile(
            f"{what} could be any of {', '.join(source.name for source in certain)}.",
            "Say which with --format.",
        )
    raise UnreadableFile(
        f"{what} is in no format that oO knows.", f"Formats are {_described()}; name one with --format."
    )


def _described() -> str:
    return ", ".join(f"{source.name} ({source.description})" for source in _by_name().values())


@functools.cache
def _by_name() -> dict[str, Source]:
    return {source.name: source for source in collect(sys.modules[__name__], Source)}
