"""Every port's suite runs on the memory adapter and on the real one: the fixtures here make both."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.index_worlds import IndexWorld, memory_index_world, redis_index_world


@pytest.fixture(params=["memory", "redis"])
async def index_world(request: pytest.FixtureRequest) -> AsyncIterator[IndexWorld]:
    if request.param == "memory":
        yield memory_index_world()
        return
    async with redis_index_world(request.getfixturevalue("redis_url")) as world:
        yield world
