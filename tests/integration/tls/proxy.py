"""A proxy that ends TLS in front of a server that knows none, as managed providers' front ends do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""What a Postgres client sends before TLS (PostgreSQL, Frontend/Backend Protocol, "SSLRequest")."""
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Behind = Callable[[], Awaitable[Streams]]


@asynccontextmanager
async def tls_proxy(behind: Behind, tls: ssl.SSLContext, *, postgres: bool) -> AsyncIterator[int]:
    """Its port on 127.0.0.1. For Postgres TLS is asked for first; who does not ask is sent away."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            if not postgres or await _agreed_on_tls(reader, writer, tls):
                await _carry((reader, writer), await behind())
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if postgres else tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _agreed_on_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext) -> bool:
    if await reader.readexactly(len(SSL_REQUEST)) != SSL_REQUEST:
        return False
    writer.write(b"S")
    await writer.drain()
    await writer.start_tls(tls)
    return True


async def _carry(one: Streams, other: Streams) -> None:
    """Until either side ends."""
    ways = [asyncio.create_task(_copy(one[0], other[1])), asyncio.create_task(_copy(other[0], one[1]))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        other[1].close()  # first: a cancellation may come while the rest is waited for
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await source.read(65_536):
            target.write(block)
            await target.drain()
