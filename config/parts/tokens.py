"""Stores' tokens: kept sealed, renewed before they expire."""

from __future__ import annotations

from collections.abc import Sequence

from dependency_injector import providers

from adapters.outbound.alert_webhook import AlertWebhook
from adapters.outbound.session import Outbound
from adapters.postgres.alerts import PostgresAlerts
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.refresh_reports import PostgresRefreshReports
from adapters.postgres.restoring import PostgresTokenDoubts
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.process.alert_log import AlertLog
from adapters.zid.token_source import SharedRenewals
from config.parts.process import Given, Opened
from config.settings import Settings
from core.features.refresh_tokens import RefreshTokens
from core.features.renew_due_tokens import RenewDueTokens
from core.features.tell_alerts import TellAlerts
from core.ports.alerts import AlertChannel
from core.ports.metrics import Metrics
from core.ports.system import Chance, Clock

pool = Opened.pool
adapters = Given.adapters


def _alert_channels(settings: Settings, metrics: Metrics, clock: Clock, chance: Chance) -> Sequence[AlertChannel]:
    """The log, and the address that is configured."""
    if not settings.alert_webhook_url:
        return [AlertLog()]
    outbound = Outbound(public=settings.production)
    url, secret = settings.alert_webhook_url, settings.alert_webhook_secret
    return [AlertLog(), AlertWebhook(outbound, url, secret, metrics, clock, chance)]


class TokenAdapters(Opened):
    vault = providers.Singleton(PostgresTokenVault, pool, Opened.sealer)
    token_statuses = providers.Singleton(PostgresTokenStatuses, pool)
    refresh_book = providers.Singleton(PostgresRefreshBook, pool)
    refresh_reports = providers.Singleton(PostgresRefreshReports, pool)
    alerts = providers.Singleton(PostgresAlerts, pool)
    alert_channels = providers.Singleton(_alert_channels, Opened.settings, Opened.metrics, Opened.clock, Opened.chance)
    token_doubts = providers.Singleton(PostgresTokenDoubts, pool)


class TokenFeatures(Given):
    refresh = providers.Singleton(
        RefreshTokens,
        vault=adapters.vault,
        installations=adapters.installations,
        book=adapters.refresh_book,
        exchange=adapters.exchange,
        probe=adapters.probe,
        trail=adapters.audit_trail,
        alerts=adapters.alerts,
        metrics=adapters.metrics,
        clock=adapters.clock,
        chance=adapters.chance,
        worker=Given.worker,
    )
    tokens = providers.Singleton(SharedRenewals, refresh)
    renew_due = providers.Singleton(
        RenewDueTokens,
        refresh=refresh,
        book=adapters.refresh_book,
        reports=adapters.refresh_reports,
        clock=adapters.clock,
        chance=adapters.chance,
    )
    tell_alerts = providers.Singleton(
        TellAlerts,
        alerts=adapters.alerts,
        channels=adapters.alert_channels,
        metrics=adapters.metrics,
        clock=adapters.clock,
    )
