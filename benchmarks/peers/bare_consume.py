"""The limit of the design: batches that claim, upsert and settle in one transaction, and nothing else.

`python bare_consume.py DSN BATCH`: works off `bare_jobs` into `bare_mirror`, says when it began and ended, and ends.
"""

from __future__ import annotations

import sys
import time

import asyncpg
import uvloop

CLAIM = """
    SELECT seq, entity, body FROM bare_jobs WHERE state = 'queued' ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED
"""
UPSERT = """
    INSERT INTO bare_mirror (entity, version, body) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])
    ON CONFLICT (entity) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE bare_mirror.version < excluded.version
"""
SETTLE = "UPDATE bare_jobs SET state = 'done', settled_at = now() WHERE seq = ANY($1)"


async def main(dsn: str, batch: int) -> None:
    connection = await asyncpg.connect(dsn)
    began = time.monotonic()
    while True:
        async with connection.transaction():
            rows = await connection.fetch(CLAIM, batch)
            if not rows:
                break
            last = {row["entity"]: row for row in rows}
            await connection.execute(
                UPSERT, list(last), [row["seq"] for row in last.values()], [row["body"] for row in last.values()]
            )
            await connection.execute(SETTLE, [row["seq"] for row in rows])
    print(time.monotonic() - began, flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2])))
