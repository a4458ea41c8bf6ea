"""A store with as many people as a test wants, and what is stored of them."""

from collections.abc import Iterator

import pytest

from tests.quality.crowd import Crowd
from tests.support.stores import World, world


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    with world() as opened:
        yield opened


@pytest.fixture
def crowd(shared_world: World) -> Crowd:
    shared_world.sweep()
    return Crowd(shared_world)
