"""The application on a port of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from entrypoints.http.serving import make_runner


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    """The application on a port of its own, run as a process runs it: a client that leaves cancels nothing."""
    runner = make_runner(app, grace=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def until(seen: Callable[[], bool]) -> None:
    """Waits for something that can be seen, not for time."""
    async with asyncio.timeout(30):
        while not seen():
            await asyncio.sleep(0.005)
