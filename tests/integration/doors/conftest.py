import pytest

from tests.integration.routes.conftest import Client, ClientFactory, make_client
from tests.integration.routes.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World, aiohttp_client: ClientFactory) -> Client:
    return await make_client(aiohttp_client, world)
