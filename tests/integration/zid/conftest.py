"""A sandbox, a merchant's browser, and processes of the service on a database of the test's own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.server import RunningSandbox, start
from sandbox.settings import SandboxSettings
from tests.integration.zid.sandbox_world import REGISTERED, Merchant, Process, process
from tests.servers import Database


@pytest.fixture(scope="session")
async def zid_sandbox() -> AsyncIterator[RunningSandbox]:
    running = await start(SandboxSettings(port=0, app=REGISTERED, knobs={"rate.bucket": 0}))
    yield running
    await running.stop()


@pytest.fixture
async def merchant(zid_sandbox: RunningSandbox) -> AsyncIterator[Merchant]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        merchant = Merchant(zid_sandbox, session)
        await merchant.control("POST", "/reset", {"seed": 11})
        yield merchant


@pytest.fixture
async def service(database: Database, zid_sandbox: RunningSandbox) -> AsyncIterator[Process]:
    async with process(database.dsn, zid_sandbox.url) as running:
        yield running
