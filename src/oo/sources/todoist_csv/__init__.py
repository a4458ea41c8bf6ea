"""A Todoist project as CSV: its export as a template, a file of its backup, or one written to be imported there.

One record a task, section or comment; columns are told apart by their names, so that old and new exports both are read.
"""

import io
from collections.abc import Iterator
from typing import BinaryIO

from oo.domain.errors import Refused
from oo.sources.base import ReadLine, Source, read_text
from oo.sources.todoist_csv.table import table_of
from oo.sources.todoist_csv.tasks import Reading

_WHAT = "A Todoist project"


def _read(
    stream: BinaryIO, *, user_id: str, tz: str, at_ms: int, encoding: str | None = None
) -> Iterator[ReadLine]:
    reading = Reading(user_id=user_id, tz=tz, at_ms=at_ms)
    for number, found in list(table_of(read_text(stream, encoding, _WHAT)).records()):
        yield reading.line(number, found)


def _recognises(sample: bytes, filename: str) -> bool:  # noqa: ARG001  # .csv says too little
    try:
        table_of(read_text(io.BytesIO(sample), None, _WHAT))
    except Refused:
        return False
    return True


SOURCE = Source(
    name="todoist-csv",
    description="a Todoist project, exported as CSV",
    needs_user=True,
    recognises=_recognises,
    read=_read,
)
