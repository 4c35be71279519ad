"""A ledger with two installed stores on a database of its own, which refuses moves that are not legal."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
from psycopg.rows import TupleRow
from uuid_utils.compat import uuid7

from adapters.postgres.connection import Pool, acquire, open_pool
from adapters.postgres.desk import PostgresDesk
from adapters.postgres.event_batches import PostgresEventLedger
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.ledger_reading import PostgresLedgerReader
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.runs import PostgresRunLedger
from adapters.postgres.workers import PostgresWorkers
from core.domain.event_states import MOVES, EventState
from core.domain.events import BatchResult, ClaimedRun, Delivery, Receipt, SettledEvent, WorkItem, dedupe_key
from core.ids import Entity, EntityKind, EventId, InstallId, StoreId, WorkerId
from tests.servers import Database

STORE, OTHER_STORE = StoreId(100), StoreId(200)
INSTALLS = {STORE: InstallId(1001), OTHER_STORE: InstallId(2001)}


def order(number: int | str) -> Entity:
    return Entity(EntityKind.ORDER, str(number))


@dataclass
class Shop:
    """Everything the ledger offers, and `owner` for what no process may do."""

    pool: Pool
    inbox: PostgresInbox
    owner: psycopg.Connection[TupleRow]

    def __post_init__(self) -> None:
        self.events = PostgresEventLedger(self.pool)
        self.runs = PostgresRunLedger(self.pool)
        self.workers = PostgresWorkers(self.pool)
        self.maintenance = PostgresMaintenance(self.pool)
        self.reader = PostgresLedgerReader(self.pool)
        self.desk = PostgresDesk(self.pool)
        self._numbers = count(1)

    def delivery(self, entity: Entity | None = None, store_id: StoreId = STORE, body: bytes | None = None) -> Delivery:
        body = body if body is not None else b'{"n": %d}' % next(self._numbers)
        install_id = INSTALLS[store_id]
        return Delivery(
            event_id=EventId(uuid7()),
            store_id=store_id,
            install_id=install_id,
            topic="order.create",
            body=body,
            received_at=datetime.now(UTC),
            dedupe_key=dedupe_key(store_id, install_id, "order.create", body),
            keep_for=timedelta(days=3),
            entity=entity or order(1),
        )

    async def deliver(self, *entities: Entity, store_id: StoreId = STORE) -> list[EventId]:
        """Accepted one after the other."""
        ids = []
        for entity in entities:
            delivery = self.delivery(entity, store_id)
            assert await self.inbox.accept(delivery) is Receipt.ACCEPTED
            ids.append(delivery.event_id)
        return ids

    async def deliver_many(self, deliveries: Sequence[Delivery]) -> list[Receipt]:
        return list(await asyncio.gather(*map(self.inbox.accept, deliveries)))

    async def open_runs(self, entity: Entity, *handlers: str) -> list[WorkItem]:
        """A new event of the entity, through the mirror, with a run for each handler."""
        [event_id] = await self.deliver(entity)
        async with self.events.open_batch([event_id], limit=1) as batch:
            return list(await batch.commit(BatchResult([SettledEvent(event_id, handlers)])))

    async def claim(self, items: Sequence[WorkItem], worker: WorkerId) -> list[ClaimedRun]:
        return list(await self.runs.claim([int(item.id) for item in items], worker))

    async def state(self, event_id: EventId) -> EventState:
        detail = await self.reader.event(event_id)
        assert detail is not None
        return detail.summary.state

    async def value(self, sql: str, *args: object) -> object:
        async with acquire(self.pool) as connection:
            return await connection.fetchval(sql, *args)

    async def assert_balanced(self) -> None:
        assert (await self.reader.books()).balanced
        assert not await self.reader.differences()

    def end_install(self, store_id: StoreId = STORE) -> None:
        self.owner.execute("UPDATE stores SET state = 'uninstalled' WHERE store_id = %s", [store_id])

    def expire_lease(self, worker: WorkerId) -> None:
        self.owner.execute("UPDATE workers SET lease_until = now() - interval '1 s' WHERE worker_id = %s", [worker])

    def insert_late(self, connection: psycopg.Connection[TupleRow], seq: int, entity: Entity) -> EventId:
        """What an ingest transaction leaves that took its number early and commits late."""
        delivery = self.delivery(entity)
        connection.execute(
            """
            INSERT INTO events (event_id, seq, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
                                state, received_at, size, body)
            OVERRIDING SYSTEM VALUE
            SELECT %s, %s, store_id, install_id, origin, topic, entity_kind, entity_id, lane,
                   'queued', received_at, size, body
            FROM events WHERE entity_id = %s AND body IS NOT NULL LIMIT 1
            """,
            [delivery.event_id, seq, entity.id],
        )
        connection.execute(
            "INSERT INTO dedupe VALUES (%s, %s, %s, 'zid', now() + interval '1 day')",
            [delivery.dedupe_key, delivery.event_id, STORE],
        )
        connection.execute("INSERT INTO intake (store_id, origin, accepted) VALUES (%s, 'zid', 1)", [STORE])
        return delivery.event_id


@asynccontextmanager
async def opened(database: Database, *, patience: float = 5.0) -> AsyncIterator[Shop]:
    with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
        _refuse_illegal_moves(owner)
        for store_id, install_id in INSTALLS.items():
            owner.execute(
                "INSERT INTO stores (store_id, title, install_id, epoch, state) VALUES (%s, 'x', %s, 1, 'active')",
                [store_id, install_id],
            )
        async with await open_pool(database.dsn, max_size=20) as pool:
            shop = Shop(pool, PostgresInbox(pool, patience=patience), owner)
            try:
                yield shop
            finally:
                await shop.inbox.aclose()


def _refuse_illegal_moves(owner: psycopg.Connection[TupleRow]) -> None:
    """By the core's table of moves; a statement may go two moves at once (queued, running, done)."""
    steps = {(here, there) for here, targets in MOVES.items() for there in targets}
    steps |= {(here, last) for here, there in steps for middle, last in steps if there == middle}
    allowed = ", ".join(f"('{here}', '{there}')" for here, there in sorted(steps))
    owner.execute(
        f"""
        CREATE FUNCTION refuse_illegal_move() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN ({allowed}) THEN
                RAISE EXCEPTION 'illegal move of % from % to %', TG_TABLE_NAME, OLD.state, NEW.state;
            END IF;
            RETURN NEW;
        END $$
        """.encode()
    )
    for table in ("events", "runs"):
        statement = f"CREATE TRIGGER t BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_illegal_move()"
        owner.execute(statement.encode())


async def eventually(condition: Callable[[], Awaitable[bool]], *, seconds: float = 10) -> None:
    """Waits for something observable; fails after `seconds`."""
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.005)


def dead(delivery: Delivery, reason: str) -> Delivery:
    return replace(delivery, state=EventState.DEAD, entity=None, reason=reason)
