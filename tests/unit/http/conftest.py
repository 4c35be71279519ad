from collections.abc import Awaitable, Callable

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient

from tests.unit.http.world import World

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def world() -> World:
    world = World()
    await world.start()
    return world


@pytest.fixture
async def client(world: World, aiohttp_client: Callable[..., Awaitable[Client]]) -> Client:
    """A client that keeps cookies, also for an address without a name."""
    return await aiohttp_client(world.app(), cookie_jar=CookieJar(unsafe=True))
