"""Stores in a second whose data keys are wrapped anew by the first key of the ring, as `wasl keys rotate` does it.

`python -m benchmarks.key_rotation [--scale quick|usual|large]`. Each round gives the ring another first key and
rotates the whole vault under it: every data key is opened, what it seals is proved to open too, the key is wrapped
and written where it still is what was read, batch by batch, with its audit. `bare` opens and wraps the same keys in
memory and writes them with one statement a batch, proving nothing. Afterwards every store's tokens have to open with
the last key alone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import psycopg

from adapters.postgres.connection import open_pool
from adapters.postgres.key_census import PostgresKeyCensus
from adapters.postgres.process_rings import PostgresProcessRings
from adapters.postgres.sealed_tokens import prove
from adapters.postgres.sealed_vault import PostgresSealedVault
from adapters.sealing.fernet import FernetSealer
from adapters.sealing.ring_keys import generate_key
from adapters.system import SystemClock
from benchmarks.report import Goal, Report, Scale, Series, told
from benchmarks.rounds import interleave
from benchmarks.vault import fill
from benchmarks.world import Bench, bench
from core.domain.audit import AuditEntry
from core.domain.secret import Secret
from core.features.rotate_keys import Locksmith, RotateKeys
from core.ports.sealed_vault import RotationKind
from core.ports.sealing import WrappedKey

PER_SECOND = 20_000
BATCH = 1000
PAGE = "SELECT install_id, key_id, wrapped FROM data_keys WHERE install_id > $1 ORDER BY install_id LIMIT $2"
WRITE = """
    UPDATE data_keys k SET key_id = $3, wrapped = g.wrapped
    FROM unnest($1::bigint[], $2::bytea[]) AS g (install_id, wrapped) WHERE k.install_id = g.install_id
"""


@dataclass
class Vault:
    """So many stores, and the keys that sealed them, the latest first."""

    dsn: str
    stores: int
    keys: list[Secret] = field(default_factory=list)

    def sealer(self) -> FernetSealer:
        return FernetSealer(tuple(self.keys[:2]))

    def rate(self, rotate: Callable[[Vault], Coroutine[Any, Any, None]]) -> float:
        """Stores per second, under a new key."""
        self.keys.insert(0, generate_key())
        began = time.perf_counter()
        asyncio.run(rotate(self))
        return self.stores / (time.perf_counter() - began)


async def bare(vault: Vault) -> None:
    sealer, after = vault.sealer(), 0
    connection = await asyncpg.connect(vault.dsn)
    while rows := await connection.fetch(PAGE, after, BATCH):
        wrapped = [sealer.rewrap(WrappedKey(row["key_id"], row["wrapped"])).wrapped for row in rows]
        await connection.execute(WRITE, [row["install_id"] for row in rows], wrapped, sealer.seals_with)
        after = rows[-1]["install_id"]
    await connection.close()


async def wasl(vault: Vault) -> None:
    pool = await open_pool(vault.dsn, max_size=2)
    rotation = RotateKeys(
        vault=PostgresSealedVault(pool),
        census=PostgresKeyCensus(pool),
        rings=PostgresProcessRings(pool),
        locksmith=Locksmith(sealer=vault.sealer(), prove=prove),
        clock=SystemClock(),
    )
    run = await rotation.begin(RotationKind.RING, actor="benchmark")
    while not run.is_over:
        run = await rotation.step(run)
    await pool.close()
    if not run.complete or run.moved != vault.stores or run.set_aside:
        raise SystemExit(f"{run.moved} of {vault.stores} moved, {run.set_aside} set aside, complete: {run.complete}")


async def all_open(vault: Vault) -> None:
    """Every row with the latest key alone."""
    pool, seen, after = await open_pool(vault.dsn), 0, None
    locksmith = Locksmith(sealer=FernetSealer((vault.keys[0],)), prove=prove)
    sealed = PostgresSealedVault(pool)
    rotation = await sealed.begin(
        RotationKind.DATA_KEYS, locksmith.sealer.seals_with, audit=AuditEntry("benchmark.checked")
    )
    while rows := await sealed.page(rotation, after=after, limit=1000):
        if broken := [fault for row in rows if (fault := locksmith.fault(row))]:
            raise SystemExit(f"does not open: {broken[0]}")
        seen, after = seen + len(rows), rows[-1].install_id
    await pool.close()
    if seen != vault.stores:
        raise SystemExit(f"{seen} of {vault.stores} stores are in the vault")


def measured(on: Bench, stores: int, rounds: int) -> Report:
    first = Secret(on.token_key)
    with psycopg.connect(on.postgres.dsn("wasl_owner", "wasl"), autocommit=True) as owner:
        fill(owner, stores, first)
    vault = Vault(on.postgres.dsn("wasl_app", "wasl"), stores, [first])
    figures = interleave({"bare": lambda: vault.rate(bare), "wasl": lambda: vault.rate(wasl)}, rounds)
    asyncio.run(all_open(vault))
    goal = Goal("stores re-wrapped", figures[1].median, PER_SECOND, True, "/s")
    return Report(
        series=[Series("Key rotation", "stores per second", figures)],
        goals=[goal],
        facts={"stores": stores},
        checked=["every store's tokens open with the last key alone"],
    )


def benchmark(scale: Scale) -> Report:
    stores = scale.pick(500, 10_000, 100_000)
    with bench(stores) as on:
        return measured(on, stores, scale.rounds)


if __name__ == "__main__":
    told(benchmark)
