"""The service's own API, asked now and then for what a person should see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp

TIMEOUT: Final = aiohttp.ClientTimeout(total=10, connect=2)
Json = Mapping[str, Any]


class ServiceApi:
    """Asks with the admin key. None is the answer while it cannot be asked: a part may be starting again."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}

    async def ready(self) -> bool:
        return await self._ask("/health/ready") is not None

    async def ledger(self) -> Json | None:
        """The books, as `GET /v1/ledger` answers."""
        return await self._ask("/v1/ledger")

    async def stores(self) -> Sequence[Json] | None:
        """Every store, as `GET /v1/stores` lists them."""
        found: list[Json] = []
        cursor = ""
        while True:
            page = await self._ask(f"/v1/stores?limit=100{cursor}")
            if page is None:
                return None
            found += page["items"]
            if not page["next_cursor"]:
                return found
            cursor = f"&cursor={page['next_cursor']}"

    async def _ask(self, path: str) -> Json | None:
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT, headers=self._headers) as session,
                session.get(self._url + path) as answer,
            ):
                return await answer.json(content_type=None) if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None
