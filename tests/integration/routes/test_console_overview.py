"""What the overview says of Zid."""

import pytest
from aiohttp.test_utils import TestClient

from core.ids import StoreId
from entrypoints import sheets
from tests.integration.routes.test_console import console, sign_in
from tests.integration.routes.world import STORE, World


@pytest.fixture(autouse=True)
async def counted(world: World) -> None:
    """A scheduler has looked at the stores."""
    sheet = sheets.StoresSheet({"active": 1}, [("365", 1)], {"healthy": 6}, {}, 0, 0, 0, 0)
    await sheets.post(world.board, sheets.STORES, sheet, world.clock.now())


async def test_a_store_that_zid_told_to_slow_down_is_named(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.limiter.learn(STORE, 30.0)
    page = await console(client)
    assert f'<a href="/console/stores/{STORE}">{STORE}</a>' in page
    assert "70 % of its allowance" in page
    assert "not called for 31 s" in page


async def test_when_none_is_held_back_the_overview_says_so(client: TestClient) -> None:
    await sign_in(client)
    assert "Every store has its whole allowance." in await console(client)


async def test_it_is_said_in_arabic_too(world: World, client: TestClient) -> None:
    await sign_in(client)
    await world.limiter.learn(StoreId(77), None)
    page = await (await client.get("/console", headers={"Accept-Language": "ar"})).text()
    assert "من حصته" in page
