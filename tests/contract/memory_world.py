"""The memory adapters over one value."""

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.audience import MemoryAudience
from adapters.memory.audit_trail import MemoryAuditLog, MemoryAuditSeals, MemoryAuditTrail
from adapters.memory.backfills import MemoryBackfills
from adapters.memory.bulletins import MemoryBulletins
from adapters.memory.customer_records import MemoryCustomerRecords
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.desk import MemoryDesk
from adapters.memory.erasing import MemoryErasures, MemoryPersonalData, MemoryStoreEraser
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.event_search import MemoryEventSearch
from adapters.memory.gaps import MemoryGaps
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.inbox import MemoryInbox
from adapters.memory.installations import MemoryInstallations
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.maintenance import MemoryMaintenance
from adapters.memory.mirrored import MemoryCarts, MemoryCategories, MemoryCustomers, MemoryOrders, MemoryProducts
from adapters.memory.pauses import MemoryPauses
from adapters.memory.process_rings import MemoryProcessRings
from adapters.memory.pruning import MemoryPruning
from adapters.memory.reconciliations import MemoryComparison, MemoryReconciliations
from adapters.memory.redrives import MemoryRedrives
from adapters.memory.refresh_book import MemoryRefreshBook
from adapters.memory.refresh_reports import MemoryRefreshReports
from adapters.memory.restoring import MemoryTokenDoubts
from adapters.memory.roster import MemoryRoster
from adapters.memory.runs import MemoryRunLedger
from adapters.memory.sealed_vault import MemoryKeyCensus, MemorySealedVault
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.segments import MemorySegments
from adapters.memory.standing_work import MemoryStandingWork
from adapters.memory.stock_ledger import MemoryStockLedger
from adapters.memory.store_directory import MemoryStoreDirectory
from adapters.memory.store_life import MemoryStoreLife
from adapters.memory.token_vault import MemoryTokenStatuses, MemoryTokenVault
from adapters.memory.traffic_counts import MemoryTrafficCounts
from adapters.memory.webhook_addresses import MemoryWebhookAddresses
from adapters.memory.webhook_checks import MemoryWebhookChecks
from adapters.memory.workers import MemoryWorkers
from tests.contract.memory_hands import MemoryHands
from tests.contract.worlds import LedgerWorld, Shelves


def memory_world(database: MemoryDatabase | None = None) -> LedgerWorld:
    database, sealer = database or MemoryDatabase(), ReversibleSealer(("first",))
    return LedgerWorld(
        inbox=MemoryInbox(database),
        events=MemoryEventLedger(database),
        runs=MemoryRunLedger(database),
        workers=MemoryWorkers(database),
        roster=MemoryRoster(database),
        maintenance=MemoryMaintenance(database),
        pruning=MemoryPruning(database),
        erasures=MemoryErasures(database),
        eraser=MemoryStoreEraser(database),
        people=MemoryPersonalData(database),
        reader=MemoryLedgerReader(database),
        standing=MemoryStandingWork(database),
        bulletins=MemoryBulletins(),
        traffic=MemoryTrafficCounts(database),
        search=MemoryEventSearch(database),
        desk=MemoryDesk(database),
        letters=MemoryDeadLetters(database, "1.0"),
        redrives=MemoryRedrives(database, "1.0"),
        installations=MemoryInstallations(database, sealer),
        vault=MemoryTokenVault(database, sealer),
        statuses=MemoryTokenStatuses(database),
        refreshes=MemoryRefreshBook(database),
        doubts=MemoryTokenDoubts(database),
        alerts=MemoryAlerts(database),
        reports=MemoryRefreshReports(database),
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
        directory=MemoryStoreDirectory(database),
        life=MemoryStoreLife(database),
        hands=MemoryHands(database),
        now=database.now,
        foreign_vault=MemoryTokenVault(database, ReversibleSealer(("another",))),
        sealed=MemorySealedVault(database),
        census=MemoryKeyCensus(database),
        process_rings=MemoryProcessRings(database),
        addresses=MemoryWebhookAddresses(database),
        sealer_of=lambda *names: ReversibleSealer(names),
        vault_of=lambda ring: MemoryTokenVault(database, ring),
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
