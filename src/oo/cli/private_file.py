"""Files for their owner alone, that are whole when they appear."""

import os
import tempfile
from pathlib import Path


def write(content: bytes, place: Path) -> None:
    """Write a file by way of a draft beside it, in place of what is there; raises `OSError`."""
    descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".draft", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
