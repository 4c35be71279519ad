"""The sandbox's control API, as `wasl up` and `wasl trigger` use it. It never speaks to the real Zid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp

from entrypoints.failures import CommandFailed, one_line

TIMEOUT: Final = aiohttp.ClientTimeout(total=30, connect=5)
Json = Mapping[str, Any]


class SandboxControl:
    """Raises CommandFailed with the sandbox's own words, or when nothing answers there."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    async def is_there(self) -> bool:
        """Whether a sandbox answers; another program on that port does not count."""
        try:
            answer = await self._ask("GET", "/__sandbox/knobs")
        except CommandFailed:
            return False
        return bool(answer)

    async def create_store(self, **wanted: int) -> int:
        """The id of a new store with that many generated products, orders and customers."""
        return int((await self._ask("POST", "/__sandbox/stores", json=wanted))["store_id"])

    async def stores(self) -> Sequence[Json]:
        """Every store of the sandbox, with the apps installed in it under `installs`."""
        found: Sequence[Json] = (await self._ask("GET", "/__sandbox/stores"))["stores"]
        return found

    async def trigger(self, wanted: Json) -> Json:
        """Changes the world and delivers, as `{"store_id", "event", "data"?, "count"?, "rate"?}` says."""
        return await self._ask("POST", "/__sandbox/trigger", json=wanted)

    async def stats(self) -> Json:
        return await self._ask("GET", "/__sandbox/stats")

    def activate_url(self, store_id: int) -> str:
        return f"{self.url}/__sandbox/stores/{store_id}/activate"

    async def click_activate(self, store_id: int) -> None:
        """Does what the merchant's browser does, cookies and redirects; CommandFailed unless it ends well."""
        jar = aiohttp.CookieJar(unsafe=True)  # the try-out lives on an IP address
        try:
            async with (
                aiohttp.ClientSession(cookie_jar=jar, timeout=TIMEOUT) as browser,
                browser.get(self.activate_url(store_id)) as page,
            ):
                status, landed = page.status, page.url.with_query(None)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CommandFailed(
                f"the install did not finish ({one_line(str(error)) or type(error).__name__})"
            ) from error

        if status != 200:
            raise CommandFailed(f"the install ended on {landed} with status {status}")

    async def _ask(self, method: str, path: str, *, json: Json | None = None) -> Json:
        try:
            async with (
                aiohttp.ClientSession(timeout=TIMEOUT) as session,
                session.request(method, self.url + path, json=json) as answer,
            ):
                content = await answer.json(content_type=None)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise CommandFailed(
                f"no sandbox answers at {self.url}: start it with `wasl up` or `wasl sandbox`"
            ) from error
        if not isinstance(content, dict):
            raise CommandFailed(f"what answers at {self.url} is not a sandbox")
        if answer.status >= 400:
            raise CommandFailed(f"the sandbox refuses: {one_line(str(content.get('error', content)))}")
        return content
