"""An order without the person: what a shop has to keep for its books, and nothing that leads to anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from core.domain.documents import Document, rows
from core.domain.entities.catalogue import unwrap
from core.ids import EntityKind

REDACTED: Final = "wasl_redacted"
"""Set in a document from which a person was removed."""

_ORDER: Final = (
    "id", "invoice_number", "store_id", "order_status", "currency_code", "currency", "order_total",
    "order_total_string", "payment_status", "products_count", "products_sum_total_string", "weight", "packages_count",
    "source", "is_marketplace_order", "requires_shipping", "issue_date", "created_at", "updated_at", "delivered_at",
)  # fmt: skip
_LINE: Final = ("id", "parent_id", "sku", "name", "quantity", "price", "total", "currency", "currency_symbol")
_STEP: Final = ("order_status_id", "order_status_name", "changed_at", "created_at")


def redacted_order(order: Document) -> dict[str, object]:
    """Only fields that are known to hold no personal data: what Zid may add later goes too.

    The code is left out: it is the address of the invoice's page (live 2026-08-23), which shows the person.
    """
    inner = unwrap(EntityKind.ORDER, order)
    kept = _only(inner, _ORDER)
    kept["products"] = [_only(line, _LINE) for line in rows(inner, "products")]
    kept["histories"] = [_only(step, _STEP) for step in rows(inner, "histories")]
    return {**kept, REDACTED: True}


def _only(document: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    return {name: document[name] for name in names if name in document}
