"""Training sets for tests: spines written and sets read as Parquet, over one engine for all."""

import atexit
import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from oo.adapters.sql.duckdb import DuckDb
from oo.pipelines.training_set import Request, build
from oo.usecases.app import App
from tests.support.stores import folder


@functools.cache
def engine() -> DuckDb:
    """Return the one engine of this process: starting another takes longer than most sets."""
    made = DuckDb()
    atexit.register(made.close)
    return made


def training_set(app: App, points: Sequence[tuple[str, int]], **options: Any) -> list[dict[str, Any]]:
    """Return the rows that are built over a spine of people and instants."""
    spine, out = folder() / "spine.parquet", folder() / "set.parquet"
    write_spine(spine, points)
    build(app, engine(), Request(spine=spine, out=out, **options), now_ms=0)
    return rows(out)


def write_spine(file: Path, points: Sequence[tuple[str, int]]) -> None:
    people, instants = [user_id for user_id, _ in points], [at_ms for _, at_ms in points]
    sql("SELECT unnest($1::VARCHAR[]) AS user_id, unnest($2::BIGINT[]) AS at_ms", file, [people, instants])


def sql(query: str, file: Path, parameters: Sequence[Any] = ()) -> None:
    """Write the answer of a query as Parquet."""
    _connection().execute(f"COPY ({query}) TO '{file}' (FORMAT parquet)", list(parameters))


def rows(file: Path) -> list[dict[str, Any]]:
    """Return the rows of a Parquet file, in its order."""
    answer = _connection().execute("SELECT * FROM read_parquet($1)", [str(file)])
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


@functools.cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")
