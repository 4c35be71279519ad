"""The HTTP application over memory adapters, with a Zid that follows a script."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network
from itertools import count

from aiohttp import encode_basic_auth, web
from orjson import dumps, loads

from adapters.memory.alerts import MemoryAlerts
from adapters.memory.api_keys import MemoryKeyBook
from adapters.memory.app_events import MemoryAppEventBook, MemoryStoreSubscriptions
from adapters.memory.audience import MemoryAudience
from adapters.memory.audit_trail import MemoryAuditLog, MemoryAuditSeals, MemoryAuditTrail
from adapters.memory.backfills import MemoryBackfills
from adapters.memory.bulletins import MemoryBulletins
from adapters.memory.cache import MemoryCache
from adapters.memory.customer_records import MemoryCustomerRecords
from adapters.memory.database import MemoryDatabase
from adapters.memory.dead_letters import MemoryDeadLetters
from adapters.memory.desk import MemoryDesk
from adapters.memory.erasing import MemoryErasureLog, MemoryErasures, MemoryPersonalData, MemoryStoreEraser
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.event_search import MemoryEventSearch
from adapters.memory.gap_notes import MemoryGapNotes
from adapters.memory.gaps import MemoryGaps
from adapters.memory.guards import MemoryLocks, MemoryStateStore
from adapters.memory.idempotency_keys import MemoryIdempotencyKeys
from adapters.memory.inbox import MemoryInbox
from adapters.memory.installations import MemoryInstallations
from adapters.memory.ledger_reading import MemoryLedgerReader
from adapters.memory.metrics import RecordingMetrics
from adapters.memory.mirrored import MemoryCarts, MemoryCategories, MemoryCustomers, MemoryOrders, MemoryProducts
from adapters.memory.pauses import MemoryPauses
from adapters.memory.process_rings import MemoryProcessRings
from adapters.memory.reconciliations import MemoryComparison, MemoryReconciliations
from adapters.memory.redrives import MemoryRedrives
from adapters.memory.refresh_book import MemoryRefreshBook
from adapters.memory.rejections import MemoryRejections
from adapters.memory.sealed_vault import MemoryKeyCensus
from adapters.memory.sealing import ReversibleSealer
from adapters.memory.segments import MemorySegments
from adapters.memory.sign_in_guards import MemoryGuessLimit, MemorySessions
from adapters.memory.standing_work import MemoryStandingWork
from adapters.memory.stock_ledger import MemoryStockLedger
from adapters.memory.store_directory import MemoryStoreDirectory
from adapters.memory.store_life import MemoryStoreLife
from adapters.memory.system import ManualClock, SeededChance, SequentialIds
from adapters.memory.token_trials import MemoryTokenTrials
from adapters.memory.token_vault import MemoryTokenStatuses, MemoryTokenVault
from adapters.memory.webhook_addresses import MemoryWebhookAddresses
from adapters.memory.webhook_checks import MemoryWebhookChecks
from adapters.memory.work_index import RecordingAnnouncer
from adapters.memory.workers import MemoryWorkers
from adapters.memory.zid_gateway import ScriptedExchange, ScriptedGateway, ScriptedProbe
from adapters.prometheus.metrics import CONTENT_TYPE, Rendered
from adapters.system import SystemIds
from config.in_force import ShownSetting
from core.domain.audit import AuditEntry
from core.domain.operations.webhooks import CreateWebhook, DeleteWebhooks, ListWebhooks, Subscription
from core.domain.return_urls import NOWHERE_ELSE
from core.domain.rings import RingName
from core.domain.secret import Secret
from core.domain.stores import Install, StoreIdentity
from core.domain.tokens import Tokens
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.features.api_keys import KeepApiKeys, KnowCallers
from core.features.backfill import AskForBackfill
from core.features.check_tokens import CheckTokens
from core.features.check_webhooks import CheckWebhooks
from core.features.console_sign_in import ConsoleSignIn
from core.features.dead_letters import DecideDeadLetters
from core.features.erase_data import EraseData
from core.features.event_handlers import Handlers
from core.features.examine import Examine
from core.features.handle_app_events import HandleAppEvents
from core.features.ingest_webhook import IngestWebhook
from core.features.install_store import InstallStore, OAuthApp
from core.features.key_status import KeyStatus
from core.features.log_rejections import LogRejections
from core.features.note_gaps import NoteGaps
from core.features.pause_store import PauseStore
from core.features.reconcile_requests import AskForReconciliation, PlanReconciliation, ReconcilePolicy
from core.features.refresh_tokens import RefreshTokens
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget
from core.features.uninstall_store import UninstallStore
from core.ids import InstallId, StoreId, WorkerId
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
from entrypoints.examining import attempt
from entrypoints.http.app import create_app
from entrypoints.http.services import (
    Check,
    Customers,
    Doors,
    Erasing,
    HealthServices,
    HttpServices,
    HttpSettings,
    Inside,
    Keys,
    Mirror,
    Network,
    Overlook,
    StoreSights,
)
from entrypoints.http.serving import make_runner
from tests.patient import Patient

ADMIN_KEY = "wasl_" + "k" * 43
KEY = {"Authorization": f"Bearer {ADMIN_KEY}"}
APP_SECRET = "app-events-" + "s" * 32
WEBHOOK_SECRET = Secret("webhook-" + "w" * 32)
STORE = StoreId(1001)
WINDOW = 256
TOPICS = ("order.create", "order.status.update")


async def _nothing() -> dict[str, int]:
    return {}


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

    @property
    def inside(self) -> Inside:
        return Inside(
            examine=Examine(self.patient.setup, self.patient.around(), attempt),
            key_status=KeyStatus(
                own={RingName.TOKENS: ("first", "second")},
                webhook_secrets=(WEBHOOK_SECRET,),
                rings=MemoryProcessRings(self.database),
                census=MemoryKeyCensus(self.database),
                addresses=MemoryWebhookAddresses(self.database),
                spooled=_nothing,
                audited=_nothing,
            ),
            handlers=self.handlers,
            configuration=self.configuration,
            seals=MemoryAuditSeals(self.database),
        )

    def services(self) -> HttpServices:
        subscribe = SubscribeWebhooks(
            gateway=self.gateway,
            installations=self.installations,
            locks=MemoryLocks(),
            trail=self.trail,
            target=WebhookTarget(self.url, "7367", (WEBHOOK_SECRET,)),
            gaps=self.gaps,
            clock=self.clock,
        )
        refresh = RefreshTokens(
            vault=self.vault,
            installations=self.installations,
            book=self.book,
            exchange=self.exchange,
            probe=self.probe,
            trail=self.trail,
            alerts=self.alerts,
            metrics=self.metrics,
            clock=self.clock,
            chance=self.chance,
            worker=self._worker,
        )
        install = InstallStore(
            app=OAuthApp(
                "48",
                f"{self.url}/auth/zid/callback",
                "https://oauth.example",
                Secret("state-secret"),
                return_urls=self.return_urls,
            ),
            topics=TOPICS,
            states=self.states,
            exchange=self.exchange,
            probe=self.probe,
            installations=self.installations,
            webhooks=subscribe,
            backfills=MemoryBackfills(self.database),
            trail=self.trail,
            clock=self.clock,
            chance=self.chance,
            ids=self.ids,
        )
        uninstall = UninstallStore(
            installations=self.installations,
            vault=self.vault,
            book=self.book,
            tokens=refresh,
            probe=self.probe,
            webhooks=subscribe,
            trail=self.trail,
            clock=self.clock,
            worker=self._worker,
        )
        self.store_subscriptions = MemoryStoreSubscriptions(self.database)
        app_events = HandleAppEvents(
            book=MemoryAppEventBook(self.database),
            subscriptions=self.store_subscriptions,
            installations=self.installations,
            uninstall=uninstall,
            gateway=self.gateway,
            handlers=Handlers(),
            inbox=self.inbox,
            announcer=self.announced,
            clock=self.clock,
            ids=self.ids,
            app_id="7367",
            encode=dumps,
        )
        return HttpServices(
            settings=HttpSettings(
                self.url,
                "1.2.3",
                (Secret("retired-secret"), Secret(APP_SECRET)),
                self.session_keys,
                self.webhook_max_bytes,
                self.app_id,
            ),
            health=HealthServices(
                self.clock,
                self.ids,
                self.metrics,
                lambda _: Rendered(b"wasl_up 1\n", CONTENT_TYPE),
                self.metrics_allow,
                self.checks,
                self.trusted_proxies,
                install_checks=self.install_checks,
            ),
            ingest=IngestWebhook(
                inbox=self.inbox,
                announcer=self.announced,
                clock=self.clock,
                ids=self.ids,
                secrets=(WEBHOOK_SECRET,),
                dedupe_days=3,
                decode=loads,
                gaps=self.note_gaps,
            ),
            install=install,
            refresh=refresh,
            uninstall=uninstall,
            check_tokens=CheckTokens(
                vault=self.vault,
                installations=self.installations,
                trials=self.trials,
                trail=self.trail,
                clock=self.clock,
                client_id="48",
            ),
            app_events=app_events,
            store_subscriptions=self.store_subscriptions,
            installations=self.installations,
            token_statuses=self.token_statuses,
            reader=self.reader,
            search=self.search,
            overlook=Overlook(MemoryStandingWork(self.database), self.board),
            desk=self.desk,
            dead=DecideDeadLetters(desk=self.desk, letters=self.letters, redrives=self.redrives),
            announcer=self.announced,
            keys=Keys(self.api_keys, self.key_book, KeepApiKeys(book=self.key_book, ids=SystemIds()), self._console()),
            idempotency=self.idempotency,
            gateway=self.gateway,
            trail=self.trail,
            audit=self.audit,
            alerts=self.alerts,
            worker=self._worker,
            mirror=self.mirror,
            customers=Customers(self.records, self.segments, self.audience),
            backfill=AskForBackfill(backfills=self.backfills, installations=self.installations),
            reconciliation=AskForReconciliation(
                reconciliations=self.reconciliations,
                planning=PlanReconciliation(
                    comparison=MemoryComparison(self.database),
                    gaps=self.gaps,
                    clock=self.clock,
                    policy=ReconcilePolicy(),
                    webhook_calls=0,
                ),
                gaps=self.gaps,
                installations=self.installations,
            ),
            pausing=PauseStore(
                installations=self.installations,
                pauses=MemoryPauses(self.database),
                ledger=MemoryEventLedger(self.database),
                window=WINDOW,
            ),
            webhooks=CheckWebhooks(
                subscribe=subscribe,
                gateway=self.gateway,
                installations=self.installations,
                checks=self.webhook_checks,
                gaps=self.gaps,
                clock=self.clock,
                chance=SeededChance(),
                topics=TOPICS,
                every=timedelta(minutes=15),
                recover_path="",
            ),
            webhook_checks=self.webhook_checks,
            cache=self.cache,
            rejected=self.rejected,
            rejections=self.rejections,
            inside=self.inside,
            erasing=Erasing(
                EraseData(
                    erasures=self.erasures,
                    stores=MemoryStoreEraser(self.database),
                    people=MemoryPersonalData(self.database),
                    log=self.erasure_log,
                    installations=self.installations,
                    uninstall=uninstall,
                    locks=MemoryLocks(),
                    clock=self.clock,
                    backups_kept=timedelta(days=30),
                ),
                self.erasures,
                MemoryPersonalData(self.database),
            ),
            stores=self.sights,
            doors=self.doors,
        )

    def _console(self) -> ConsoleSignIn:
        return ConsoleSignIn(
            api_keys=self.api_keys,
            sessions=self.sessions,
            limit=self.guesses,
            trail=self.trail,
            clock=self.clock,
            ids=self.ids,
        )

    def app(self) -> web.Application:
        return create_app(self.services())

    def _worker(self) -> WorkerId:
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


def address(install: Install, topic: str = "order.create") -> str:
    return f"/webhooks/zid/{install_token(WEBHOOK_SECRET, _addressee(install))}/{topic}"


def credentials(install: Install) -> dict[str, str]:
    return basic(USERNAME, password(WEBHOOK_SECRET, _addressee(install)).reveal())


def basic(username: str, word: str) -> dict[str, str]:
    return {"Authorization": encode_basic_auth(username, word)}


def _addressee(install: Install) -> Addressee:
    return Addressee(install.store_id, InstallId(install.install_id))


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[int]:
    """The application on a port of its own, run as a process runs it: a client that leaves cancels nothing."""
    runner = make_runner(app, grace=5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def until(seen: Callable[[], bool]) -> None:
    """Waits for something that can be seen, not for time."""
    async with asyncio.timeout(30):
        while not seen():
            await asyncio.sleep(0.005)


def order(number: int = 1, status: str = "new", at: str = "2026-01-01 10:00:00") -> dict[str, object]:
    return {
        "id": number,
        "code": f"code{number}",
        "store_id": STORE,
        "order_status": {"code": status, "name": status},
        "updated_at": at,
        "created_at": "2026-01-01 10:00:00",
    }
