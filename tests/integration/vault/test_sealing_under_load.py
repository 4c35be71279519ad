"""Sealing beside many writers: no line is missed, none is taken for inserted, whoever commits when."""

import asyncio
import random
from contextlib import suppress

from adapters.memory.metrics import RecordingMetrics
from adapters.postgres.audit import write_audit
from adapters.postgres.audit_seals import PostgresAuditSeals
from adapters.postgres.connection import Pool, transaction
from adapters.system import SystemClock
from core.domain.audit import AuditEntry
from core.domain.audit_chain import sealing_keys
from core.domain.secret import Secret
from core.features.seal_audit import SealAudit
from core.features.verify_audit import VerifyAudit

KEYS = sealing_keys([Secret("k" * 40)])
WRITERS, EACH, SEALERS = 8, 30, 3


class GivenUp(Exception):
    pass


async def test_lines_that_commit_in_any_order_are_sealed_once_and_in_their_places(pool: Pool) -> None:
    seals, metrics, writing = PostgresAuditSeals(pool), RecordingMetrics(), asyncio.Event()
    committed = await asyncio.gather(
        _write_all(pool, writing),
        *(_seal(SealAudit(seals, KEYS, metrics, SystemClock()), writing) for _ in range(SEALERS)),
    )
    finding = await VerifyAudit(seals, KEYS, SystemClock()).check()
    assert (finding.flaws, finding.unsealed) == ([], 0)
    assert finding.sealed == committed[0] == metrics.counted("audit_entries_total")


async def _write_all(pool: Pool, done: asyncio.Event) -> int:
    try:
        return sum(await asyncio.gather(*(_write(pool, random.Random(number)) for number in range(WRITERS))))
    finally:
        done.set()


async def _write(pool: Pool, chance: random.Random) -> int:
    """Some commit at once, some late, some never; how many lines are there then."""
    written = 0
    for number in range(EACH):
        with suppress(GivenUp):
            async with transaction(pool, timeout=60.0) as conn:
                await write_audit(conn, AuditEntry("first", details={"n": number}))
                await asyncio.sleep(chance.choice([0.0, 0.0, 0.01, 0.05]))
                await write_audit(conn, AuditEntry("second", details={"n": number}))
                if chance.random() < 0.2:
                    raise GivenUp
            written += 2
    return written


async def _seal(sealer: SealAudit, done: asyncio.Event) -> None:
    """Until nothing more is written, and what was is sealed."""
    while not done.is_set():
        await sealer.tick()
    while await sealer.tick():
        pass
