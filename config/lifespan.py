"""Opening what is outside, in order, and closing it in reverse; a failing close never stops the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from adapters.postgres.connection import Pool, open_pool
from adapters.redis.connection import RedisClients, open_redis
from adapters.zid.http_session import open_http
from config.container import Adapters
from config.pool_sizes import pool_size
from config.settings import Settings
from config.tracing import open_tracer
from core.errors import SettingInvalid, Unavailable

KNOWN_DATABASE_SECONDS = 2.0
"""A start waits so long for a database that it can do without; the driver itself would wait for minutes."""


@asynccontextmanager
async def open_adapters(settings: Settings, process: str, *, may_wait: bool = False) -> AsyncIterator[Adapters]:
    """The adapters of one process, connected. Raises SettingInvalid or Unavailable, naming what is wrong.

    With `may_wait` a database that does not answer now is connected to when it does.
    """
    async with AsyncExitStack() as stack:
        tracer = await stack.enter_async_context(open_tracer(settings, process))
        pool = await _open_pool(settings, process, may_wait=may_wait)
        stack.push_async_callback(_close_pool, pool)
        clients = _open_redis(settings)
        if clients is not None:
            stack.push_async_callback(clients.aclose)
        http = await stack.enter_async_context(open_http())
        adapters = Adapters(settings=settings, pool=pool, redis=clients, http=http, tracer=tracer)
        adapters.check_dependencies()
        stack.push_async_callback(adapters.notices().aclose)
        await stack.enter_async_context(adapters.breakers().connected())
        yield adapters


@asynccontextmanager
async def open_database(settings: Settings, process: str) -> AsyncIterator[Pool]:
    """The database alone, for commands that need nothing else."""
    pool = await _open_pool(settings, process)
    try:
        yield pool
    finally:
        await _close_pool(pool)


async def _open_pool(settings: Settings, process: str, *, may_wait: bool = False) -> Pool:
    if settings.database_url is None:
        raise SettingInvalid("DATABASE_URL", "is not set; `wasl up` brings a database of its own")
    opened = partial(
        open_pool,
        settings.database_url.reveal(),
        max_size=pool_size(settings, process),
        application_name=f"wasl {process}",
        ca_cert=settings.database_ca_cert,
        slow=settings.slow_query_seconds,
    )
    if not may_wait:
        return await opened()
    try:
        async with asyncio.timeout(KNOWN_DATABASE_SECONDS):
            return await opened()
    except (Unavailable, TimeoutError):
        return await opened(connect=False)


async def _close_pool(pool: Pool) -> None:
    """Connections still in use after a moment are cut: their transactions roll back."""
    try:
        await pool.close()
    except (TimeoutError, OSError):
        pool.terminate()


def _open_redis(settings: Settings) -> RedisClients | None:
    """None where Postgres does it all."""
    if settings.redis_url is None:
        return None
    return open_redis(settings.redis_url.reveal(), ca_cert=settings.redis_ca_cert)
