"""One page of orders asked for again and again, in four ways. `python calls.py WAY URL CALLS AT_ONCE`.

Prints as JSON the processor microseconds and the orders that each call took and gave. As many calls again, at most
500, are made before, so that connections are open and code is warm.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

PATH = "/v1/managers/store/orders"
QUERY = {"payload_type": "default", "page": "1", "per_page": "50"}
TOKEN = "t" * 500
HEADERS = {
    "Authorization": f"Bearer {TOKEN}",
    "X-Manager-Token": TOKEN,
    "Access-Token": TOKEN,
    "Role": "Manager",
    "Store-Id": "1",
    "Accept": "application/json",
    "Accept-Language": "en",
}
WARM = 500


def warm(calls):
    return min(calls, WARM)


def run_async(ask, calls, at_once):
    """Processor seconds of the calls after the warm ones, and the orders they gave."""

    async def some(count):
        numbers = iter(range(count))

        async def one():
            return sum([await ask() for _ in numbers])

        return sum(await asyncio.gather(*(one() for _ in range(at_once))))

    async def both():
        await some(warm(calls))
        began = time.process_time()
        orders = await some(calls)
        return time.process_time() - began, orders

    return both()


def run_threads(ask, calls, at_once):
    with ThreadPoolExecutor(at_once) as threads:
        sum(threads.map(ask, range(warm(calls))))
        began = time.process_time()
        orders = sum(threads.map(ask, range(calls)))
        return time.process_time() - began, orders


def bare(url, calls, at_once):
    import aiohttp
    import orjson
    import uvloop

    async def main():
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

            async def ask():
                async with session.get(url + PATH, params=QUERY, headers=HEADERS) as response:
                    return len(orjson.loads(await response.read())["orders"])

            return await run_async(ask, calls, at_once)

    return uvloop.run(main())


def plain_httpx(url, calls, at_once):
    import httpx
    import uvloop

    async def main():
        limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        async with httpx.AsyncClient(base_url=url, limits=limits) as client:

            async def ask():
                return len((await client.get(PATH, params=QUERY, headers=HEADERS)).json()["orders"])

            return await run_async(ask, calls, at_once)

    return uvloop.run(main())


def zid_client(url):
    from zid import ZidClient

    return ZidClient(authorization=TOKEN, store_token=TOKEN, store_id=1, base_url=url)


def without_models(url, calls, at_once):
    http = zid_client(url)._http
    return run_threads(lambda _: len(http.get(PATH, params=QUERY)["orders"]), calls, at_once)


def with_models(url, calls, at_once):
    orders = zid_client(url).orders
    return run_threads(lambda _: len(list(orders.list(payload_type="default", page=1, per_page=50))), calls, at_once)


WAYS = {"bare": bare, "httpx": plain_httpx, "zid_client": without_models, "zid_client_models": with_models}

if __name__ == "__main__":
    way, url, calls, at_once = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    seconds, orders = WAYS[way](url, calls, at_once)
    print(json.dumps({"microseconds": seconds / calls * 1e6, "orders": orders / calls}))
