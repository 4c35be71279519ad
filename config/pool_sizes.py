"""How many connections to Postgres each kind of process may open."""

from __future__ import annotations

from typing import Final

from config.settings import Queue, Settings

HANDLER_SPARE_CONNECTIONS: Final = 6
"""Besides one connection per running handler: batches, leases, the sweep."""
NOTICES_CONNECTION: Final = 1
"""On which Postgres tells of new work and of breakers, where it does what Redis does elsewhere."""


def pool_size(settings: Settings, process: str) -> int:
    """The most that a process of this kind opens."""
    size = settings.database_pool
    if process == "consumer":
        size = max(size, settings.handler_concurrency + HANDLER_SPARE_CONNECTIONS)
    if settings.redis_url is None or settings.work_queue is Queue.POSTGRES:
        size += NOTICES_CONNECTION
    return size
