"""The memory adapters over one value."""

from datetime import timedelta

from adapters.memory.audience import MemoryAudience
from adapters.memory.audit_trail import MemoryAuditLog, MemoryAuditSeals, MemoryAuditTrail
from adapters.memory.backfills import MemoryBackfills
from adapters.memory.customer_records import MemoryCustomerRecords
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.desk import MemoryDesk
from adapters.memory.erasing import MemoryErasures, MemoryPersonalData, MemoryStoreEraser
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.gaps import MemoryGaps
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.inbox import MemoryInbox
from adapters.memory.installations import MemoryInstallations
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.maintenance import MemoryMaintenance
from adapters.memory.mirrored import MemoryCarts, MemoryCategories, MemoryCustomers, MemoryOrders, MemoryProducts
from adapters.memory.pauses import MemoryPauses
from adapters.memory.pruning import MemoryPruning
from adapters.memory.reconciliations import MemoryComparison, MemoryReconciliations
from adapters.memory.redrives import MemoryRedrives
from adapters.memory.refresh_book import MemoryRefreshBook
from adapters.memory.restoring import MemoryTokenDoubts
from adapters.memory.rows import IntakeRow
from adapters.memory.runs import MemoryRunLedger
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.segments import MemorySegments
from adapters.memory.stock_ledger import MemoryStockLedger
from adapters.memory.system import ManualClock
from adapters.memory.token_vault import MemoryTokenStatuses, MemoryTokenVault
from adapters.memory.webhook_checks import MemoryWebhookChecks
from adapters.memory.workers import MemoryWorkers
from core.ids import EventId, InstallId, WorkerId
from tests.contract.worlds import Hands, LedgerWorld, Shelves


def memory_world(database: MemoryDatabase | None = None) -> LedgerWorld:
    database, sealer = database or MemoryDatabase(), ReversibleSealer()
    return LedgerWorld(
        inbox=MemoryInbox(database),
        events=MemoryEventLedger(database),
        runs=MemoryRunLedger(database),
        workers=MemoryWorkers(database),
        maintenance=MemoryMaintenance(database),
        pruning=MemoryPruning(database),
        erasures=MemoryErasures(database),
        eraser=MemoryStoreEraser(database),
        people=MemoryPersonalData(database),
        reader=MemoryLedgerReader(database),
        desk=MemoryDesk(database),
        letters=MemoryDeadLetters(database, "1.0"),
        redrives=MemoryRedrives(database, "1.0"),
        installations=MemoryInstallations(database, sealer),
        vault=MemoryTokenVault(database, sealer),
        statuses=MemoryTokenStatuses(database),
        refreshes=MemoryRefreshBook(database),
        doubts=MemoryTokenDoubts(database),
        trail=MemoryAuditTrail(database),
        log=MemoryAuditLog(database),
        seals=MemoryAuditSeals(database),
        keys=MemoryIdempotencyKeys(database),
        shelves=_shelves(database),
        backfills=MemoryBackfills(database),
        gaps=MemoryGaps(database),
        reconciliations=MemoryReconciliations(database),
        comparison=MemoryComparison(database),
        webhook_checks=MemoryWebhookChecks(database),
        pauses=MemoryPauses(database),
        hands=_memory_hands(database),
        now=database.now,
        foreign_vault=MemoryTokenVault(database, ReversibleSealer(("another",))),
    )


def _memory_hands(database: MemoryDatabase) -> Hands:
    async def expire_lease(worker: WorkerId) -> None:
        database.workers[worker] = database.now()

    async def expire_dedupe() -> None:
        for key, row in list(database.dedupe.items()):
            database.dedupe[key] = type(row)(row.event_id, row.store_id, row.origin, database.now())

    async def expire_idempotency() -> None:
        for row in database.idempotency.values():
            row.expires_at = database.now()

    async def remove_event(event_id: EventId) -> None:
        del database.events[event_id]

    async def forget_intake(event_id: EventId) -> None:
        [(key, row)] = [(key, row) for key, row in database.dedupe.items() if row.event_id == event_id]
        del database.dedupe[key]
        database.intake.append(IntakeRow(row.store_id, row.origin, accepted=-1))

    async def swap_tokens(left: InstallId, right: InstallId) -> None:
        rows, keys = database.tokens, database.data_keys
        rows[left], rows[right] = rows[right], rows[left]
        keys[left], keys[right] = keys[right], keys[left]

    async def effects() -> list[str]:
        return [str(args[0]) for _, args in database.effects]

    async def make_backfills_due() -> None:
        for row in database.backfills.values():
            row.due_at = database.now()

    async def age(event_id: EventId, by: timedelta) -> None:
        event = database.events[event_id]
        event.received_at -= by
        event.settled_at = event.settled_at - by if event.settled_at else None
        for key, row in list(database.dedupe.items()):
            if row.event_id == event_id:
                database.dedupe[key] = type(row)(row.event_id, row.store_id, row.origin, row.expires_at - by)

    async def let_time_pass(by: timedelta) -> None:
        assert isinstance(database.clock, ManualClock)
        database.clock.advance(by.total_seconds())
        for worker in database.workers:
            database.workers[worker] += by

    return Hands(
        expire_lease,
        expire_dedupe,
        expire_idempotency,
        remove_event,
        forget_intake,
        swap_tokens,
        effects,
        make_backfills_due,
        let_time_pass,
        age,
    )


def _shelves(database: MemoryDatabase) -> Shelves:
    return Shelves(
        orders=MemoryOrders(database),
        products=MemoryProducts(database),
        customers=MemoryCustomers(database),
        categories=MemoryCategories(database),
        carts=MemoryCarts(database),
        audience=MemoryAudience(database),
        segments=MemorySegments(database),
        records=MemoryCustomerRecords(database),
        stock=MemoryStockLedger(database),
    )
