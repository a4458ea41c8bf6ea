"""A file taken apart into records, whose columns are told apart by their names."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from oo.domain.errors import InvalidFact, Refused, UnreadableFile

LONGEST_RECORD = 100_000
"""The most characters that a record may have, comments and descriptions too."""
MOST_MISQUOTED = 100
"""So many records may have quotes out of place; beyond, nothing in the file can be told from anything else."""

Cells: TypeAlias = Mapping[str, str]

TYPES = ("task", "section", "note", "comment", "meta")
_ESSENTIAL = {"TYPE", "CONTENT"}
_DELIMITERS = ",;\t"
_OUT_OF_PLACE = f"A quote of the record is out of place, or not closed within {LONGEST_RECORD:,} characters."
_EXPORT = "Export it once more from Todoist."
_QUOTE = 'Put a text that holds delimiters, quotes or line ends between ", and double each " in it.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A file taken apart: its lines with their ends, and what the first one that is not blank says of the others."""

    lines: list[str]
    header: int
    columns: list[str]
    delimiter: str

    def records(self) -> Iterator[tuple[int, Cells | Refused]]:
        """Yield each record that is not blank, or why it is refused, with the number of the line that it begins on.

        A record goes on over several lines while a quote is open. One that is never closed would take all that follows
        with it: reading goes on at the next line that begins a record.
        """
        at, misquoted = self.header + 1, 0
        while at < len(self.lines):
            after, found = self._record(at)
            misquoted += isinstance(found, _Misquoted)
            if misquoted > MOST_MISQUOTED:
                raise UnreadableFile(f"Over {MOST_MISQUOTED:,} records have quotes out of place.", _EXPORT)
            if found:
                yield at + 1, found
            at = after

    def _record(self, at: int) -> tuple[int, Cells | Refused]:
        """Return the place of the line after a record, and what the record holds: nothing if it is blank."""
        if len(self.lines[at]) > LONGEST_RECORD:
            return at + 1, InvalidFact(
                f"The record is longer than {LONGEST_RECORD:,} characters.", "Shorten it."
            )
        reader = csv.reader(self._span(at), delimiter=self.delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            return self._misquoted(at, _OUT_OF_PLACE)
        if not any(cell.strip() for cell in cells):
            return at + reader.line_num, {}
        if len(cells) != len(self.columns):
            what = f"The record has {len(cells)} columns, the header {len(self.columns)}."
            return self._misquoted(at, what) if reader.line_num > 1 else (at + 1, InvalidFact(what, _QUOTE))
        return at + reader.line_num, dict(zip(self.columns, cells, strict=True))

    def _span(self, at: int) -> Iterator[str]:
        """Yield the lines that a record which begins at `at` may have, up to one that is a record by itself."""
        size = 0
        for place in range(at, len(self.lines)):
            line = self.lines[place]
            size += len(line)
            if place > at and (size > LONGEST_RECORD or self._is_whole(line)):
                return
            yield line

    def _is_whole(self, line: str) -> bool:
        filled = line.count(self.delimiter) >= len(self.columns) - 1
        return filled and line.count('"') % 2 == 0 and self._begins(line)

    def _begins(self, line: str) -> bool:
        return line.partition(self.delimiter)[0].strip('"') in TYPES

    def _misquoted(self, at: int, what: str) -> tuple[int, Refused]:
        rest = range(at + 1, len(self.lines))
        after = next((place for place in rest if self._begins(self.lines[place])), len(self.lines))
        left_out = f" Lines {at + 1} to {after} are left out." if after > at + 1 else ""
        return after, _Misquoted(f"{what}{left_out}", _QUOTE)


class _Misquoted(InvalidFact):
    """A record whose end cannot be told."""


def table_of(text: str) -> Table:
    """Take apart a file by its header; raises `UnreadableFile` if it has none."""
    end = "\n" if "\n" in text else "\r"
    lines = [line + end for line in text.split(end)]
    header = next((place for place, line in enumerate(lines) if line.strip()), 0)
    for delimiter in _DELIMITERS:
        columns = _columns(lines[header], delimiter)
        if set(columns) >= _ESSENTIAL:
            return Table(lines=lines, header=header, columns=columns, delimiter=delimiter)
    raise UnreadableFile(
        "The file does not begin with the names of columns, TYPE and CONTENT among them.", _EXPORT
    )


def _columns(line: str, delimiter: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True))]
    except csv.Error:
        return []
