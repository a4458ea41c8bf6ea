"""One service for all tests of the API: each has people of its own, and leaves those of others alone."""

from collections.abc import Iterator

import pytest

from tests.api.calling import new_id, send, user
from tests.api.conforming import Conforming
from tests.support.service import ANSWER_SEC, Service, opened, serving, unlike_the_ledger


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Serves while the tests run; at the end everything that was learned has to be what the ledger adds up to."""
    folder = tmp_path_factory.mktemp("service")
    with serving(folder) as running:
        yield running
    with opened(folder) as app:
        assert unlike_the_ledger(app) == []


@pytest.fixture(scope="session")
def api(service: Service) -> Iterator[Conforming]:
    """A client of the service; every answer that it gets is held against the OpenAPI document."""
    with Conforming(base_url=service.address, timeout=ANSWER_SEC, trust_env=False) as client:
        yield client


@pytest.fixture
def ada(api: Conforming) -> str:
    """Somebody known, in UTC, with nothing to do."""
    user_id = new_id("ada")
    send(api, user(user_id))
    return user_id


@pytest.fixture
def nobody() -> str:
    """Somebody of whom no record has come."""
    return new_id("nobody")
