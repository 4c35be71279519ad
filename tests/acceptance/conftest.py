"""The servers of acceptance tests whose `wasl up` has none of its own."""

import pytest

from tests.acceptance.one_database import ONE_DATABASE


@pytest.fixture
def redis_setting(request: pytest.FixtureRequest) -> str:
    """REDIS_URL: the run's Redis, emptied for this test; or empty, which is none."""
    return "" if ONE_DATABASE else request.getfixturevalue("redis_url")
