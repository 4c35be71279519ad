"""The Postgres adapters over one database of a test's own."""

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256

import psycopg

from adapters.postgres.alerts import PostgresAlerts
from adapters.postgres.audience import PostgresAudience
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.audit_seals import PostgresAuditSeals
from adapters.postgres.backfills import PostgresBackfills
from adapters.postgres.bulletins import PostgresBulletins
from adapters.postgres.comparison import PostgresComparison
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.customer_records import PostgresCustomerRecords
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.desk import PostgresDesk
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.event_batches import PostgresEventLedger
from adapters.postgres.event_search import PostgresEventSearch
from adapters.postgres.gaps import PostgresGaps
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.installations import PostgresInstallations
from adapters.postgres.key_census import PostgresKeyCensus
from adapters.postgres.ledger_reading import PostgresLedgerReader
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.mirrored import (
    PostgresCarts,
    PostgresCategories,
    PostgresCustomers,
    PostgresOrders,
    PostgresProducts,
)
from adapters.postgres.pauses import PostgresPauses
from adapters.postgres.personal_data import PostgresPersonalData
from adapters.postgres.process_rings import PostgresProcessRings
from adapters.postgres.pruning import PostgresPruning
from adapters.postgres.reconciliations import PostgresReconciliations
from adapters.postgres.redrives import PostgresRedrives
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.refresh_reports import PostgresRefreshReports
from adapters.postgres.restoring import PostgresTokenDoubts
from adapters.postgres.roster import PostgresRoster
from adapters.postgres.runs import PostgresRunLedger
from adapters.postgres.sealed_vault import PostgresSealedVault
from adapters.postgres.segments import PostgresSegments
from adapters.postgres.standing_work import PostgresStandingWork
from adapters.postgres.stock_ledger import PostgresStockLedger
from adapters.postgres.store_directory import PostgresStoreDirectory
from adapters.postgres.store_erasing import PostgresStoreEraser
from adapters.postgres.store_life import PostgresStoreLife
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.postgres.traffic_counts import PostgresTrafficCounts
from adapters.postgres.webhook_addresses import PostgresWebhookAddresses
from adapters.postgres.webhook_checks import PostgresWebhookChecks
from adapters.postgres.workers import PostgresWorkers
from adapters.sealing.fernet import FernetSealer
from core.domain.secret import Secret
from core.ports.sealing import Sealer
from tests.contract.postgres_hands import PostgresHands
from tests.contract.worlds import LedgerWorld, Shelves
from tests.servers import Database


@asynccontextmanager
async def postgres_world(database: Database) -> AsyncIterator[LedgerWorld]:
    pool = await open_pool(database.dsn, max_size=8)
    sealer, other = _sealer("first"), _sealer("another")
    inbox = PostgresInbox(pool)
    try:
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute("CREATE TABLE effects (note text UNIQUE)")
            yield LedgerWorld(
                inbox=inbox,
                events=PostgresEventLedger(pool),
                runs=PostgresRunLedger(pool),
                workers=PostgresWorkers(pool),
                roster=PostgresRoster(pool),
                maintenance=PostgresMaintenance(pool),
                pruning=PostgresPruning(pool),
                erasures=PostgresErasures(pool),
                eraser=PostgresStoreEraser(pool, batch=2),
                people=PostgresPersonalData(pool, window=2),
                reader=PostgresLedgerReader(pool),
                standing=PostgresStandingWork(pool),
                bulletins=PostgresBulletins(pool),
                traffic=PostgresTrafficCounts(pool),
                search=PostgresEventSearch(pool, look_at=2),
                desk=PostgresDesk(pool),
                letters=PostgresDeadLetters(pool, "1.0"),
                redrives=PostgresRedrives(pool, "1.0"),
                installations=PostgresInstallations(pool, sealer),
                vault=PostgresTokenVault(pool, sealer),
                statuses=PostgresTokenStatuses(pool),
                refreshes=PostgresRefreshBook(pool),
                doubts=PostgresTokenDoubts(pool),
                alerts=PostgresAlerts(pool),
                reports=PostgresRefreshReports(pool),
                trail=PostgresAuditLog(pool),
                log=PostgresAuditLog(pool),
                seals=PostgresAuditSeals(pool),
                keys=PostgresIdempotencyKeys(pool),
                shelves=_shelves(pool),
                backfills=PostgresBackfills(pool),
                gaps=PostgresGaps(pool),
                reconciliations=PostgresReconciliations(pool),
                comparison=PostgresComparison(pool),
                webhook_checks=PostgresWebhookChecks(pool),
                pauses=PostgresPauses(pool),
                directory=PostgresStoreDirectory(pool),
                life=PostgresStoreLife(pool),
                hands=PostgresHands(owner),
                now=lambda: datetime.now(UTC),
                foreign_vault=PostgresTokenVault(pool, other),
                sealed=PostgresSealedVault(pool),
                census=PostgresKeyCensus(pool),
                process_rings=PostgresProcessRings(pool),
                addresses=PostgresWebhookAddresses(pool),
                sealer_of=_sealer,
                vault_of=lambda ring: PostgresTokenVault(pool, ring),
            )
    finally:
        await inbox.aclose()
        await pool.close()


def _sealer(*names: str) -> Sealer:
    """A ring of keys that belong to these names."""
    return FernetSealer(tuple(Secret(urlsafe_b64encode(sha256(name.encode()).digest()).decode()) for name in names))


def _shelves(pool: Pool) -> Shelves:
    return Shelves(
        orders=PostgresOrders(pool),
        products=PostgresProducts(pool),
        customers=PostgresCustomers(pool),
        categories=PostgresCategories(pool),
        carts=PostgresCarts(pool),
        audience=PostgresAudience(pool),
        segments=PostgresSegments(pool),
        records=PostgresCustomerRecords(pool),
        stock=PostgresStockLedger(pool),
    )
