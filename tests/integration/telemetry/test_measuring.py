"""Measuring a large ledger: what stands is found by indexes, and counting everything takes a small part of the time."""

import json

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.bulletins import MemoryBulletins
from adapters.memory.database import MemoryDatabase
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.system import ManualClock
from adapters.postgres.connection import acquire, open_pool
from adapters.postgres.event_search import COUNT_OPEN
from adapters.postgres.standing_work import STANDING, PostgresStandingWork
from core.domain.event_states import Books, EventState, Ledger, Origin
from core.features.watch_symptoms import WatchSymptoms
from core.ids import StoreId
from entrypoints.background.measuring import IDLE_SHARE, Balance, measure_standing
from tests.servers import Database

SETTLED = 20_000
FILL = """
    INSERT INTO events (event_id, store_id, install_id, origin, topic, entity_kind, entity_id, lane, state,
                        received_at, settled_at, size, body)
    SELECT gen_random_uuid(), n % 50, 1, 'zid', 'order.create', 'order', n::text, n,
           CASE WHEN n % 2000 = 0 THEN 'queued' WHEN n % 2000 = 1 THEN 'dead' ELSE 'done' END,
           now() - interval '1 minute', CASE WHEN n % 2000 = 0 THEN NULL ELSE now() END, 2, 'x'
    FROM generate_series(1, $1::int) n
"""


async def test_no_settled_event_is_looked_at(database: Database) -> None:
    async with await open_pool(database.owner_dsn, max_size=1) as pool, acquire(pool) as connection:
        await connection.execute(FILL, SETTLED)
        await connection.execute("ANALYZE events")
        for statement in (STANDING, COUNT_OPEN):
            [[plan]] = await connection.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
            plans = json.loads(plan) if isinstance(plan, str) else plan
            assert "Seq Scan" not in json.dumps(plans)
    async with await open_pool(database.dsn, max_size=1) as pool:
        metrics, standing = RecordingMetrics(), PostgresStandingWork(pool)
        now = (await standing.standing()).oldest
        assert now is not None
        await measure_standing(standing, metrics, ManualClock(now))
    assert metrics.gauge("events", state="queued") == metrics.gauge("events", state="dead") == SETTLED / 2000
    assert metrics.gauge("dead_letters") == SETTLED / 2000
    assert metrics.gauge("event_age_seconds") == 0


class SlowBooks(MemoryLedgerReader):
    """Books that take as long to count as they are told to."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(MemoryDatabase())
        self.clock, self.seconds, self.asked = clock, 2.0, 0

    async def books(self, store_id: StoreId | None = None) -> Ledger:
        self.asked += 1
        self.clock.advance(self.seconds)
        books = Books(received=5, states={EventState.DONE: 3, EventState.QUEUED: 1})
        return Ledger({Origin.ZID: books})


async def test_counting_everything_is_rested_from() -> None:
    clock, metrics = ManualClock(), RecordingMetrics()
    reader = SlowBooks(clock)
    watch = WatchSymptoms(MemoryAlerts(MemoryDatabase()), clock, [])
    balance = Balance(reader, metrics, clock, watch, MemoryBulletins())
    await balance.step()
    await balance.step()
    assert reader.asked == 1
    assert metrics.gauge("ledger_imbalance") == 1
    assert metrics.gauge("events", state="done") == 3
    assert metrics.gauge("events", state="queued") is None, "told by what stands"
    clock.advance(IDLE_SHARE * reader.seconds)
    await balance.step()
    assert reader.asked == 2
