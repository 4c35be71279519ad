"""Whose install a row belongs to: every table carries an install id, leads to one, or says here why it needs none.

A table that does neither fails a test. What belongs to an install is fenced off at its end; what
belongs to the store outlives it, and is removed with the store (`personal_tables`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

BY_EVENT: Final = frozenset({"attempts", "redrive_items", "dedupe", "work_index"})
"""Their rows name an event or a run, which carries the install id."""

STORE_WIDE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mirror_orders": "what the store holds is the same whichever install saw it; versions decide",
        "mirror_products": "as mirror_orders",
        "mirror_customers": "as mirror_orders",
        "mirror_categories": "as mirror_orders",
        "mirror_carts": "as mirror_orders",
        "stock_movements": "the ledger of stock goes on across a reinstall, without a gap",
        "reconciled_rows": "what a list said of a mirror row",
        "customer_records": "written by people; they stay when the store uninstalls",
        "segments": "written by people; they stay when the store uninstalls",
        "store_subscriptions": "what the store pays for is Zid's account of the store, not of an install",
        "intake": "what was received is counted by store; it is never derived from states",
        "pruned_counts": "as intake",
        "idempotency_keys": "a write of a caller's happens once, whatever the store does meanwhile",
        "rejected_requests": "what was turned away, before or whether anything was installed",
        "erasures": "of the store or of a person, whichever installs there were",
        "work_index_full": "which stores have more work than the window; wrong entries cost one look",
    }
)
"""Table → why a late word of one install may touch its rows while another one lives."""
