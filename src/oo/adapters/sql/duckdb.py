"""DuckDB: the `Offline` port in memory, by the statements over points that follow from the declarations.

Event tables are copied into it as they are; times stay integers, and texts compare by code point, as everywhere. What
it makes of the rows of a spine stands beside them until the whole is written as one Parquet file.
"""

import glob
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from sqlalchemy import Column, Double, Text
from sqlalchemy.engine.default import DefaultDialect

from oo.adapters.sql.aggregates import Aggregate, aggregates
from oo.adapters.sql.events import POINTS, READ
from oo.domain.errors import InvalidSpine, OfflineError
from oo.domain.instant import EARLIEST, LATEST
from oo.domain.profile import Value
from oo.features.spec import Dtype, FeatureDefinition
from oo.ports import EventRows, SpinePoint

DIALECT = DefaultDialect(paramstyle="numeric_dollar")
"""Plain SQL with `$1`: DuckDB divides, casts and compares as the declarations mean it."""
_KEY = "file_row_number"
"""The number of a row in the spine's file, from 0; DuckDB's own name for it."""
_COLUMN_TYPES: Mapping[Dtype, str] = {
    "numeric": "DOUBLE",
    "categorical": "VARCHAR",
    "boolean": "BOOLEAN",
    "json": "VARCHAR",
}
_WHOLE = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")}
_WHOLE |= {"INTEGER", "UINTEGER"}
_QUIET = {
    # Everything that is needed comes with it: nothing is fetched.
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    # A column of Python objects is one of texts, whatever its first rows hold.
    "pandas_analyze_sample": 0,
}


class DuckDb:
    """Makes one training set after the other; see `oo.ports.Offline`."""

    name = "duckdb"
    version = duckdb.__version__

    def __init__(self) -> None:
        """Begin empty; what does not fit into memory goes into a folder of its own, until `close`."""
        self._spill = tempfile.TemporaryDirectory(prefix="oo-offline-", ignore_cleanup_errors=True)
        self._connection = duckdb.connect(":memory:", config={**_QUIET, "temp_directory": self._spill.name})

    def take_spine(self, file: Path, columns: Sequence[str]) -> int:
        self._read_spine(file)
        found = {row[0]: row[1] for row in self._rows("DESCRIBE spine_rows") if row[0] != _KEY}
        _check_columns(found, columns)
        self._check_rows()
        by_id = [name for name in ("decision_id", "tip_id") if found.get(name) == "VARCHAR"]
        self._run(
            f"CREATE OR REPLACE TABLE spine AS SELECT {_KEY} AS point, user_id, at_ms::BIGINT AS at_ms, "  # noqa: S608
            f"{'coalesce(' + ', '.join(by_id) + ')' if by_id else 'NULL'}::VARCHAR AS decision_id FROM spine_rows"
        )
        self._begin()
        return int(self._rows("SELECT count(*) FROM spine")[0][0])

    def take_points(self, points: Sequence[tuple[str, int]]) -> None:
        people, instants = [user_id for user_id, _ in points], [at_ms for _, at_ms in points]
        columns = {
            "point": np.arange(len(points)),
            "user_id": _objects(people),
            "at_ms": _numbers(instants, np.int64),
        }
        with self._given(columns):
            self._run(
                "CREATE OR REPLACE TABLE spine AS SELECT point, user_id::VARCHAR AS user_id, at_ms::BIGINT AS at_ms, "
                "NULL::VARCHAR AS decision_id FROM given"
            )
        self._begin()

    def _begin(self) -> None:
        """Make the tables of a spine that was taken, all of them empty."""
        self._run(f"CREATE OR REPLACE TABLE result AS SELECT point AS {_KEY} FROM spine")  # noqa: S608  # our names
        for table, kept in READ:
            names = ", ".join(f"{column.name} {column.type.compile(DIALECT)}" for column in kept)
            self._run(f"CREATE OR REPLACE TABLE {table.name} ({names})")

    def people(self) -> list[str]:
        rows = self._rows("SELECT user_id FROM spine GROUP BY user_id ORDER BY min(point)")
        return [user_id for (user_id,) in rows]

    def points(self) -> list[SpinePoint]:
        rows = self._rows("SELECT point, user_id, at_ms, decision_id FROM spine ORDER BY point")
        return [
            SpinePoint(number=number, user_id=user_id, at_ms=at_ms, decision_id=decision_id)
            for number, user_id, at_ms, decision_id in rows
        ]

    def add_events(self, rows: EventRows) -> None:
        for table, kept in READ:
            if rows.get(table.name):
                values = zip(*rows[table.name], strict=True)
                given = {column.name: _array(column, each) for column, each in zip(kept, values, strict=True)}
                with self._given(given):
                    self._run(f"INSERT INTO {table.name} SELECT * FROM given")  # noqa: S608  # the schema's names

    def compute(
        self, definitions: Sequence[FeatureDefinition], progress: Callable[[int, int], None] = lambda *_: None
    ) -> None:
        prepared = aggregates(definitions, POINTS, DIALECT)
        for number, aggregate in enumerate(prepared):
            self._answer(number, aggregate)
            progress(number + 1, len(prepared))
        self._gather(prepared, definitions)

    def put(self, name: str, dtype: Dtype, values: Mapping[int, Any]) -> None:
        kind = _COLUMN_TYPES[dtype]
        self._run(f"ALTER TABLE result ADD COLUMN IF NOT EXISTS {_quoted(name)} {kind}")
        points = np.fromiter(values.keys(), dtype=np.int64, count=len(values))
        with self._given({"point": points, "value": _masked(dtype, list(values.values()))}):
            self._run(
                f"UPDATE result SET {_quoted(name)} = given.value FROM given WHERE given.point = result.{_KEY}"  # noqa: S608
            )

    def values(self, definitions: Sequence[FeatureDefinition]) -> list[dict[str, Value]]:
        names = ", ".join(_quoted(each.name) for each in definitions)
        rows = self._rows(f"SELECT {names} FROM result ORDER BY {_KEY}")  # noqa: S608  # our own names
        return [dict(_named(definitions, row)) for row in rows]

    def write(self, file: Path) -> None:
        self._run(
            f"COPY (SELECT spine_rows.* EXCLUDE ({_KEY}), result.* EXCLUDE ({_KEY}) "  # noqa: S608  # our own names
            f"FROM spine_rows JOIN result USING ({_KEY}) ORDER BY {_KEY}) "
            f"TO {_text(str(file))} (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"
        )

    def close(self) -> None:
        self._connection.close()
        self._spill.cleanup()

    def _read_spine(self, file: Path) -> None:
        place = {"1": glob.escape(str(file))}
        try:
            named = self._rows("SELECT name FROM parquet_schema($1)", place)
            self._run(
                "CREATE OR REPLACE TABLE spine_rows AS "
                "SELECT * FROM read_parquet($1, file_row_number = true, hive_partitioning = false)",
                place,
            )
        except OfflineError as error:
            if isinstance(error.__cause__, duckdb.BinderException):
                raise InvalidSpine(
                    f"{file} has a column {_KEY!r}, which names the number of a row.", "Rename it."
                ) from error
            raise InvalidSpine(
                f"{file} cannot be read as Parquet ({_first_line(error.__cause__)}).",
                "Write the spine as Parquet.",
            ) from error
        renamed = {row[0] for row in self._rows("DESCRIBE spine_rows")} - {name for (name,) in named} - {_KEY}
        if renamed:
            raise InvalidSpine(f"{file} has several columns of one name.", "Rename all but one of them.")

    def _check_rows(self) -> None:
        """Raise `InvalidSpine` for a row about nobody, or at no instant that there is."""
        for name in ("user_id", "at_ms"):
            self._check_none(f"{name} IS NULL", f"has no {name}", "Leave such rows out.")
        outside = f"at_ms NOT BETWEEN {EARLIEST} AND {LATEST}"
        self._check_none(
            outside, "lies outside the years 1970 to 9999", "at_ms is in milliseconds since 1970, in UTC."
        )

    def _check_none(self, condition: str, what: str, hint: str) -> None:
        ((count, first),) = self._rows(f"SELECT count(*), min({_KEY}) FROM spine_rows WHERE {condition}")  # noqa: S608
        if count:
            raise InvalidSpine(f"Row {first + 1:,} of the spine {what}, the first of {count:,}.", hint)

    def _answer(self, number: int, aggregate: Aggregate) -> None:
        """Run one statement, and keep its answer as a table of keys, values and supports."""
        columns = ", ".join(f"v{place}, s{place}" for place in range(len(aggregate.group.definitions)))
        self._run(
            f"CREATE OR REPLACE TABLE answer_{number} AS "  # noqa: S608  # compiled from declarations
            f"SELECT * FROM ({aggregate.prepared.text}) AS answer(point, {columns})",
            aggregate.prepared.constants,
        )

    def _gather(self, answered: Sequence[Aggregate], definitions: Sequence[FeatureDefinition]) -> None:
        """Lay the answers side by side; where there was nothing to compute from, the fallback stands."""
        places = {
            definition.name: f"CASE WHEN answer_{number}.s{place} > 0 THEN answer_{number}.v{place}"
            for number, aggregate in enumerate(answered)
            for place, definition in enumerate(aggregate.group.definitions)
        }
        values = ", ".join(
            f"CAST({places[each.name]} ELSE ${number} END AS {_COLUMN_TYPES[each.dtype]}) AS {_quoted(each.name)}"
            for number, each in enumerate(definitions, 1)
        )
        joins = " ".join(
            f"LEFT JOIN answer_{number} ON answer_{number}.point = spine.point"
            for number in range(len(answered))
        )
        self._run(
            f"CREATE OR REPLACE TABLE result AS SELECT spine.point AS {_KEY}, {values} FROM spine {joins}",  # noqa: S608
            {str(number): each.fallback for number, each in enumerate(definitions, 1)},
        )
        for number in range(len(answered)):
            self._run(f"DROP TABLE answer_{number}")

    @contextmanager
    def _given(self, columns: Mapping[str, Any]) -> Iterator[None]:
        """Let arrays be the columns of the table `given` inside the block."""
        self._connection.register("given", columns)
        try:
            yield
        finally:
            self._connection.unregister("given")

    def _rows(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        self._run(text, parameters)
        return self._connection.fetchall()

    def _run(self, text: str, parameters: Mapping[str, Any] | None = None) -> None:
        try:
            self._connection.execute(text, dict(parameters) if parameters else None)
        except RuntimeError as error:  # what DuckDB makes of Ctrl+C
            raise KeyboardInterrupt from error
        except duckdb.Error as error:
            raise OfflineError(
                f"DuckDB cannot go on ({_first_line(error)}).", "Is there room in memory and on the disk?"
            ) from error


def _named(definitions: Sequence[FeatureDefinition], row: Sequence[Any]) -> Iterator[tuple[str, Value]]:
    for definition, value in zip(definitions, row, strict=True):
        whole = definition.is_whole and isinstance(value, float)
        yield definition.name, int(value) if whole else value


def _check_columns(found: Mapping[str, str], added: Sequence[str]) -> None:
    for name, fits, wanted in (
        ("user_id", {"VARCHAR"}, "text"),
        ("at_ms", _WHOLE, "whole numbers: milliseconds since 1970, in UTC"),
    ):
        if name not in found:
            raise InvalidSpine(
                f"The spine has no column {name!r}; it has {', '.join(found) or 'none'}.",
                "It needs user_id and at_ms; further columns are passed through.",
            )
        if found[name] not in fits:
            raise InvalidSpine(f"The spine's {name} is {found[name]}.", f"It has to be {wanted}.")
    taken = {name.lower() for name in found}
    clash = [name for name in added if name.lower() in taken]
    if clash:
        raise InvalidSpine(
            f"The spine has a column {clash[0]!r} already, which is to be added.", "Rename it, or drop it."
        )


def _array(column: Column[Any], values: Sequence[Any]) -> Any:
    if isinstance(column.type, Text):
        return _objects(values)
    return _numbers(values, np.float64 if isinstance(column.type, Double) else np.int64)


def _masked(dtype: Dtype, values: Sequence[Any]) -> Any:
    match dtype:
        case "numeric":
            return _numbers(values, np.float64)
        case "boolean":
            return _numbers(values, np.bool_)
        case _:
            return _objects(values)


def _numbers(values: Sequence[Any], dtype: Any) -> Any:
    found = _objects(values)
    missing = np.array([value is None for value in values], dtype=np.bool_)
    if not missing.any():
        return found.astype(dtype)
    found[missing] = 0
    return np.ma.masked_array(found.astype(dtype), mask=missing)


def _objects(values: Sequence[Any]) -> Any:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _first_line(error: object) -> str:
    return str(error).splitlines()[0].rstrip(".")
