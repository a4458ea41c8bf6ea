"""The journeys run over SQLite, or over the servers that OO_DATABASE and OO_BUS name."""

import os
from collections.abc import Iterator, Mapping

import pytest

from tests.support.servers import named_by

NAMED: Mapping[str, str] = dict(os.environ)
"""The environment as it was before any test has changed it."""


@pytest.fixture(scope="module", autouse=True)
def servers() -> Iterator[None]:
    if not NAMED.keys() & {"OO_DATABASE", "OO_BUS"}:
        yield
        return
    with named_by(NAMED):
        yield
