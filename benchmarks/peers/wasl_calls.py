"""What calls.py does, by a process of Wasl's own with everything it has.

`python -m benchmarks.peers.wasl_calls CALLS AT_ONCE`. The environment is that of any
process. Calls go round the stores 1 to STORES.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from itertools import count

import structlog
import uvloop

from config.settings import load_settings
from core.domain.operations.orders import ListOrders, OrderPayload
from core.ids import StoreId
from entrypoints.process import settle_in
from entrypoints.wiring import Daemon, daemon

WARM = 500


async def some(parts: Daemon, numbers: count[int], calls: int, at_once: int, stores: int) -> int:
    """The orders that so many calls gave."""
    gateway, left = parts.features.gateway(), iter(range(calls))

    async def ask() -> int:
        """A page is let go before the next is asked for, as the other contestants do."""
        store_id = StoreId(1 + next(numbers) % stores)
        page = await gateway.perform(store_id, ListOrders(payload_type=OrderPayload.DEFAULT))
        if page.unreadable:
            raise SystemExit(f"not read: {page.unreadable}")
        return len(page.items)

    async def one() -> int:
        return sum([await ask() for _ in left])

    return sum(await asyncio.gather(*(one() for _ in range(at_once))))


async def main(calls: int, at_once: int) -> None:
    stores, numbers = int(os.environ["STORES"]), count()
    async with daemon(load_settings(os.environ), "consumer") as parts:
        settle_in()
        await some(parts, numbers, max(min(calls, WARM), stores), at_once, stores)
        began = time.process_time()
        orders = await some(parts, numbers, calls, at_once, stores)
        seconds = time.process_time() - began
    print(json.dumps({"microseconds": seconds / calls * 1e6, "orders": orders / calls}))


if __name__ == "__main__":
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
