"""Every port's suite runs on the memory adapter and on the real one: the fixtures here make both."""

from collections.abc import AsyncIterator

import pytest

from tests.contract.index_worlds import IndexWorld, memory_index_world, postgres_index_world, redis_index_world
from tests.contract.memory_world import memory_world
from tests.contract.postgres_world import postgres_world
from tests.contract.worlds import LedgerWorld


@pytest.fixture(params=["memory", "redis", "postgres"])
async def index_world(request: pytest.FixtureRequest) -> AsyncIterator[IndexWorld]:
    match request.param:
        case "memory":
            yield memory_index_world()
        case "redis":
            async with redis_index_world(request.getfixturevalue("redis_url")) as world:
                yield world
        case _:
            async with postgres_index_world(request.getfixturevalue("database")) as world:
                yield world


@pytest.fixture(params=["memory", "postgres"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[LedgerWorld]:
    """The books balance after every test, unless it unbalanced them on purpose."""
    if request.param == "memory":
        world = memory_world()
        yield world
        await _expect_balance(world)
        return
    async with postgres_world(request.getfixturevalue("database")) as world:
        yield world
        await _expect_balance(world)


async def _expect_balance(world: LedgerWorld) -> None:
    if not world.tampered:
        assert (await world.reader.books()).balanced
        assert list(await world.reader.differences()) == []
