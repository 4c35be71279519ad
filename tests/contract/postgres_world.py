"""The Postgres adapters over one database of a test's own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from cryptography.fernet import Fernet

from adapters.postgres.audience import PostgresAudience
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.audit_seals import PostgresAuditSeals
from adapters.postgres.backfills import PostgresBackfills
from adapters.postgres.comparison import PostgresComparison
from adapters.postgres.connection import Pool, open_pool
from adapters.postgres.customer_records import PostgresCustomerRecords
from adapters.postgres.dead_letters import PostgresDeadLetters
from adapters.postgres.desk import PostgresDesk
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.event_batches import PostgresEventLedger
from adapters.postgres.gaps import PostgresGaps
from adapters.postgres.idempotency_keys import PostgresIdempotencyKeys
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.installations import PostgresInstallations
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
from adapters.postgres.pruning import PostgresPruning
from adapters.postgres.reconciliations import PostgresReconciliations
from adapters.postgres.redrives import PostgresRedrives
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.restoring import PostgresTokenDoubts
from adapters.postgres.runs import PostgresRunLedger
from adapters.postgres.segments import PostgresSegments
from adapters.postgres.stock_ledger import PostgresStockLedger
from adapters.postgres.store_erasing import PostgresStoreEraser
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.postgres.webhook_checks import PostgresWebhookChecks
from adapters.postgres.workers import PostgresWorkers
from adapters.sealing.fernet import FernetSealer
from core.domain.secret import Secret
from core.ids import EventId, InstallId, WorkerId
from core.ports.sealing import Sealer
from tests.contract.worlds import Hands, LedgerWorld, Shelves
from tests.servers import Database


@asynccontextmanager
async def postgres_world(database: Database) -> AsyncIterator[LedgerWorld]:
    pool = await open_pool(database.dsn, max_size=8)
    sealer, other = _sealer(), _sealer()
    inbox = PostgresInbox(pool)
    try:
        with psycopg.connect(database.owner_dsn, autocommit=True) as owner:
            owner.execute("CREATE TABLE effects (note text UNIQUE)")
            yield LedgerWorld(
                inbox=inbox,
                events=PostgresEventLedger(pool),
                runs=PostgresRunLedger(pool),
                workers=PostgresWorkers(pool),
                maintenance=PostgresMaintenance(pool),
                pruning=PostgresPruning(pool),
                erasures=PostgresErasures(pool),
                eraser=PostgresStoreEraser(pool, batch=2),
                people=PostgresPersonalData(pool, window=2),
                reader=PostgresLedgerReader(pool),
                desk=PostgresDesk(pool),
                letters=PostgresDeadLetters(pool, "1.0"),
                redrives=PostgresRedrives(pool, "1.0"),
                installations=PostgresInstallations(pool, sealer),
                vault=PostgresTokenVault(pool, sealer),
                statuses=PostgresTokenStatuses(pool),
                refreshes=PostgresRefreshBook(pool),
                doubts=PostgresTokenDoubts(pool),
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
                hands=_postgres_hands(owner),
                now=lambda: datetime.now(UTC),
                foreign_vault=PostgresTokenVault(pool, other),
            )
    finally:
        await inbox.aclose()
        await pool.close()


def _sealer() -> Sealer:
    return FernetSealer((Secret(Fernet.generate_key().decode()),))


def _postgres_hands(owner: psycopg.Connection[tuple[object, ...]]) -> Hands:
    async def expire_lease(worker: WorkerId) -> None:
        owner.execute("UPDATE workers SET lease_until = now() - interval '1 second' WHERE worker_id = %s", [worker])

    async def expire_dedupe() -> None:
        owner.execute("UPDATE dedupe SET expires_at = now() - interval '1 second'")

    async def expire_idempotency() -> None:
        owner.execute("UPDATE idempotency_keys SET expires_at = now() - interval '1 second'")

    async def remove_event(event_id: EventId) -> None:
        owner.execute("DELETE FROM events WHERE event_id = %s", [event_id])

    async def forget_intake(event_id: EventId) -> None:
        owner.execute(
            "WITH gone AS (DELETE FROM dedupe WHERE event_id = %s RETURNING store_id, origin) "
            "INSERT INTO intake (store_id, origin, accepted) SELECT store_id, origin, -1 FROM gone",
            [event_id],
        )

    async def swap_tokens(left: InstallId, right: InstallId) -> None:
        """Sealed tokens and data key of each under the other's name, as a careless restore would leave them."""
        for table, columns in (("tokens", "sealed, generation"), ("data_keys", "key_id, wrapped")):
            names = [name.strip() for name in columns.split(",")]
            moved = ", ".join(f"{name} = other.{name}" for name in names)
            owner.execute(
                f"UPDATE {table} t SET {moved} FROM {table} other "
                "WHERE (t.install_id, other.install_id) IN ((%(l)s, %(r)s), (%(r)s, %(l)s))",
                {"l": left, "r": right},
            )

    async def effects() -> list[str]:
        return [str(row[0]) for row in owner.execute("SELECT note FROM effects ORDER BY note")]

    async def make_backfills_due() -> None:
        owner.execute("UPDATE backfills SET due_at = now() - interval '1 second'")

    async def age(event_id: EventId, by: timedelta) -> None:
        owner.execute(
            "UPDATE events SET received_at = received_at - %(by)s, settled_at = settled_at - %(by)s "
            "WHERE event_id = %(id)s",
            {"id": event_id, "by": by},
        )
        owner.execute("UPDATE dedupe SET expires_at = expires_at - %s WHERE event_id = %s", [by, event_id])

    async def let_time_pass(by: timedelta) -> None:
        for table, columns in (
            ("installs", ["installed_at"]),
            ("gaps", ["opened_at"]),
            ("reconciliations", ["requested_at", "due_at", "started_at", "finished_at"]),
            ("webhook_checks", ["due_at", "checked_at", "complete_at"]),
        ):
            moved = ", ".join(f"{column} = {column} - %(by)s" for column in columns)
            owner.execute(f"UPDATE {table} SET {moved}", {"by": by})

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
