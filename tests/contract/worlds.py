"""One database as the adapters see it, and what a test may do to it by hand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Final

from adapters.memory.system import SequentialIds
from core.ids import StoreId
from core.ports.alerts import Alerts
from core.ports.audit_seals import AuditSeals
from core.ports.audit_trail import AuditLog, AuditTrail
from core.ports.backfills import Backfills
from core.ports.bulletins import Bulletins
from core.ports.customer_records import CustomerRecords
from core.ports.dead_letters import DeadLetters
from core.ports.erasing import Erasures, PersonalData, StoreEraser
from core.ports.event_ledger import BulkInbox, EventLedger, Maintenance, RunLedger, Workers
from core.ports.event_search import EventSearch
from core.ports.gaps import Gaps
from core.ports.idempotency_keys import IdempotencyKeys
from core.ports.installations import Installations, RefreshBook, TokenVault
from core.ports.ledger_reading import Desk, LedgerReader
from core.ports.mirror_reading import (
    MirroredCarts,
    MirroredCategories,
    MirroredCustomers,
    MirroredOrders,
    MirroredProducts,
)
from core.ports.pauses import Pauses
from core.ports.process_rings import ProcessRings
from core.ports.pruning import Pruning
from core.ports.reconciliations import Comparison, Reconciliations
from core.ports.redrives import Redrives
from core.ports.refresh_reports import RefreshReports
from core.ports.restoring import TokenDoubts
from core.ports.roster import Roster
from core.ports.sealed_vault import KeyCensus, SealedVault
from core.ports.sealing import Sealer
from core.ports.segments import Audience, Segments
from core.ports.standing_work import StandingWork
from core.ports.stock_ledger import StockLedger
from core.ports.store_directory import StoreDirectory
from core.ports.store_life import StoreLife
from core.ports.system import Ids
from core.ports.token_status import TokenStatuses
from core.ports.traffic_counts import TrafficCounts
from core.ports.webhook_addresses import WebhookAddresses
from core.ports.webhook_checks import WebhookChecks
from tests.contract.hands import Hands

STORE: Final = StoreId(1)
OTHER_STORE: Final = StoreId(2)
EFFECT: Final = "INSERT INTO effects (note) VALUES ($1)"
"""What a handler of these tests does in its unit of work."""


@dataclass
class Shelves:
    """What is read from the mirror, and what we keep beside it."""

    orders: MirroredOrders
    products: MirroredProducts
    customers: MirroredCustomers
    categories: MirroredCategories
    carts: MirroredCarts
    audience: Audience
    segments: Segments
    records: CustomerRecords
    stock: StockLedger


@dataclass
class LedgerWorld:
    """Every adapter of one database. `now` is its time."""

    inbox: BulkInbox
    events: EventLedger
    runs: RunLedger
    workers: Workers
    roster: Roster
    maintenance: Maintenance
    pruning: Pruning
    erasures: Erasures
    eraser: StoreEraser
    people: PersonalData
    reader: LedgerReader
    standing: StandingWork
    bulletins: Bulletins
    traffic: TrafficCounts
    search: EventSearch
    desk: Desk
    letters: DeadLetters
    redrives: Redrives
    installations: Installations
    vault: TokenVault
    statuses: TokenStatuses
    refreshes: RefreshBook
    doubts: TokenDoubts
    alerts: Alerts
    reports: RefreshReports
    trail: AuditTrail
    log: AuditLog
    seals: AuditSeals
    keys: IdempotencyKeys
    shelves: Shelves
    backfills: Backfills
    gaps: Gaps
    reconciliations: Reconciliations
    comparison: Comparison
    webhook_checks: WebhookChecks
    pauses: Pauses
    directory: StoreDirectory
    life: StoreLife
    hands: Hands
    now: Callable[[], datetime]
    foreign_vault: TokenVault
    """The same vault with another key ring."""
    sealed: SealedVault
    census: KeyCensus
    process_rings: ProcessRings
    addresses: WebhookAddresses
    sealer_of: Callable[..., Sealer]
    """A ring by its members' names; the world's own is `first`."""
    vault_of: Callable[[Sealer], TokenVault]
    ids: Ids = field(default_factory=SequentialIds)
    numbers: Iterator[int] = field(default_factory=lambda: count(1000))
    tampered: bool = False
    """Set by tests that unbalance the books on purpose."""
