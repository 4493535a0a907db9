"""A database server that a test may crash: nobody else's connections die with it."""

from collections.abc import Iterator

import pytest

from runtime import postgres
from tests.conftest import APPLICATION, TestServer, running_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestServer]:
    """A server of the module's own."""
    with running_server(tmp_path_factory.mktemp("crashing")) as own:
        postgres.ensure_application(own.address("postgres"), "postgres", APPLICATION, own.password)
        yield own
