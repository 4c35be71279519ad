"""A load balancer as platforms run one: requests go to the release that is in the list, and its answers are counted."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from aiohttp import web

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}
START_SECONDS = 60


class Balancer:
    """Sends everything to `target` (a port of 127.0.0.1), which may be changed at any time; forgets no status."""

    def __init__(self) -> None:
        self.target = 0
        self.port = 0
        self.statuses: Counter[int] = Counter()
        self.under_way: Counter[int] = Counter()
        """Requests by the port that they were handed on to."""
        self.failures: list[str] = []
        self._started, self._ended = threading.Event(), asyncio.Event()
        self._loop: asyncio.AbstractEventLoop
        self._session: aiohttp.ClientSession

    @contextmanager
    def running(self) -> Iterator[Balancer]:
        thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        thread.start()
        assert self._started.wait(START_SECONDS)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ended.set)
            thread.join(START_SECONDS)

    async def _run(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        # A connection of its own for each request: what is on its way when the list changes is answered there.
        connector = aiohttp.TCPConnector(force_close=True, limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
            app = web.Application(client_max_size=2**24)
            self._session = session
            app.router.add_route("*", "/{path:.*}", self._hand_on)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.port = runner.addresses[0][1]
            self._started.set()
            await self._ended.wait()
            await runner.cleanup()

    async def _hand_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        body = await request.read()
        target = self.target
        url = f"http://127.0.0.1:{target}{request.raw_path}"
        self.under_way[target] += 1
        try:
            async with self._session.request(
                request.method, url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, OSError) as error:
            self.failures.append(f"{request.method} {request.path}: {type(error).__name__}: {error}")
            return web.Response(status=502)
        finally:
            self.under_way[target] -= 1
        self.statuses[answer.status] += 1
        back = web.Response(status=answer.status, body=content)
        for name, value in answer.headers.items():
            if name.lower() not in _HOP_BY_HOP and name != "Content-Type":
                back.headers.add(name, value)
        if "Content-Type" in answer.headers:
            back.headers["Content-Type"] = answer.headers["Content-Type"]
        return back
