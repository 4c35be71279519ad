"""Finding and claiming the next 500 stores that are due, among a million, at any fill.

`make bench ONLY=refresh_due` (with a tenth of a million; `make bench-scale` with all) starts a Postgres of its own (on
disk, durable as shipped), fills a vault with sealed tokens of real size, and for several numbers of due stores measures
the claim as schedulers make it: one statement over the narrow table of due times. What is claimed is due again at once,
so that the fill stays as it is while the index is churned. Then the same beside an open snapshot (a backup), by eight
schedulers at once, and the second statement, which reads one store's tokens.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import psutil
import psycopg

from adapters.embedded import DataDir, EmbeddedPostgres
from adapters.postgres import migrator
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.refresh_book import CLAIM_DUE, PostgresRefreshBook
from adapters.postgres.refresh_reports import PostgresRefreshReports
from adapters.postgres.token_vault import OPEN_TOKENS
from benchmarks.report import Goal, Report, Scale, told
from core.ports.installations import DueRefresh

BATCH = 500
SCHEDULERS = 8
SEALED_BYTES = 3900
"""What Fernet makes of the three tokens of a real answer."""
MEDIAN_MS, P95_MS = 20.0, 40.0
"""Promised for one scheduler at any fill."""
Owner = psycopg.Connection[tuple[object, ...]]
Row = dict[str, object]

VAULT = (
    "ALTER TABLE tokens ALTER sealed SET STORAGE EXTERNAL",  # Fernet's output does not compress, this filling would
    """INSERT INTO stores (store_id, title, install_id, epoch, state)
       SELECT n, 'a store', n, 1, 'active' FROM generate_series(1, %(stores)s) AS n""",
    """INSERT INTO installs (install_id, store_id, epoch, state)
       SELECT n, n, 1, 'active' FROM generate_series(1, %(stores)s) AS n""",
    """INSERT INTO data_keys (install_id, store_id, key_id, wrapped)
       SELECT n, n, 'k1', decode(repeat(md5(n::text), 8), 'hex') FROM generate_series(1, %(stores)s) AS n""",
    """INSERT INTO tokens (install_id, store_id, generation, sealed, expires_at)
       SELECT n, n, 1, convert_to(repeat(md5(n::text), %(sealed)s / 32), 'UTF8'), now() + interval '1 year'
       FROM generate_series(1, %(stores)s) AS n""",
)
# Spread over the last day and the next 300, in an order that has nothing to do with the order of the rows.
FILL = """
    INSERT INTO refresh_due (install_id, store_id, due_at)
    SELECT n, n, CASE WHEN (n::bigint * 7919) %% %(stores)s < %(due)s THEN now() - random() * interval '1 day'
                      ELSE now() + interval '1 hour' + random() * interval '300 days' END
    FROM generate_series(1, %(stores)s) AS n
"""


@contextmanager
def measured_database() -> Iterator[tuple[str, str]]:
    """A migrated database on a server of its own: the URLs of wasl_app and of the owner."""
    with tempfile.TemporaryDirectory(prefix="wasl-bench-") as path, DataDir(Path(path) / "data") as data_dir:
        Path(path).chmod(0o711)
        server = EmbeddedPostgres(data_dir)
        server.start()
        try:
            server.ensure_roles()
            migrator.apply(server.dsn("wasl_owner", "wasl"))
            yield server.dsn("wasl_app", "wasl"), server.dsn("wasl_owner", "wasl")
        finally:
            server.stop()


def fill_vault(owner: Owner, stores: int, sealed: int) -> None:
    began = perf_counter()
    for statement in VAULT:
        owner.execute(statement, {"stores": stores, "sealed": sealed} if "%(" in statement else None)
    owner.execute("VACUUM ANALYZE stores, installs, data_keys, tokens")
    size = (owner.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone() or ("?",))[0]
    print(f"{stores:,} stores in the vault: {size}, filled in {perf_counter() - began:.0f} s", flush=True)


def fill_due(owner: Owner, stores: int, due: int) -> None:
    owner.execute("TRUNCATE refresh_due")
    owner.execute(FILL, {"stores": stores, "due": due})
    owner.execute("VACUUM ANALYZE refresh_due")


async def claim(book: PostgresRefreshBook) -> tuple[float, Sequence[DueRefresh]]:
    """Milliseconds, and what was claimed; due again at once."""
    began = perf_counter()
    claimed = await book.claim_due(datetime.now(UTC), limit=BATCH, hold=0)
    return (perf_counter() - began) * 1000, claimed


async def measure(book: PostgresRefreshBook, claims: int) -> list[float]:
    times = []
    for _ in range(claims):
        took, claimed = await claim(book)
        assert len(claimed) == BATCH, f"{len(claimed)} claimed"
        times.append(took)
    return times


async def measure_together(book: PostgresRefreshBook, claims: int) -> list[float]:
    async def scheduler() -> list[float]:
        return [(await claim(book))[0] for _ in range(claims // SCHEDULERS)]

    return [took for times in await asyncio.gather(*(scheduler() for _ in range(SCHEDULERS))) for took in times]


async def count_all(reports: PostgresRefreshReports) -> list[float]:
    times = []
    for _ in range(10):
        began, now = perf_counter(), datetime.now(UTC)
        await reports.census(now)
        await reports.standing(now)
        times.append((perf_counter() - began) * 1000)
    return times


async def read_tokens(book: PostgresRefreshBook, pool: Pool) -> list[float]:
    """Milliseconds for each store of a claim, one after the other."""
    times = []
    for one in (await claim(book))[1]:
        began = perf_counter()
        assert await pool.fetchrow(OPEN_TOKENS, one.store_id)
        times.append((perf_counter() - began) * 1000)
    return times


def row(what: str, times: Sequence[float], **more: float) -> Row:
    parts = quantiles(times, n=100)
    found = {"what": what, "median": round(parts[49], 2), "p95": round(parts[94], 2), "max": round(max(times), 1)}
    print(json.dumps(found | more), flush=True)
    return found | more


async def server_seconds(pool: Pool) -> float:
    """Processor time that the connection's end at the server has had: what a busy machine does not change."""
    used = psutil.Process(await pool.fetchval("SELECT pg_backend_pid()")).cpu_times()
    return float(used.user + used.system)


async def explain(pool: Pool) -> None:
    """As the claim is run, and taken back."""
    async with pool.acquire() as conn:
        transaction = conn.transaction()
        await transaction.start()
        plan = await conn.fetch("EXPLAIN (ANALYZE, BUFFERS) " + CLAIM_DUE, datetime.now(UTC), BATCH, 300.0)
        await transaction.rollback()
    print("\n".join(row[0] for row in plan), flush=True)


async def run(dsn: str, owner_dsn: str, stores: int, claims: int, sealed: int) -> list[Row]:
    with psycopg.connect(owner_dsn, autocommit=True) as owner:
        fill_vault(owner, stores, sealed)
        return await measure_all(dsn, owner, owner_dsn, stores, claims)


async def measure_all(dsn: str, owner: Owner, owner_dsn: str, stores: int, claims: int) -> list[Row]:
    pool = await open_pool(dsn, max_size=1)
    book, rows = PostgresRefreshBook(pool), []
    for due in sorted({BATCH, min(10_000, stores), min(100_000, stores), stores}):
        fill_due(owner, stores, due)
        before = await server_seconds(pool)
        times = await measure(book, claims)
        spent = (await server_seconds(pool) - before) / claims * 1000
        rows.append(row(f"claim {BATCH} of {due:,} due", times, server_cpu=round(spent, 2)))
    await explain(pool)
    with psycopg.connect(owner_dsn) as backup:
        backup.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        backup.execute("SELECT count(*) FROM workers")
        rows.append(row(f"claim {BATCH} of {stores:,} due beside an open snapshot", await measure(book, claims)))
    rows.append(
        row("count the whole vault, as schedulers do once a minute", await count_all(PostgresRefreshReports(pool)))
    )
    rows.append(row("read one claimed store's tokens", await read_tokens(book, pool)))
    await pool.close()
    pool = await open_pool(dsn, max_size=SCHEDULERS)
    times = await measure_together(PostgresRefreshBook(pool), claims)
    rows.append(row(f"claim {BATCH} of {stores:,} due, {SCHEDULERS} schedulers at once", times))
    await pool.close()
    return rows


def benchmark(scale: Scale) -> Report:
    stores, claims = scale.pick(2_000, 100_000, 1_000_000), scale.pick(16, 200, 200)
    with measured_database() as (dsn, owner_dsn):
        rows = asyncio.run(run(dsn, owner_dsn, stores, claims, SEALED_BYTES))
    return Report(goals=list(goals(rows, stores)), facts={"milliseconds": rows})


def goals(rows: Sequence[Row], stores: int) -> Iterator[Goal]:
    """Of one scheduler at any fill."""
    for found in rows:
        if "server_cpu" in found:
            what = f"{found['what']}, among {stores:,}"
            yield Goal(f"{what}, median", float(str(found["median"])), MEDIAN_MS, False, " ms")
            yield Goal(f"{what}, p95", float(str(found["p95"])), P95_MS, False, " ms")


if __name__ == "__main__":
    told(benchmark)
