"""The limit of a whole chain's first half: aiohttp, one multi-row insert, and what came in into a stream.

`python bare_chain.py PORT DSN REDIS_SOCKET`: POST / answers 200 after the commit. `bare_consume.py` is the second half.
"""

from __future__ import annotations

import asyncio
import sys

import asyncpg
import orjson
import redis.asyncio
import uvloop
from aiohttp import web

INSERT = """
    INSERT INTO bare_jobs (entity, body) SELECT * FROM unnest($1::bigint[], $2::bytea[]) RETURNING seq
"""
LARGEST = 500


class Inserts:
    """Requests that wait for the next commit; their ids go to the stream after it."""

    def __init__(self, pool: asyncpg.Pool, valkey: redis.asyncio.Redis) -> None:
        self._pool = pool
        self._valkey = valkey
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()

    async def add(self, body: bytes) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, done))
        self._wake.set()
        await done

    async def run(self) -> None:
        while True:
            await self._wake.wait()
            batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
            if not self._waiting:
                self._wake.clear()
            if not batch:
                continue
            bodies = [body for body, _ in batch]
            rows = await self._pool.fetch(INSERT, [orjson.loads(body)["id"] for body in bodies], bodies)
            for _, done in batch:
                done.set_result(None)
            async with self._valkey.pipeline(transaction=False) as pipeline:
                for row in rows:
                    pipeline.xadd("bare", {"seq": row["seq"]})
                await pipeline.execute()


async def main(port: int, dsn: str, socket: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=2)
    inserts = Inserts(pool, redis.asyncio.Redis(unix_socket_path=socket, db=6))
    flows = [asyncio.create_task(inserts.run()) for _ in range(2)]

    async def take(request: web.Request) -> web.Response:
        await inserts.add(await request.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.gather(*flows)


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
