"""Stores' tokens: kept sealed, renewed before they expire."""

from __future__ import annotations

from dependency_injector import providers

from adapters.alert_log import AlertLog
from adapters.postgres.alerts import PostgresAlerts
from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.refresh_reports import PostgresRefreshReports
from adapters.postgres.restoring import PostgresTokenDoubts
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.zid.token_source import SharedRenewals
from config.parts.process import Given, Opened
from core.features.refresh_tokens import RefreshTokens
from core.features.renew_due_tokens import RenewDueTokens
from core.features.tell_alerts import TellAlerts

pool = Opened.pool
adapters = Given.adapters


class TokenAdapters(Opened):
    vault = providers.Singleton(PostgresTokenVault, pool, Opened.sealer)
    token_statuses = providers.Singleton(PostgresTokenStatuses, pool)
    refresh_book = providers.Singleton(PostgresRefreshBook, pool)
    refresh_reports = providers.Singleton(PostgresRefreshReports, pool)
    alerts = providers.Singleton(PostgresAlerts, pool)
    alert_channels = providers.List(providers.Singleton(AlertLog))
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
