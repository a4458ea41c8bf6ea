"""The store's statements as PostgreSQL runs them."""

from dataclasses import replace

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.dialects.postgresql.psycopg import dialect

from oo.adapters.sql.aggregates import Aggregate, aggregates
from oo.adapters.sql.events import EVERYONE, ONE, POINTS
from oo.adapters.sql.quality_statements import quality_statements
from oo.adapters.sql.session import Statements
from oo.adapters.sql.statements import statements
from oo.features.registry import Registry

_SPINE = (
    "WITH spine AS (SELECT * FROM unnest(%(points)s::int[], %(people)s::text[], %(instants)s::bigint[])"
    " AS given (point, user_id, at_ms)) "
)
"""The points are parameters: a transaction that only reads can make no table."""


def prepared(registry: Registry) -> Statements:
    """Compile every statement."""
    speaks: Dialect = dialect()  # type: ignore[no-untyped-call]
    over_points = (_with_spine(each) for each in aggregates(registry.batched, POINTS, speaks))
    return Statements(
        named=statements(speaks, insert) | quality_statements(registry, speaks),
        aggregates={
            **{frame.name: aggregates(registry.batched, frame, speaks) for frame in (ONE, EVERYONE)},
            POINTS.name: tuple(over_points),
        },
    )


def _with_spine(aggregate: Aggregate) -> Aggregate:
    return replace(aggregate, prepared=replace(aggregate.prepared, text=_SPINE + aggregate.prepared.text))
