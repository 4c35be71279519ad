"""Reading bodies of unknown size and honesty."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from aiohttp import StreamReader

from core.features.ingest_webhook import Oversize

STOP_AT: Final = 8
"""So many times the limit are read to learn the size and hash; what follows is not read."""


class Slow(Exception):
    """The body did not arrive in time."""


@dataclass(frozen=True, slots=True)
class Body:
    """What was read. `content` is empty when it was over the limit."""

    content: bytes
    oversize: Oversize | None = None


async def read_up_to(stream: StreamReader, limit: int, *, seconds: float) -> Body:
    """The body, or its size and hash when it is larger than `limit`. Raises Slow after so many seconds."""
    if stream.is_eof():  # all of it is here, as of nearly every delivery: nothing will be waited for
        return await _read(stream, limit)
    try:
        async with asyncio.timeout(seconds):
            return await _read(stream, limit)
    except TimeoutError as error:
        raise Slow from error


async def _read(stream: StreamReader, limit: int) -> Body:
    chunks: list[bytes] = []
    size = 0
    while size <= limit and (chunk := await stream.readany()):
        chunks.append(chunk)
        size += len(chunk)
    content = b"".join(chunks)
    return Body(content) if size <= limit else await _measure(stream, content, limit * STOP_AT)


async def _measure(stream: StreamReader, start: bytes, at_most: int) -> Body:
    digest, size = sha256(start), len(start)
    while size < at_most and (chunk := await stream.readany()):
        digest.update(chunk)
        size += len(chunk)
    return Body(b"", Oversize(size, digest.digest()))
