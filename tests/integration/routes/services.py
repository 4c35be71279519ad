"""What the routes are given: the features over a world's memory adapters, made as config/ makes them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from orjson import dumps, loads

from adapters.memory.app_events import MemoryAppEventBook
from adapters.memory.audit_trail import MemoryAuditSeals
from adapters.memory.backfills import MemoryBackfills
from adapters.memory.erasing import MemoryPersonalData, MemoryStoreEraser
from adapters.memory.event_batches import MemoryEventLedger
from adapters.memory.guards import MemoryLocks
from adapters.memory.pauses import MemoryPauses
from adapters.memory.process_rings import MemoryProcessRings
from adapters.memory.reconciliations import MemoryComparison
from adapters.memory.sealed_vault import MemoryKeyCensus
from adapters.memory.standing_work import MemoryStandingWork
from adapters.memory.system import SeededChance
from adapters.memory.webhook_addresses import MemoryWebhookAddresses
from adapters.prometheus.metrics import CONTENT_TYPE, Rendered
from adapters.system import SystemIds
from core.domain.rings import RingName
from core.domain.secret import Secret
from core.features.api_keys import KeepApiKeys
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
from core.features.pause_store import PauseStore
from core.features.reconcile_requests import AskForReconciliation, PlanReconciliation, ReconcilePolicy
from core.features.refresh_tokens import RefreshTokens
from core.features.subscribe_webhooks import SubscribeWebhooks, WebhookTarget
from core.features.uninstall_store import UninstallStore
from entrypoints.examining import attempt
from entrypoints.http.health_services import HealthServices
from entrypoints.http.services import (
    Customers,
    Erasing,
    HttpServices,
    HttpSettings,
    Inside,
    Keys,
    Overlook,
)

if TYPE_CHECKING:
    from tests.integration.routes.world import World

APP_SECRET = "app-events-" + "s" * 32
WEBHOOK_SECRET = Secret("webhook-" + "w" * 32)
WINDOW = 256
TOPICS = ("order.create", "order.status.update")


def services(world: World) -> HttpServices:
    """Made anew at each call: a test changes the world first and then asks for them."""
    subscribe, refresh = _subscribe(world), _refresh(world)
    uninstall = _uninstall(world, refresh, subscribe)
    return HttpServices(
        settings=_settings(world),
        health=_health(world),
        ingest=_ingest(world),
        install=_install(world, subscribe),
        refresh=refresh,
        uninstall=uninstall,
        check_tokens=_check_tokens(world),
        app_events=_app_events(world, uninstall),
        store_subscriptions=world.store_subscriptions,
        installations=world.installations,
        token_statuses=world.token_statuses,
        reader=world.reader,
        search=world.search,
        overlook=Overlook(MemoryStandingWork(world.database), world.board, held_back=world.limiter.held_back),
        desk=world.desk,
        dead=DecideDeadLetters(desk=world.desk, letters=world.letters, redrives=world.redrives),
        announcer=world.announced,
        keys=_keys(world),
        idempotency=world.idempotency,
        gateway=world.gateway,
        trail=world.trail,
        audit=world.audit,
        alerts=world.alerts,
        worker=world.worker_id,
        mirror=world.mirror,
        customers=Customers(world.records, world.segments, world.audience),
        backfill=AskForBackfill(backfills=world.backfills, installations=world.installations),
        reconciliation=_reconciliation(world),
        pausing=_pausing(world),
        webhooks=_check_webhooks(world, subscribe),
        webhook_checks=world.webhook_checks,
        cache=world.cache,
        rejected=world.rejected,
        rejections=world.rejections,
        inside=_inside(world),
        erasing=_erasing(world, uninstall),
        stores=world.sights,
        doors=world.doors,
    )


def _settings(world: World) -> HttpSettings:
    return HttpSettings(
        world.url,
        "1.2.3",
        (Secret("retired-secret"), Secret(APP_SECRET)),
        world.session_keys,
        world.webhook_max_bytes,
        world.app_id,
    )


def _health(world: World) -> HealthServices:
    return HealthServices(
        world.clock,
        world.ids,
        world.metrics,
        lambda _: Rendered(b"wasl_up 1\n", CONTENT_TYPE),
        world.metrics_allow,
        world.checks,
        world.trusted_proxies,
        install_checks=world.install_checks,
    )


def _ingest(world: World) -> IngestWebhook:
    return IngestWebhook(
        inbox=world.inbox,
        announcer=world.announced,
        clock=world.clock,
        ids=world.ids,
        secrets=(WEBHOOK_SECRET,),
        dedupe_days=3,
        decode=loads,
        gaps=world.note_gaps,
    )


def _subscribe(world: World) -> SubscribeWebhooks:
    return SubscribeWebhooks(
        gateway=world.gateway,
        installations=world.installations,
        locks=MemoryLocks(),
        trail=world.trail,
        target=WebhookTarget(world.url, "7367", (WEBHOOK_SECRET,)),
        gaps=world.gaps,
        clock=world.clock,
    )


def _check_webhooks(world: World, subscribe: SubscribeWebhooks) -> CheckWebhooks:
    return CheckWebhooks(
        subscribe=subscribe,
        gateway=world.gateway,
        installations=world.installations,
        checks=world.webhook_checks,
        gaps=world.gaps,
        clock=world.clock,
        chance=SeededChance(),
        topics=TOPICS,
        every=timedelta(minutes=15),
        recover_path="",
    )


def _install(world: World, subscribe: SubscribeWebhooks) -> InstallStore:
    return InstallStore(
        app=OAuthApp(
            "48",
            f"{world.url}/auth/zid/callback",
            "https://oauth.example",
            Secret("state-secret"),
            return_urls=world.return_urls,
        ),
        topics=TOPICS,
        states=world.states,
        exchange=world.exchange,
        probe=world.probe,
        installations=world.installations,
        webhooks=subscribe,
        backfills=MemoryBackfills(world.database),
        trail=world.trail,
        clock=world.clock,
        chance=world.chance,
        ids=world.ids,
    )


def _refresh(world: World) -> RefreshTokens:
    return RefreshTokens(
        vault=world.vault,
        installations=world.installations,
        book=world.book,
        exchange=world.exchange,
        probe=world.probe,
        trail=world.trail,
        alerts=world.alerts,
        metrics=world.metrics,
        clock=world.clock,
        chance=world.chance,
        worker=world.worker_id,
    )


def _check_tokens(world: World) -> CheckTokens:
    return CheckTokens(
        vault=world.vault,
        installations=world.installations,
        trials=world.trials,
        trail=world.trail,
        clock=world.clock,
        client_id="48",
    )


def _uninstall(world: World, refresh: RefreshTokens, subscribe: SubscribeWebhooks) -> UninstallStore:
    return UninstallStore(
        installations=world.installations,
        vault=world.vault,
        book=world.book,
        tokens=refresh,
        probe=world.probe,
        webhooks=subscribe,
        trail=world.trail,
        clock=world.clock,
        worker=world.worker_id,
    )


def _app_events(world: World, uninstall: UninstallStore) -> HandleAppEvents:
    return HandleAppEvents(
        book=MemoryAppEventBook(world.database),
        subscriptions=world.store_subscriptions,
        installations=world.installations,
        uninstall=uninstall,
        gateway=world.gateway,
        handlers=Handlers(),
        inbox=world.inbox,
        announcer=world.announced,
        clock=world.clock,
        ids=world.ids,
        app_id="7367",
        encode=dumps,
    )


def _keys(world: World) -> Keys:
    sign_in = ConsoleSignIn(
        api_keys=world.api_keys,
        sessions=world.sessions,
        limit=world.guesses,
        trail=world.trail,
        clock=world.clock,
        ids=world.ids,
    )
    return Keys(world.api_keys, world.key_book, KeepApiKeys(book=world.key_book, ids=SystemIds()), sign_in)


def _reconciliation(world: World) -> AskForReconciliation:
    return AskForReconciliation(
        reconciliations=world.reconciliations,
        planning=PlanReconciliation(
            comparison=MemoryComparison(world.database),
            gaps=world.gaps,
            clock=world.clock,
            policy=ReconcilePolicy(),
            webhook_calls=0,
        ),
        gaps=world.gaps,
        installations=world.installations,
    )


def _pausing(world: World) -> PauseStore:
    return PauseStore(
        installations=world.installations,
        pauses=MemoryPauses(world.database),
        ledger=MemoryEventLedger(world.database),
        window=WINDOW,
    )


def _erasing(world: World, uninstall: UninstallStore) -> Erasing:
    erase = EraseData(
        erasures=world.erasures,
        stores=MemoryStoreEraser(world.database),
        people=MemoryPersonalData(world.database),
        log=world.erasure_log,
        installations=world.installations,
        uninstall=uninstall,
        locks=MemoryLocks(),
        clock=world.clock,
        backups_kept=timedelta(days=30),
    )
    return Erasing(erase, world.erasures, MemoryPersonalData(world.database))


def _inside(world: World) -> Inside:
    return Inside(
        examine=Examine(world.patient.setup, world.patient.around(), attempt),
        key_status=KeyStatus(
            own={RingName.TOKENS: ("first", "second")},
            webhook_secrets=(WEBHOOK_SECRET,),
            rings=MemoryProcessRings(world.database),
            census=MemoryKeyCensus(world.database),
            addresses=MemoryWebhookAddresses(world.database),
            spooled=_nothing,
            audited=_nothing,
        ),
        handlers=world.handlers,
        configuration=world.configuration,
        seals=MemoryAuditSeals(world.database),
    )


async def _nothing() -> dict[str, int]:
    return {}
