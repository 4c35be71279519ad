"""As many calls of one store as the limiter lets through: `python -m benchmarks.peers.wasl_flood SECONDS CALLERS`.

The environment is that of any process. Prints how many calls were answered.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

import structlog
import uvloop

from config.settings import load_settings
from core.domain.operations.orders import ListOrders
from core.domain.rate import Traffic
from core.errors import RateLimited
from core.ids import StoreId
from entrypoints.wiring import daemon

STORE = StoreId(1)


async def main(seconds: float, callers: int) -> None:
    async with daemon(load_settings(os.environ), "consumer") as parts:
        gateway, until = parts.features.gateway_for(Traffic.HANDLER), time.monotonic() + seconds
        print("ready", flush=True)

        async def call() -> int:
            """Told to come back, it does, as a run does."""
            answered = 0
            while time.monotonic() < until:
                try:
                    await gateway.perform(STORE, ListOrders())
                    answered += 1
                except RateLimited as problem:
                    await asyncio.sleep(min(problem.retry_after, max(0.0, until - time.monotonic())))
            return answered

        print(sum(await asyncio.gather(*(call() for _ in range(callers)))), flush=True)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    uvloop.run(main(float(sys.argv[1]), int(sys.argv[2])))
