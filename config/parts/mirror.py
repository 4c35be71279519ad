"""The mirror of what stores hold: filled by backfills, held against Zid by reconciliations."""

from __future__ import annotations

from datetime import timedelta

import orjson
from dependency_injector import providers

from adapters.postgres.audience import PostgresAudience
from adapters.postgres.backfills import PostgresBackfills
from adapters.postgres.comparison import PostgresComparison
from adapters.postgres.customer_records import PostgresCustomerRecords
from adapters.postgres.mirrored import (
    PostgresCarts,
    PostgresCategories,
    PostgresCustomers,
    PostgresOrders,
    PostgresProducts,
)
from adapters.postgres.reconciliations import PostgresReconciliations
from adapters.postgres.segments import PostgresSegments
from adapters.postgres.stock_ledger import PostgresStockLedger
from config.parts.calls import CallFeatures
from config.parts.process import Given, Opened
from config.parts.webhooks import WebhookFeatures
from config.settings import Settings
from core.features.backfill import AskForBackfill, ReadBackfills
from core.features.reconcile import Reconcile
from core.features.reconcile_requests import AskForReconciliation, PlanReconciliation, ReconcilePolicy

pool = Opened.pool
adapters = Given.adapters


def _reconcile_policy(settings: Settings) -> ReconcilePolicy:
    return ReconcilePolicy(
        every=timedelta(seconds=settings.reconcile_every),
        full_every=timedelta(seconds=settings.reconcile_full_every),
        grace=timedelta(seconds=settings.reconcile_grace),
        gap_age=timedelta(seconds=settings.reconcile_gap_age),
    )


class MirrorAdapters(Opened):
    mirrored_orders = providers.Singleton(PostgresOrders, pool)
    mirrored_products = providers.Singleton(PostgresProducts, pool)
    mirrored_customers = providers.Singleton(PostgresCustomers, pool)
    mirrored_categories = providers.Singleton(PostgresCategories, pool)
    mirrored_carts = providers.Singleton(PostgresCarts, pool)
    stock_ledger = providers.Singleton(PostgresStockLedger, pool)
    customer_records = providers.Singleton(PostgresCustomerRecords, pool)
    segments = providers.Singleton(PostgresSegments, pool)
    audience = providers.Singleton(PostgresAudience, pool)

    backfills = providers.Singleton(PostgresBackfills, pool)
    reconciliations = providers.Singleton(PostgresReconciliations, pool)
    comparison = providers.Singleton(PostgresComparison, pool)


class MirrorFeatures(Given):
    ask_for_backfill = providers.Singleton(
        AskForBackfill, backfills=adapters.backfills, installations=adapters.installations
    )
    read_backfills = providers.Singleton(
        ReadBackfills,
        backfills=adapters.backfills,
        gateway=CallFeatures.backfill_gateway,
        inbox=adapters.inbox,
        announcer=Given.announcer,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        encode=providers.Object(orjson.dumps),
        worker=Given.worker,
    )
    reconcile_policy = providers.Singleton(_reconcile_policy, Given.settings)
    plan_reconciliation = providers.Singleton(
        PlanReconciliation,
        comparison=adapters.comparison,
        gaps=adapters.gaps,
        clock=adapters.clock,
        policy=reconcile_policy,
        webhook_calls=WebhookFeatures.check_webhooks.provided.most_calls,
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
        webhooks=WebhookFeatures.check_webhooks,
        gaps=adapters.gaps,
        installations=adapters.installations,
        backfills=adapters.backfills,
        gateway=CallFeatures.backfill_gateway,
        inbox=adapters.inbox,
        announcer=Given.announcer,
        clock=adapters.clock,
        chance=adapters.chance,
        ids=adapters.ids,
        encode=providers.Object(orjson.dumps),
        worker=Given.worker,
    )
