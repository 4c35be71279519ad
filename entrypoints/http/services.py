"""Everything the routes work with, as one value given to `create_app`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from config.in_force import ShownSetting
from core.domain.breaker import BreakerState
from core.domain.doors import Door
from core.domain.rate import HeldBack
from core.domain.secret import Secret
from core.features.api_keys import KeepApiKeys
from core.features.backfill import AskForBackfill
from core.features.check_tokens import CheckTokens
from core.features.check_webhooks import CheckWebhooks
from core.features.console_sign_in import ConsoleSignIn
from core.features.dead_letters import DecideDeadLetters
from core.features.embedded_sessions import EmbeddedVisits
from core.features.erase_data import EraseData
from core.features.event_handlers import Handlers
from core.features.examine import Examine
from core.features.handle_app_events import HandleAppEvents
from core.features.ingest_webhook import IngestWebhook
from core.features.install_store import InstallStore
from core.features.key_status import KeyStatus
from core.features.log_rejections import LogRejections
from core.features.pause_store import PauseStore
from core.features.reconcile_requests import AskForReconciliation
from core.features.refresh_tokens import RefreshTokens
from core.features.uninstall_store import UninstallStore
from core.ids import WorkerId
from core.ports.alerts import Alerts
from core.ports.api_keys import ApiKeys, KeyBook
from core.ports.app_events import StoreSubscriptions
from core.ports.audit_seals import AuditSeals
from core.ports.audit_trail import AuditLog, AuditTrail
from core.ports.bulletins import Bulletins
from core.ports.cache import Cache
from core.ports.customer_records import CustomerRecords
from core.ports.doors import DoorKeeper
from core.ports.erasing import Erasures, PersonalData
from core.ports.event_search import EventSearch
from core.ports.idempotency_keys import IdempotencyKeys
from core.ports.installations import Installations
from core.ports.ledger_reading import Desk, LedgerReader
from core.ports.metrics import Metrics
from core.ports.mirror_reading import (
    MirroredCarts,
    MirroredCategories,
    MirroredCustomers,
    MirroredOrders,
    MirroredProducts,
)
from core.ports.rejections import Rejections
from core.ports.segments import Audience, Segments
from core.ports.standing_work import StandingWork
from core.ports.stock_ledger import StockLedger
from core.ports.store_directory import StoreDirectory
from core.ports.store_life import StoreLife
from core.ports.system import Clock, Ids
from core.ports.token_status import TokenStatuses
from core.ports.webhook_checks import WebhookChecks
from core.ports.work_index import Announcer
from core.ports.zid_gateway import ZidGateway
from entrypoints.http.health_services import HealthServices


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """What the routes need of the configuration.

    `app_events_secrets` and `session_keys` are rings: any member is
    accepted, the first session key signs, so there has to be one; an empty ring of
    the others accepts nothing. `app_id` None takes app events of any app.
    """

    public_url: str
    version: str
    app_events_secrets: tuple[Secret, ...]
    session_keys: tuple[Secret, ...]
    webhook_max_bytes: int
    app_id: str | None = None
    frames: tuple[str, ...] = ()
    """The origins whose pages may show the embedded app."""
    handler_modules: tuple[str, ...] = ()
    """Where the app's handlers are, for files that call them."""

    @property
    def secure(self) -> bool:
        """Whether browsers reach this installation by https."""
        return self.public_url.startswith("https://")


@dataclass(frozen=True, slots=True)
class Doors:
    """How the ways in are kept.

    `hosts` are the names the service is asked by; none means any. `limits` are visits a minute and visitor, counted
    by the keeper; a door without one is not counted. `largest_body` is for what is no webhook.
    """

    keeper: DoorKeeper | None = None
    limits: Mapping[Door, int] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()
    force_https: bool = False
    largest_body: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mirror:
    """What was last seen of each kind of entity."""

    orders: MirroredOrders
    products: MirroredProducts
    customers: MirroredCustomers
    categories: MirroredCategories
    carts: MirroredCarts
    stock: StockLedger


@dataclass(frozen=True, slots=True)
class Customers:
    """What we keep of customers beside their mirror: consents and tags, segments, and who belongs to them."""

    records: CustomerRecords
    segments: Segments
    audience: Audience


@dataclass(frozen=True, slots=True)
class Keys:
    """API keys: whose they are, the book of those that were made, making and ending them; people signed in by one."""

    callers: ApiKeys
    book: KeyBook
    keeping: KeepApiKeys
    console: ConsoleSignIn


@dataclass(frozen=True, slots=True)
class Erasing:
    """Forgetting stores and people: asked for and carried out, the book of it, and what is held about a person."""

    erase: EraseData
    book: Erasures
    people: PersonalData


@dataclass(frozen=True, slots=True)
class StoreSights:
    """What people look at of stores: finding one among many, and what happened to it."""

    directory: StoreDirectory
    life: StoreLife


@dataclass(frozen=True, slots=True)
class Inside:
    """What operators see of the service itself: its hazards, keys by id, handlers, settings, and the audit's seals."""

    examine: Examine
    key_status: KeyStatus
    handlers: Handlers
    configuration: Sequence[ShownSetting]
    seals: AuditSeals


async def nobody_held_back() -> Sequence[HeldBack]:
    """Where Zid is not called at all."""
    return ()


@dataclass(frozen=True, slots=True)
class Overlook:
    """What is known of the whole, cheaply: what stands in the ledger, what was posted, which breakers are open here,
    and which stores have less than their allowance since Zid refused one of their requests."""

    standing: StandingWork
    board: Bulletins
    breakers: Callable[[], Mapping[str, tuple[BreakerState, int]]] = dict
    held_back: Callable[[], Awaitable[Sequence[HeldBack]]] = nobody_held_back


@dataclass(frozen=True, slots=True)
class HttpServices:
    """The features and ports behind the routes. `worker` tells this process's lease."""

    settings: HttpSettings
    health: HealthServices
    ingest: IngestWebhook
    install: InstallStore
    refresh: RefreshTokens
    uninstall: UninstallStore
    check_tokens: CheckTokens
    app_events: HandleAppEvents
    store_subscriptions: StoreSubscriptions
    installations: Installations
    token_statuses: TokenStatuses
    reader: LedgerReader
    search: EventSearch
    desk: Desk
    dead: DecideDeadLetters
    announcer: Announcer
    keys: Keys
    idempotency: IdempotencyKeys
    gateway: ZidGateway
    trail: AuditTrail
    audit: AuditLog
    alerts: Alerts
    mirror: Mirror
    customers: Customers
    backfill: AskForBackfill
    reconciliation: AskForReconciliation
    pausing: PauseStore
    webhooks: CheckWebhooks
    webhook_checks: WebhookChecks
    cache: Cache
    rejected: LogRejections
    rejections: Rejections
    erasing: Erasing
    stores: StoreSights
    overlook: Overlook
    inside: Inside
    worker: Callable[[], WorkerId]
    embedded: EmbeddedVisits | None = None
    """None where the app is not embedded."""
    doors: Doors = field(default_factory=Doors)

    @property
    def clock(self) -> Clock:
        return self.health.clock

    @property
    def ids(self) -> Ids:
        return self.health.ids

    @property
    def metrics(self) -> Metrics:
        return self.health.metrics


SERVICES: Final = web.AppKey("services", HttpServices)
