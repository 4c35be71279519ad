"""Every table that knows a store, an install, an event or a customer, and what becomes of its rows.

A table that is in none of the lists fails a test: whoever adds one has to say here how its
rows are erased with their store, or why they may stay, and what ends them otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BY_STORE: Final = "store_id = $1"
BY_INSTALL: Final = "install_id IN (SELECT install_id FROM installs WHERE store_id = $1)"

DELETED_WITH_STORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "runs": BY_STORE,
        "mirror_orders": BY_STORE,
        "mirror_products": BY_STORE,
        "mirror_customers": BY_STORE,
        "mirror_categories": BY_STORE,
        "mirror_carts": BY_STORE,
        "customer_records": BY_STORE,
        "segments": BY_STORE,
        "stock_movements": BY_STORE,
        "idempotency_keys": BY_STORE,
        "gaps": BY_STORE,
        "reconciliations": BY_STORE,
        "reconciled_rows": BY_STORE,
        "webhook_checks": BY_STORE,
        "rejected_requests": BY_STORE,
        "app_events": BY_STORE,
        "store_subscriptions": BY_STORE,
        "backfills": BY_STORE,
        "embedded_tokens": BY_STORE,
        "embedded_installs": BY_STORE,
        "webhook_subscriptions": BY_INSTALL,
        "refresh_intents": BY_INSTALL,
        "refresh_due": BY_STORE,
        "alerts": BY_STORE,
        "tokens": BY_STORE,
        "data_keys": BY_STORE,
        "key_quarantine": BY_STORE,
    }
)
"""Table → which of its rows belong to the store. In this order."""

REDACTED_WITH_STORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "events": "become erased: their number stays, their content, reason, entity and lane go",
        "attempts": "go with their events",
        "stores": "name and address go; the number, the state and the last install's id stay",
    }
)

KEPT_WITH_STORE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "installs": "ids and times: which deliveries belong to an install that is over",
        "intake": "numbers: received has to equal accounted for",
        "pruned_counts": "numbers, as intake",
        "dedupe": "hashes and ids of events; gone after DEDUPE_DAYS",
        "audit": "who did what when, ids only; holds the certificate",
        "erasures": "that it was asked for and finished; whom it was about is gone by then",
        "redrive_items": "ids of events that are erased",
        "work_index": "ids; gone when the work is",
        "work_index_full": "ids; gone when the work is",
    }
)

PRUNED_WITH_EVENT: Final = ("runs", "attempts")
"""Their rows go in the statement that prunes their event."""
