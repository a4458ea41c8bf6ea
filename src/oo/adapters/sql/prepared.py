"""Statements compiled to driver text once, so that the hot path only binds and runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Insert, Table, bindparam


@dataclass(frozen=True, slots=True)
class Prepared:
    """Driver text with named parameters, and the values of those that are constant."""

    text: str
    constants: Mapping[str, Any]

    def bound(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the parameters to run with."""
        return {**self.constants, **parameters} if self.constants else parameters


def prepare(statement: ClauseElement, dialect: Dialect) -> Prepared:
    """Compile a statement for a dialect. Where its parameters are numbered, they are all constant."""
    compiled = statement.compile(dialect=dialect)
    places = getattr(compiled, "positiontup", None)
    if places is not None:  # `$1` and on
        return Prepared(
            str(compiled), {str(number): compiled.params[name] for number, name in enumerate(places, 1)}
        )
    return Prepared(
        str(compiled), {name: value for name, value in compiled.params.items() if value is not None}
    )


def inserted(insert: Insert, table: Table) -> Insert:
    """Return `insert` with a parameter for each column that is not an auto-incremented key; it returns nothing."""
    given: dict[str, Any] = {
        column.name: bindparam(column.name) for column in table.c if column.name != "seq"
    }
    return insert.values(given).inline()
