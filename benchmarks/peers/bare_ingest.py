"""The limit of the design: aiohttp, and one multi-row insert for whatever came meanwhile. Nothing else is checked.

Bodies are kept as they came, as the ledger keeps them: squeezed, the ones of a benchmark would be a tenth of it.

`python bare_ingest.py PORT DSN`: POST / answers 200 after the commit.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import uuid

import asyncpg
import uvloop
from aiohttp import web

TABLE = """
    CREATE TABLE IF NOT EXISTS bare (key bytea PRIMARY KEY, event_id uuid, received_at timestamptz, body bytea);
    ALTER TABLE bare ALTER COLUMN body SET STORAGE EXTERNAL;
"""
INSERT = """
    INSERT INTO bare SELECT key, event_id, now(), body FROM unnest($1::bytea[], $2::uuid[], $3::bytea[])
    AS g (key, event_id, body) ON CONFLICT DO NOTHING
"""
LARGEST = 500


class Inserts:
    """Requests that wait for the next commit."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
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
            bodies = [body for body, _ in batch]
            keys = [hashlib.sha256(body).digest() for body in bodies]
            await self._pool.execute(INSERT, keys, [uuid.uuid4() for _ in batch], bodies)
            for _, done in batch:
                done.set_result(None)


async def main(port: int, dsn: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=2, max_size=2)
    await pool.execute(TABLE)
    inserts = Inserts(pool)
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
    uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
