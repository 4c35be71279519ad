"""Stores: installed, told about by app events, paused, uninstalled."""

from __future__ import annotations

import orjson
from dependency_injector import providers

from adapters.postgres.app_events import PostgresAppEventBook, PostgresStoreSubscriptions
from adapters.postgres.installations import PostgresInstallations
from adapters.postgres.locks import PostgresLocks
from adapters.postgres.pauses import PostgresPauses
from adapters.postgres.store_directory import PostgresStoreDirectory
from adapters.postgres.store_life import PostgresStoreLife
from config import guards
from config.parts.calls import CallAdapters, CallFeatures
from config.parts.embedded import EmbeddedFeatures
from config.parts.process import Given, Opened
from config.parts.tokens import TokenAdapters, TokenFeatures
from config.parts.webhooks import WebhookFeatures
from config.required import required, required_secret
from config.settings import Settings
from core.features.check_tokens import CheckTokens
from core.features.handle_app_events import HandleAppEvents
from core.features.install_store import InstallStore, OAuthApp
from core.features.pause_store import PauseStore
from core.features.uninstall_store import UninstallStore

pool = Opened.pool
adapters, settings = Given.adapters, Given.settings


def _oauth_app(settings: Settings) -> OAuthApp:
    return OAuthApp(
        client_id=required(settings, "zid_client_id"),
        redirect_uri=settings.callback_url,
        oauth_url=settings.zid_oauth_url,
        state_secret=required_secret(settings, "session_key"),
        older_secrets=settings.session_key[1:],
        embedded=settings.zid_embedded,
        return_urls=settings.return_urls,
    )


class StoreAdapters(Opened):
    installations = providers.Singleton(PostgresInstallations, pool, Opened.sealer)
    states = providers.Singleton(guards.states, Opened.redis, pool)
    locks = providers.Singleton(PostgresLocks, pool)
    pauses = providers.Singleton(PostgresPauses, pool)
    store_directory = providers.Singleton(PostgresStoreDirectory, pool)
    store_life = providers.Singleton(PostgresStoreLife, pool)
    app_event_book = providers.Singleton(PostgresAppEventBook, pool)
    store_subscriptions = providers.Singleton(PostgresStoreSubscriptions, pool)
    check_tokens = providers.Singleton(
        CheckTokens,
        vault=TokenAdapters.vault,
        installations=installations,
        trials=CallAdapters.token_trials,
        trail=Opened.audit_trail,
        clock=Opened.clock,
        client_id=Opened.settings.provided.zid_client_id,
    )


class StoreFeatures(Given):
    install = providers.Singleton(
        InstallStore,
        app=providers.Singleton(_oauth_app, settings),
        topics=WebhookFeatures.topics,
        states=adapters.states,
        exchange=adapters.exchange,
        probe=adapters.probe,
        installations=adapters.installations,
        webhooks=WebhookFeatures.webhooks,
        backfills=adapters.backfills,
        trail=adapters.audit_trail,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        embedded=EmbeddedFeatures.at_install,
    )
    uninstall = providers.Singleton(
        UninstallStore,
        installations=adapters.installations,
        vault=adapters.vault,
        book=adapters.refresh_book,
        tokens=TokenFeatures.tokens,
        probe=adapters.probe,
        webhooks=WebhookFeatures.webhooks,
        trail=adapters.audit_trail,
        clock=adapters.clock,
        worker=Given.worker,
        embedded=EmbeddedFeatures.at_install,
    )
    app_events = providers.Singleton(
        HandleAppEvents,
        book=adapters.app_event_book,
        subscriptions=adapters.store_subscriptions,
        installations=adapters.installations,
        uninstall=uninstall,
        gateway=CallFeatures.handler_gateway,
        handlers=Given.handlers,
        inbox=adapters.inbox,
        announcer=Given.announcer,
        clock=adapters.clock,
        ids=adapters.ids,
        app_id=settings.provided.zid_app_id,
        encode=providers.Object(orjson.dumps),
    )
    pausing = providers.Singleton(
        PauseStore,
        installations=adapters.installations,
        pauses=adapters.pauses,
        ledger=adapters.ledger,
        window=settings.provided.index_window,
    )
