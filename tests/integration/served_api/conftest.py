"""One application per module, whose state its tests share."""

from collections.abc import Iterator

import pytest
import redis

from tests.integration.served_api.served_api import ServedApi, served_api
from tests.servers import Databases


def pytest_collect_file(parent: pytest.Collector) -> None:
    """Left out elsewhere (see `addopts`): it makes one test of every operation that OpenAPI describes."""
    parent.config.pluginmanager.import_plugin("schemathesis.pytest.plugin")


@pytest.fixture(scope="module")
def api(_databases: Databases, _redis_server: str) -> Iterator[ServedApi]:
    with redis.Redis.from_url(_redis_server) as client:
        client.flushall()
    with (
        _databases.cloned() as database,
        served_api(database, _redis_server, products=12, orders=30, customers=15) as api,
    ):
        yield api
