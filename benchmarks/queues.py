"""How fast the work index hands work out: Redis, and Postgres alone.

`python benchmarks/queues.py` starts servers of its own, with their data on disk and every
write flushed as in production, and prints items per second:

- `drained`: STORES stores with a window of work each, taken and finished by READERS readers
  in batches of 200, the size in which events are consumed;
- `one by one`: the same, one item at a time, as an app's slow handlers take them;
- `held back`: drained once more while another session keeps an old snapshot open, as a
  backup or a slow handler does: dead rows cannot be cleaned up meanwhile;
- `waited`: milliseconds from publishing one item to a reader that waits for it (median).
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import psycopg

from adapters.embedded import DataDir, EmbeddedPostgres, EmbeddedValkey
from adapters.postgres import migrator
from adapters.postgres.connection import open_pool
from adapters.postgres.notices import Notices
from adapters.postgres.work_index import PostgresWorkIndex
from adapters.redis.connection import open_redis
from adapters.redis.work_index import RedisWorkIndex
from core.domain.events import WorkItem, WorkKind
from core.ids import StoreId
from core.ports.work_index import WorkIndex

STORES = 100
WINDOW = 256
READERS = 4
BATCH = 200
WAITS = 200


def work(count: int) -> list[WorkItem]:
    """`count` items of each store, as they arrive: all stores mixed."""
    return [
        WorkItem(WorkKind.EVENT, f"0199-{store}-{number}", StoreId(store))
        for number in range(count)
        for store in range(STORES)
    ]


async def drained(index: WorkIndex, *, count: int, limit: int) -> float:
    """Items per second from the first take to the last finish."""
    items = work(count)
    for start in range(0, len(items), 500):
        await index.publish(items[start : start + 500])

    async def reader() -> int:
        done = 0
        while taken := await index.take(limit=limit, wait=0):
            await index.finish(taken)
            done += len(taken)
        return done

    began = perf_counter()
    done = sum(await asyncio.gather(*(reader() for _ in range(READERS))))
    assert done == len(items), (done, len(items))
    return done / (perf_counter() - began)


async def published(index: WorkIndex) -> float:
    items = work(WINDOW)
    began = perf_counter()
    for start in range(0, len(items), 500):
        await index.publish(items[start : start + 500])
    seconds = perf_counter() - began
    for start in range(0, len(items), 500):
        await index.finish(items[start : start + 500])
    return len(items) / seconds


async def waited(index: WorkIndex) -> float:
    spent = []
    for number in range(WAITS):
        taking = asyncio.create_task(index.take(limit=1, wait=10))
        await asyncio.sleep(0.01)
        item = WorkItem(WorkKind.RUN, str(number), StoreId(1))
        began = perf_counter()
        await index.publish([item])
        assert await taking == [item]
        spent.append(perf_counter() - began)
        await index.finish([item])
    return statistics.median(spent) * 1000


async def measure(index: WorkIndex, held_back: Callable[[], Awaitable[float]]) -> dict[str, float]:
    return {
        "published": round(await published(index)),
        "drained": round(await drained(index, count=WINDOW, limit=BATCH)),
        "drained_again": round(await drained(index, count=WINDOW, limit=BATCH)),
        "one_by_one": round(await drained(index, count=20, limit=1)),
        "held_back": round(await held_back()),
        "waited_ms": round(await waited(index), 2),
    }


@asynccontextmanager
async def on_redis(data_dir: DataDir) -> AsyncIterator[WorkIndex]:
    server = EmbeddedValkey(data_dir)
    server.start()
    clients = open_redis(server.url())
    yield RedisWorkIndex(clients, window=WINDOW)
    await clients.aclose()
    server.stop()


async def postgres(data_dir: DataDir) -> dict[str, object]:
    server = EmbeddedPostgres(data_dir)
    server.start()
    server.ensure_roles()
    owner = server.dsn("wasl_owner", "wasl")
    migrator.apply(owner)
    pool = await open_pool(server.dsn("wasl_app", "wasl"), max_size=10)
    notices = Notices(pool)
    index = PostgresWorkIndex(pool, notices, window=WINDOW)

    async def held_back() -> float:
        with psycopg.connect(owner) as snapshot:
            snapshot.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            snapshot.execute("SELECT count(*) FROM work_index")
            for _ in range(3):
                await drained(index, count=WINDOW, limit=BATCH)
            return await drained(index, count=WINDOW, limit=BATCH)

    numbers: dict[str, object] = {**await measure(index, held_back)}
    with psycopg.connect(owner) as asked:
        [(size,)] = asked.execute("SELECT pg_total_relation_size('work_index')").fetchall()
    numbers["megabytes_left"] = round(size / 2**20, 1)
    await notices.aclose()
    await pool.close()
    server.stop()
    return numbers


async def measured(data_dir: DataDir) -> dict[str, object]:
    async with on_redis(data_dir) as index:
        redis = await measure(index, lambda: drained(index, count=WINDOW, limit=BATCH))
    return {"redis": redis, "postgres": await postgres(data_dir)}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as path:
        Path(path).chmod(0o711)
        with DataDir(Path(path)) as data_dir:
            print(json.dumps(asyncio.run(measured(data_dir)), indent=2))


if __name__ == "__main__":
    main()
