"""The wiring: which adapter stands behind which port, and what each feature is given.

Synchronous on purpose: what has to be opened is opened by `config.lifespan` and handed
in. Entrypoints ask these containers once and pass features on as arguments.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import orjson
from dependency_injector import containers, providers

from adapters.erasure_file import ErasureFile
from adapters.postgres.app_events import PostgresAppEventBook, PostgresStoreSubscriptions
from adapters.postgres.audience import PostgresAudience
from adapters.postgres.audit import PostgresAuditLog
from adapters.postgres.backfills import PostgresBackfills
from adapters.postgres.checks import check_schema, ping
from adapters.postgres.comparison import PostgresComparison
from adapters.postgres.connection import Pool
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
from adapters.postgres.locks import PostgresLocks
from adapters.postgres.maintenance import PostgresMaintenance
from adapters.postgres.mirrored import (
    PostgresCarts,
    PostgresCategories,
    PostgresCustomers,
    PostgresOrders,
    PostgresProducts,
)
from adapters.postgres.notices import Notices
from adapters.postgres.pauses import PostgresPauses
from adapters.postgres.personal_data import PostgresPersonalData
from adapters.postgres.pruning import PostgresPruning
from adapters.postgres.reconciliations import PostgresReconciliations
from adapters.postgres.redrives import PostgresRedrives
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.rejections import PostgresRejections
from adapters.postgres.restoring import PostgresTokenDoubts
from adapters.postgres.runs import PostgresRunLedger
from adapters.postgres.segments import PostgresSegments
from adapters.postgres.stock_ledger import PostgresStockLedger
from adapters.postgres.store_erasing import PostgresStoreEraser
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.postgres.webhook_checks import PostgresWebhookChecks
from adapters.postgres.workers import PostgresWorkers
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.redis.connection import RedisClients
from adapters.sealing.fernet import FernetSealer
from adapters.spool.gap_notes import FileGapNotes
from adapters.system import SystemChance, SystemClock, SystemIds
from adapters.tracebacks import describe
from adapters.zid.http_session import HttpSession
from adapters.zid.oauth import AiohttpExchange, AiohttpProbe
from adapters.zid.token_source import SharedRenewals
from adapters.zid.wire import Wire
from config import guards, traffic
from config.settings import Settings
from config.spooling import PROMPT_PATIENCE, spool_of
from core.domain.events import ClaimedRun
from core.domain.rate import Traffic
from core.domain.secret import Secret
from core.domain.topics import subscriptions_for
from core.errors import SettingInvalid
from core.features.backfill import AskForBackfill, ReadBackfills
from core.features.bury_poison import BuryPoison
from core.features.check_webhooks import CheckWebhooks
from core.features.consume_event import ConsumeEvents
from core.features.dead_letters import DecideDeadLetters
from core.features.erase_data import EraseData
from core.features.event_handlers import Handlers
from core.features.event_handlers.context import Log
from core.features.handle_app_events import HandleAppEvents
from core.features.handler_calls import HandlerCalls, Within
from core.features.ingest_webhook import IngestWebhook
from core.features.install_store import InstallStore, OAuthApp
from core.features.log_rejections import LogRejections
from core.features.note_gaps import NoteGaps
from core.features.pause_store import PauseStore
from core.features.prune_events import PruneEvents
from core.features.reconcile import Reconcile
from core.features.reconcile_requests import AskForReconciliation, PlanReconciliation, ReconcilePolicy
from core.features.refresh_tokens import RefreshTokens
from core.features.restore_backup import RestoreBackup
from core.features.run_handlers import RunHandlers
from core.features.spooling import Presence, ReplaySpool, SpoolingInbox
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget
from core.features.sweep import Sweep
from core.features.uninstall_store import UninstallStore
from core.features.work_the_desk import WorkTheDesk
from core.ids import WorkerId
from core.ports.work_index import Announcer


def running_version() -> str:
    """The installed version; `checkout` where the tree runs without being installed."""
    try:
        return version("wasl")
    except PackageNotFoundError:
        return "checkout"


def _handlers_version(settings: Settings) -> str:
    """What dead letters are told apart by."""
    return settings.app_version or running_version()


def _required(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if not value:
        raise SettingInvalid(name.upper(), "is not set; the Partner Dashboard shows it")
    return str(value)


def _required_secret(settings: Settings, name: str) -> Secret:
    """The secret, or the first of a ring."""
    value: Secret | tuple[Secret, ...] | None = getattr(settings, name)
    if not value:
        raise SettingInvalid(name.upper(), "is not set; see .env.example")
    return value[0] if isinstance(value, tuple) else value


def _oauth_app(settings: Settings) -> OAuthApp:
    return OAuthApp(
        client_id=_required(settings, "zid_client_id"),
        redirect_uri=settings.callback_url,
        oauth_url=settings.zid_oauth_url,
        state_secret=_required_secret(settings, "session_key"),
        embedded=settings.zid_embedded,
    )


def _webhook_target(settings: Settings) -> WebhookTarget:
    _required_secret(settings, "webhook_secret")
    return WebhookTarget(settings.public_url, _required(settings, "zid_app_id"), settings.webhook_secret)


def _webhook_check_every(settings: Settings) -> timedelta:
    return timedelta(seconds=settings.webhook_check_every)


def _reconcile_policy(settings: Settings) -> ReconcilePolicy:
    return ReconcilePolicy(
        every=timedelta(seconds=settings.reconcile_every),
        full_every=timedelta(seconds=settings.reconcile_full_every),
        grace=timedelta(seconds=settings.reconcile_grace),
        gap_age=timedelta(seconds=settings.reconcile_gap_age),
    )


def _exchange(settings: Settings, wire: Wire) -> AiohttpExchange:
    return AiohttpExchange(
        wire,
        oauth_url=settings.zid_oauth_url,
        client_id=_required(settings, "zid_client_id"),
        client_secret=_required_secret(settings, "zid_client_secret"),
        redirect_uri=settings.callback_url,
    )


class Adapters(containers.DeclarativeContainer):
    """One adapter per port, over connections that are open already."""

    settings = providers.Dependency(instance_of=Settings)
    pool = providers.Dependency(instance_of=Pool)
    redis: providers.Dependency[RedisClients | None] = providers.Dependency()
    http = providers.Dependency(instance_of=HttpSession)

    clock = providers.Singleton(SystemClock)
    chance = providers.Singleton(SystemChance)
    ids = providers.Singleton(SystemIds)
    metrics = providers.Singleton(PrometheusMetrics, version=providers.Callable(running_version))
    sealer = providers.Singleton(FernetSealer, settings.provided.token_keys)

    inbox = providers.Singleton(PostgresInbox, pool)
    prompt_inbox = providers.Singleton(PostgresInbox, pool, patience=PROMPT_PATIENCE)
    rejections = providers.Singleton(PostgresRejections, pool)
    spool = providers.Singleton(spool_of, settings, redis, sealer.provider)
    gap_notes = providers.Singleton(FileGapNotes, settings.provided.spool_dir)
    ledger = providers.Singleton(PostgresEventLedger, pool)
    runs = providers.Singleton(PostgresRunLedger, pool)
    workers = providers.Singleton(PostgresWorkers, pool)
    maintenance = providers.Singleton(PostgresMaintenance, pool)
    pruning = providers.Singleton(PostgresPruning, pool)
    erasures = providers.Singleton(PostgresErasures, pool)
    store_eraser = providers.Singleton(PostgresStoreEraser, pool)
    personal_data = providers.Singleton(PostgresPersonalData, pool)
    erasure_log = providers.Singleton(ErasureFile, settings.provided.erasure_log)
    reader = providers.Singleton(PostgresLedgerReader, pool, spooled=spool.provided.depth)
    desk = providers.Singleton(PostgresDesk, pool)
    handlers_version = providers.Callable(_handlers_version, settings)
    dead_letters = providers.Singleton(PostgresDeadLetters, pool, handlers_version)
    redrives = providers.Singleton(PostgresRedrives, pool, handlers_version)
    decide_dead_letters = providers.Singleton(DecideDeadLetters, desk=desk, letters=dead_letters, redrives=redrives)
    installations = providers.Singleton(PostgresInstallations, pool, sealer)
    vault = providers.Singleton(PostgresTokenVault, pool, sealer)
    token_statuses = providers.Singleton(PostgresTokenStatuses, pool)
    refresh_book = providers.Singleton(PostgresRefreshBook, pool)
    token_doubts = providers.Singleton(PostgresTokenDoubts, pool)
    backfills = providers.Singleton(PostgresBackfills, pool)
    gaps = providers.Singleton(PostgresGaps, pool)
    reconciliations = providers.Singleton(PostgresReconciliations, pool)
    comparison = providers.Singleton(PostgresComparison, pool)
    webhook_checks = providers.Singleton(PostgresWebhookChecks, pool)
    pauses = providers.Singleton(PostgresPauses, pool)
    locks = providers.Singleton(PostgresLocks, pool)
    idempotency_keys = providers.Singleton(PostgresIdempotencyKeys, pool)
    audit_trail = providers.Singleton(PostgresAuditLog, pool)
    app_event_book = providers.Singleton(PostgresAppEventBook, pool)
    store_subscriptions = providers.Singleton(PostgresStoreSubscriptions, pool)

    mirrored_orders = providers.Singleton(PostgresOrders, pool)
    mirrored_products = providers.Singleton(PostgresProducts, pool)
    mirrored_customers = providers.Singleton(PostgresCustomers, pool)
    mirrored_categories = providers.Singleton(PostgresCategories, pool)
    mirrored_carts = providers.Singleton(PostgresCarts, pool)
    stock_ledger = providers.Singleton(PostgresStockLedger, pool)
    customer_records = providers.Singleton(PostgresCustomerRecords, pool)
    segments = providers.Singleton(PostgresSegments, pool)
    audience = providers.Singleton(PostgresAudience, pool)

    ping_database = providers.Factory(partial, ping, pool)
    check_schema = providers.Factory(partial, check_schema, pool)

    notices = providers.Singleton(Notices, pool)
    states = providers.Singleton(guards.states, redis, pool)
    cache = providers.Singleton(guards.cache, redis, pool)
    indexes = providers.Singleton(guards.indexes, redis, pool, notices, settings)

    shared_limiter = providers.Singleton(guards.shared_limiter, redis, pool, settings)
    limiter = providers.Singleton(traffic.limiter, shared_limiter, settings, metrics, clock)
    breaker_news = providers.Singleton(guards.breaker_news, redis, pool, notices)
    breakers = providers.Singleton(traffic.breakers, breaker_news, settings, metrics, clock)
    zid_wire = providers.Singleton(traffic.measured_wire, http, metrics, clock)
    exchange = providers.Singleton(_exchange, settings, zid_wire)
    probe = providers.Singleton(AiohttpProbe, zid_wire, api_url=settings.provided.zid_api_url)


class Features(containers.DeclarativeContainer):
    """What the service does. `worker` tells this process's lease, `announcer` publishes beside the answer."""

    settings = providers.Dependency(instance_of=Settings)
    adapters = providers.DependenciesContainer()
    handlers = providers.Dependency(instance_of=Handlers)
    announcer = providers.Dependency(instance_of=Announcer)  # type: ignore[type-abstract]  # a port is what is meant
    worker: providers.Dependency[Callable[[], WorkerId]] = providers.Dependency()
    ask_database: providers.Dependency[Callable[[], Awaitable[None]]] = providers.Dependency()
    within: providers.Dependency[Within] = providers.Dependency()
    log_for: providers.Dependency[Callable[[ClaimedRun], Log]] = providers.Dependency()

    refresh = providers.Singleton(
        RefreshTokens,
        vault=adapters.vault,
        installations=adapters.installations,
        book=adapters.refresh_book,
        exchange=adapters.exchange,
        probe=adapters.probe,
        trail=adapters.audit_trail,
        metrics=adapters.metrics,
        clock=adapters.clock,
        chance=adapters.chance,
        worker=worker,
    )
    tokens = providers.Singleton(SharedRenewals, refresh)
    gateway_for = providers.Factory(
        traffic.gateway,
        settings=settings,
        wire=adapters.zid_wire,
        breakers=adapters.breakers,
        limiter=adapters.limiter,
        tokens=tokens,
        metrics=adapters.metrics,
        clock=adapters.clock,
        chance=adapters.chance,
    )
    gateway = providers.Singleton(gateway_for, Traffic.INTERACTIVE)
    handler_gateway = providers.Singleton(gateway_for, Traffic.HANDLER)
    backfill_gateway = providers.Singleton(gateway_for, Traffic.BACKFILL)
    topics = providers.Singleton(subscriptions_for, handlers.provided.topics)
    webhooks = providers.Singleton(
        SubscribeWebhooks,
        gateway=gateway,
        installations=adapters.installations,
        locks=adapters.locks,
        trail=adapters.audit_trail,
        target=providers.Singleton(_webhook_target, settings),
        gaps=adapters.gaps,
        clock=adapters.clock,
    )
    check_webhooks = providers.Singleton(
        CheckWebhooks,
        subscribe=webhooks,
        gateway=gateway,
        installations=adapters.installations,
        checks=adapters.webhook_checks,
        gaps=adapters.gaps,
        clock=adapters.clock,
        chance=adapters.chance,
        topics=topics,
        every=providers.Singleton(_webhook_check_every, settings),
        recover_path=settings.provided.zid_webhook_recover_path,
    )
    install = providers.Singleton(
        InstallStore,
        app=providers.Singleton(_oauth_app, settings),
        topics=topics,
        states=adapters.states,
        exchange=adapters.exchange,
        probe=adapters.probe,
        installations=adapters.installations,
        webhooks=webhooks,
        backfills=adapters.backfills,
        trail=adapters.audit_trail,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
    )
    uninstall = providers.Singleton(
        UninstallStore,
        installations=adapters.installations,
        vault=adapters.vault,
        book=adapters.refresh_book,
        tokens=tokens,
        probe=adapters.probe,
        webhooks=webhooks,
        trail=adapters.audit_trail,
        clock=adapters.clock,
        worker=worker,
    )
    app_events = providers.Singleton(
        HandleAppEvents,
        book=adapters.app_event_book,
        subscriptions=adapters.store_subscriptions,
        installations=adapters.installations,
        uninstall=uninstall,
        gateway=handler_gateway,
        handlers=handlers,
        inbox=adapters.inbox,
        announcer=announcer,
        clock=adapters.clock,
        ids=adapters.ids,
        app_id=settings.provided.zid_app_id,
        encode=providers.Object(orjson.dumps),
    )
    ask_for_backfill = providers.Singleton(
        AskForBackfill, backfills=adapters.backfills, installations=adapters.installations
    )
    read_backfills = providers.Singleton(
        ReadBackfills,
        backfills=adapters.backfills,
        gateway=backfill_gateway,
        inbox=adapters.inbox,
        announcer=announcer,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        encode=providers.Object(orjson.dumps),
        worker=worker,
    )
    presence = providers.Singleton(Presence, adapters.clock)
    spooling = providers.Singleton(
        SpoolingInbox, inbox=adapters.prompt_inbox, spool=adapters.spool, presence=presence, clock=adapters.clock
    )
    replay_spool = providers.Singleton(
        ReplaySpool,
        spool=adapters.spool,
        inbox=adapters.inbox,
        announcer=announcer,
        presence=presence,
        ask_database=ask_database,
    )
    note_gaps = providers.Singleton(NoteGaps, gaps=adapters.gaps, notes=adapters.gap_notes, clock=adapters.clock)
    pausing = providers.Singleton(
        PauseStore,
        installations=adapters.installations,
        pauses=adapters.pauses,
        ledger=adapters.ledger,
        window=settings.provided.index_window,
    )
    reconcile_policy = providers.Singleton(_reconcile_policy, settings)
    plan_reconciliation = providers.Singleton(
        PlanReconciliation,
        comparison=adapters.comparison,
        gaps=adapters.gaps,
        clock=adapters.clock,
        policy=reconcile_policy,
        webhook_calls=check_webhooks.provided.most_calls,
    )
    ask_for_reconciliation = providers.Singleton(
        AskForReconciliation,
        reconciliations=adapters.reconciliations,
        planning=plan_reconciliation,
        gaps=adapters.gaps,
        installations=adapters.installations,
    )
    reconcile = providers.Singleton(
        Reconcile,
        reconciliations=adapters.reconciliations,
        comparison=adapters.comparison,
        planning=plan_reconciliation,
        webhooks=check_webhooks,
        gaps=adapters.gaps,
        installations=adapters.installations,
        backfills=adapters.backfills,
        gateway=backfill_gateway,
        inbox=adapters.inbox,
        announcer=announcer,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        encode=providers.Object(orjson.dumps),
        worker=worker,
    )
    log_rejections = providers.Singleton(LogRejections, rejections=adapters.rejections, clock=adapters.clock)
    ingest = providers.Singleton(
        IngestWebhook,
        inbox=spooling,
        announcer=announcer,
        clock=adapters.clock,
        ids=adapters.ids,
        secrets=settings.provided.webhook_secret,
        dedupe_days=settings.provided.dedupe_days,
        decode=providers.Object(orjson.loads),
        gaps=note_gaps,
    )
    consume = providers.Singleton(
        ConsumeEvents,
        ledger=adapters.ledger,
        handlers=handlers,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        decode=providers.Object(orjson.loads),
        describe=providers.Object(describe),
    )
    handler_calls = providers.Singleton(
        HandlerCalls,
        gateway=handler_gateway,
        clock=adapters.clock,
        within=within,
        decode=providers.Object(orjson.loads),
        describe=providers.Object(describe),
        log_for=log_for,
    )
    run_handlers = providers.Singleton(
        RunHandlers,
        runs=adapters.runs,
        handlers=handlers,
        calls=handler_calls,
        clock=adapters.clock,
        chance=adapters.chance,
        version=adapters.handlers_version,
    )
    erase = providers.Singleton(
        EraseData,
        erasures=adapters.erasures,
        stores=adapters.store_eraser,
        people=adapters.personal_data,
        log=adapters.erasure_log,
        installations=adapters.installations,
        uninstall=uninstall,
        locks=adapters.locks,
        clock=adapters.clock,
        backups_kept=settings.provided.backups_kept,
    )
    bury_poison = providers.Singleton(
        BuryPoison,
        runs=adapters.runs,
        announcer=announcer,
        metrics=adapters.metrics,
        version=providers.Callable(_handlers_version, settings),
    )
    restore = providers.Singleton(
        RestoreBackup,
        doubts=adapters.token_doubts,
        erase=erase,
        log=adapters.erasure_log,
        installations=adapters.installations,
        gaps=adapters.gaps,
        reconciliation=ask_for_reconciliation,
        trail=adapters.audit_trail,
        clock=adapters.clock,
    )
    prune = providers.Singleton(
        PruneEvents,
        pruning=adapters.pruning,
        retention=settings.provided.retention,
        clock=adapters.clock,
    )
    work_the_desk = providers.Singleton(
        WorkTheDesk,
        letters=adapters.dead_letters,
        redrives=adapters.redrives,
        announcer=announcer,
        metrics=adapters.metrics,
        threshold=settings.provided.dead_letter_alarm,
    )
    sweep = providers.Singleton(
        Sweep,
        ledger=adapters.ledger,
        maintenance=adapters.maintenance,
        indexes=adapters.indexes,
        clock=adapters.clock,
        window=settings.provided.index_window,
    )
