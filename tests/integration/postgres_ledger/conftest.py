"""The ledger these tests work on."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.postgres_ledger.shop import Shop, opened
from tests.servers import Database


@pytest.fixture
async def shop(database: Database) -> AsyncIterator[Shop]:
    async with opened(database) as shop:
        yield shop
