"""The HTTP application over memory adapters, with a Zid that follows a script."""

from datetime import timedelta
from ipaddress import ip_network
from itertools import count

from aiohttp import web

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.api_keys import MemoryKeyBook
from adapters.memory.app_events import MemoryStoreSubscriptions
from adapters.memory.audience import MemoryAudience
from adapters.memory.audit_trail import MemoryAuditLog, MemoryAuditTrail
from adapters.memory.backfills import MemoryBackfills
from adapters.memory.bulletins import MemoryBulletins
from adapters.memory.cache import MemoryCache
from adapters.memory.customer_records import MemoryCustomerRecords
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.desk import MemoryDesk
from adapters.memory.erasing import MemoryErasureLog, MemoryErasures
from adapters.memory.event_search import MemoryEventSearch
from adapters.memory.gap_notes import MemoryGapNotes
from adapters.memory.gaps import MemoryGaps
from adapters.memory.guards import MemoryStateStore
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.inbox import MemoryInbox
from adapters.memory.installations import MemoryInstallations
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.mirrored import MemoryCarts, MemoryCategories, MemoryCustomers, MemoryOrders, MemoryProducts
from adapters.memory.reconciliations import MemoryReconciliations
from adapters.memory.redrives import MemoryRedrives
from adapters.memory.refresh_book import MemoryRefreshBook
from adapters.memory.rejections import MemoryRejections
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.segments import MemorySegments
from adapters.memory.sign_in_guards import MemoryGuessLimit, MemorySessions
from adapters.memory.stock_ledger import MemoryStockLedger
from adapters.memory.store_directory import MemoryStoreDirectory
from adapters.memory.store_life import MemoryStoreLife
from adapters.memory.system import ManualClock, SeededChance, SequentialIds
from adapters.memory.token_trials import MemoryTokenTrials
from adapters.memory.token_vault import MemoryTokenStatuses, MemoryTokenVault
from adapters.memory.webhook_checks import MemoryWebhookChecks
from adapters.memory.work_index import RecordingAnnouncer
from adapters.memory.workers import MemoryWorkers
from adapters.memory.zid_gateway import ScriptedExchange, ScriptedGateway, ScriptedProbe
from adapters.process.local_rate import LocalRateLimiter
from config.in_force import ShownSetting
from core.domain.audit import AuditEntry
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks, Subscription
from core.domain.rate import Allowance
from core.domain.return_urls import NOWHERE_ELSE
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens
from core.features.api_keys import KnowCallers
from core.features.event_handlers import Handlers
from core.features.log_rejections import LogRejections
from core.features.note_gaps import NoteGaps
from core.ids import StoreId, WorkerId
from core.ports.api_keys import ApiKeys, KeyBook
from core.ports.audit_trail import AuditLog, AuditTrail
from core.ports.backfills import Backfills
from core.ports.cache import Cache
from core.ports.customer_records import CustomerRecords
from core.ports.dead_letters import DeadLetters
from core.ports.event_ledger import Inbox
from core.ports.event_search import EventSearch
from core.ports.gaps import Gaps
from core.ports.guards import StateStore
from core.ports.idempotency_keys import IdempotencyKeys
from core.ports.installations import Installations, RefreshBook, TokenVault
from core.ports.ledger_reading import Desk, LedgerReader
from core.ports.redrives import Redrives
from core.ports.rejections import Rejections
from core.ports.segments import Audience, Segments
from core.ports.token_status import TokenStatuses
from entrypoints.http.app import create_app
from entrypoints.http.health_services import Check, Network
from entrypoints.http.services import Doors, HttpServices, Mirror, StoreSights
from tests.integration.routes.services import services
from tests.patient import Patient

ADMIN_KEY = "wasl_" + "k" * 43
KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}
STORE = StoreId(1001)


class ZidWebhooks:
    """A store's subscriptions at Zid: what is created is listed."""

    def __init__(self, gateway: ScriptedGateway) -> None:
        self.present: list[Subscription] = []
        self._numbers = count(1)
        gateway.on(ListWebhooks, lambda _: list(self.present))
        gateway.on(CreateWebhook, self._create)
        gateway.on(DeleteWebhooks, self._delete)

    def _create(self, asked: object) -> Subscription:
        assert isinstance(asked, CreateWebhook)
        made = Subscription(
            f"webhook-{next(self._numbers)}", asked.event, asked.target_url, asked.original_id, True, "healthy"
        )
        self.present.append(made)
        return made

    def _delete(self, asked: object) -> None:
        assert isinstance(asked, DeleteWebhooks)
        self.present = [found for found in self.present if found.original_id != asked.original_id]


def tokens(clock: ManualClock, mark: str = "1") -> Tokens:
    return Tokens(
        Secret(f"authorization-{mark}"),
        Secret(f"manager-{mark}"),
        Secret(f"refresh-{mark}"),
        clock.now() + timedelta(days=365),
    )


class World:
    """Everything a test sets up and looks at. `url` is what PUBLIC_URL would be."""

    def __init__(self, url: str = "http://127.0.0.1:8000", webhook_max_bytes: int = 4096) -> None:
        self.url = url
        self.webhook_max_bytes = webhook_max_bytes
        self.clock = ManualClock()
        self.ids = SequentialIds()
        self.chance = SeededChance()
        self.metrics = RecordingMetrics()
        self.database = MemoryDatabase(self.clock)
        self.board = MemoryBulletins()
        self.announced = RecordingAnnouncer()
        self.gateway = ScriptedGateway()
        self.limiter = LocalRateLimiter(self.clock, Allowance())
        self.webhooks = ZidWebhooks(self.gateway)
        self.exchange = ScriptedExchange()
        self.probe = ScriptedProbe({"user": {"store": {"id": STORE, "title": "متجر الورد", "uuid": "u-1"}}})
        self.sealer = ReversibleSealer()
        self.installations: Installations = MemoryInstallations(self.database, self.sealer)
        self.vault: TokenVault = MemoryTokenVault(self.database, self.sealer)
        self.token_statuses: TokenStatuses = MemoryTokenStatuses(self.database)
        self.book: RefreshBook = MemoryRefreshBook(self.database)
        self.inbox: Inbox = MemoryInbox(self.database)
        self.gaps: Gaps = MemoryGaps(self.database)
        self.rejections: Rejections = MemoryRejections()
        self.rejected = LogRejections(rejections=self.rejections, clock=self.clock)
        self.note_gaps = NoteGaps(gaps=self.gaps, notes=MemoryGapNotes({}), clock=self.clock)
        self.reader: LedgerReader = MemoryLedgerReader(self.database)
        self.search: EventSearch = MemoryEventSearch(self.database)
        self.sights = StoreSights(MemoryStoreDirectory(self.database), MemoryStoreLife(self.database))
        self.desk: Desk = MemoryDesk(self.database)
        self.letters: DeadLetters = MemoryDeadLetters(self.database, "1.2.3")
        self.redrives: Redrives = MemoryRedrives(self.database, "1.2.3")
        self.states: StateStore = MemoryStateStore(self.clock)
        self.checks: dict[str, Check] = {}
        self.metrics_allow = (ip_network("127.0.0.0/8"),)
        self.trusted_proxies: tuple[Network, ...] = ()
        self.doors = Doors()
        self.app_id: str | None = None
        self.return_urls = NOWHERE_ELSE
        self.trials = MemoryTokenTrials()
        self.install_checks: dict[str, Check] = {}
        self.session_keys: tuple[Secret, ...] = (Secret("session-key-of-the-tests"),)
        self.trail: AuditTrail = MemoryAuditTrail(self.database)
        self.audit: AuditLog = MemoryAuditLog(self.database)
        self.alerts = MemoryAlerts(self.database)
        self.key_book: KeyBook = MemoryKeyBook(self.database)
        self.sessions = MemorySessions(self.clock)
        self.guesses = MemoryGuessLimit(self.clock)
        self.api_keys: ApiKeys = KnowCallers(
            book=self.key_book, configured=(Secret(ADMIN_KEY), Secret("wasl_second")), clock=self.clock
        )
        self.idempotency: IdempotencyKeys = MemoryIdempotencyKeys(self.database)
        self.mirror = Mirror(
            MemoryOrders(self.database),
            MemoryProducts(self.database),
            MemoryCustomers(self.database),
            MemoryCategories(self.database),
            MemoryCarts(self.database),
            MemoryStockLedger(self.database),
        )
        self.records: CustomerRecords = MemoryCustomerRecords(self.database)
        self.segments: Segments = MemorySegments(self.database)
        self.audience: Audience = MemoryAudience(self.database)
        self.backfills: Backfills = MemoryBackfills(self.database)
        self.reconciliations = MemoryReconciliations(self.database)
        self.store_subscriptions = MemoryStoreSubscriptions(self.database)
        self.webhook_checks = MemoryWebhookChecks(self.database)
        self.cache: Cache = MemoryCache(self.clock)
        self.erasures = MemoryErasures(self.database)
        self.erasure_log = MemoryErasureLog()
        self.patient = Patient(memory=self.database, clock=self.clock)
        self.handlers = Handlers()
        self.configuration: list[ShownSetting] = []
        self.worker: WorkerId | None = None

    async def start(self) -> None:
        """A lease of this process's own, that outlasts the test."""
        self.worker = await MemoryWorkers(self.database).join("http")
        self.database.workers[self.worker] = self.clock.now() + timedelta(days=3650)

    def services(self) -> HttpServices:
        return services(self)

    def app(self) -> web.Application:
        return create_app(self.services())

    def worker_id(self) -> WorkerId:
        assert self.worker is not None
        return self.worker

    async def installed(self, store_id: StoreId = STORE, title: str = "متجر الورد") -> Install:
        install_id = self.ids.install_id()
        return await self.installations.activate(
            StoreIdentity(store_id, f"uuid-{store_id}", title, f"https://{store_id}.zid.store", "SAR"),
            install_id,
            tokens(self.clock),
            refresh_at=self.clock.now() + timedelta(days=290),
            audit=AuditEntry("install.activated", store_id, install_id),
        )
