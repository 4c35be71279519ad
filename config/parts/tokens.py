"""Stores' tokens: kept sealed, renewed before they expire."""

from __future__ import annotations

from dependency_injector import providers

from adapters.postgres.refresh_book import PostgresRefreshBook
from adapters.postgres.restoring import PostgresTokenDoubts
from adapters.postgres.token_status import PostgresTokenStatuses
from adapters.postgres.token_vault import PostgresTokenVault
from adapters.zid.token_source import SharedRenewals
from config.parts.process import Given, Opened
from core.features.refresh_tokens import RefreshTokens

pool = Opened.pool
adapters = Given.adapters


class TokenAdapters(Opened):
    vault = providers.Singleton(PostgresTokenVault, pool, Opened.sealer)
    token_statuses = providers.Singleton(PostgresTokenStatuses, pool)
    refresh_book = providers.Singleton(PostgresRefreshBook, pool)
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
        metrics=adapters.metrics,
        clock=adapters.clock,
        chance=adapters.chance,
        worker=Given.worker,
    )
    tokens = providers.Singleton(SharedRenewals, refresh)
