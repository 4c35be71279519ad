"""What each payload_type of the order list keeps of an order."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.generation.blanks import blank
from sandbox.world.records import Json

# Only the view has these.
_VIEW_ONLY = ("histories", "previous_order", "next_order", "invoice_settings")
# Where the recorded simple order ends.
_SIMPLE_UNTIL = "reverse_order_label_requests"
_SIMPLE_PAYMENT = ("name", "code", "type", "transaction_status", "transaction_status_name")


def list_settings() -> Json:
    """What the order list says about the store beside its orders."""
    return blank("order_list_settings")


def default(order: Json) -> Json:
    """Everything but what only the view shows."""
    return {key: value for key, value in order.items() if key not in _VIEW_ONLY}


def simple(order: Json) -> Json:
    """No products, no invoice: the default of the list."""
    names = list(order)
    kept = {name: order[name] for name in names[: names.index(_SIMPLE_UNTIL) + 1]}
    method = order["payment"]["method"]
    kept["payment"] = {"method": {name: method[name] for name in _SIMPLE_PAYMENT if name in method}}
    return kept


def tiny(order: Json) -> Json:
    """Flat words instead of objects."""
    same = ("id", "invoice_number", "customer", "payment_status", "transaction_reference", "created_at", "updated_at")
    kept = {name: order[name] for name in same}
    kept.update(currency=order["currency_code"], status=order["order_status"]["code"], source=order["source_code"])
    kept.update(shipping_method=order["shipping_method_code"], shipping_address=order["shipping"]["address"])
    kept.update(payment=order["payment"]["method"]["code"], total=order["order_total"])
    return kept


PAYLOADS: dict[str, Callable[[Json], Json]] = {
    "default": default,
    "simple": simple,
    "tiny": tiny,
    "pos": default,
    "print": default,
    "print_summary": simple,
}
