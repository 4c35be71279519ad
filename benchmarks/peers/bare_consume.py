"""The limit of the design: ids from a stream, then claim, upsert and settle of a batch in one transaction; no more.

`python bare_consume.py DSN REDIS_SOCKET BATCH EVENTS`: works off `bare_jobs` into `bare_mirror`, ends after so many and
says how many seconds that took from the first batch on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence

import asyncpg
import redis.asyncio
import uvloop

STREAM, GROUP = "bare", "workers"
CLAIM = """
    SELECT seq, entity, body FROM bare_jobs WHERE seq = ANY($1) AND state = 'queued' ORDER BY seq
    FOR UPDATE SKIP LOCKED
"""
UPSERT = """
    INSERT INTO bare_mirror (entity, version, body) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
    ON CONFLICT (entity) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE bare_mirror.version < excluded.version
"""
SETTLE = "UPDATE bare_jobs SET state = 'done', settled_at = now() WHERE seq = ANY($1)"


async def handle(connection: asyncpg.Connection, seqs: Sequence[int]) -> int:
    async with connection.transaction():
        rows = await connection.fetch(CLAIM, seqs)
        last = {row["entity"]: row for row in rows}
        await connection.execute(
            UPSERT, list(last), [row["seq"] for row in last.values()], [row["body"] for row in last.values()]
        )
        await connection.execute(SETTLE, [row["seq"] for row in rows])
    return len(rows)


async def main(dsn: str, socket: str, batch: int, events: int) -> None:
    connection = await asyncpg.connect(dsn)
    valkey = redis.asyncio.Redis(unix_socket_path=socket, db=6, protocol=3)
    began = 0.0
    while events > 0:
        entries = (await valkey.xreadgroup(GROUP, "one", {STREAM: ">"}, count=batch, block=1000) or {}).get(b"bare")
        if not entries:
            continue
        began = began or time.monotonic()
        events -= await handle(connection, [int(fields[b"seq"]) for _, fields in entries[0]])
        ids = [entry for entry, _ in entries[0]]
        async with valkey.pipeline(transaction=False) as pipeline:
            await pipeline.xack(STREAM, GROUP, *ids).xdel(STREAM, *ids).execute()
    print(time.monotonic() - began, flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
