from typing import Protocol

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient

from tests.integration.routes.world import World

Client = TestClient[web.Request, web.Application]


class ClientFactory(Protocol):
    async def __call__(self, app: web.Application, *, cookie_jar: CookieJar) -> Client: ...


async def make_client(aiohttp_client: ClientFactory, world: World) -> Client:
    """A client that keeps cookies, also for an address without a name."""
    await world.start()
    return await aiohttp_client(world.app(), cookie_jar=CookieJar(unsafe=True))


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World, aiohttp_client: ClientFactory) -> Client:
    return await make_client(aiohttp_client, world)
