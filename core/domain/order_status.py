"""One spelling for every order status Zid writes.

Zid's pages spell `canceled` and `cancelled`, `inDelivery` and `indelivery`; some
deliveries carry the Arabic display name instead of an object. Display ids are the
ones seen in recorded orders; ids that were never seen are not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from core.domain.documents import Document, sub, text

_SPELLINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "canceled": "cancelled",
        "in delivery": "indelivery",
        "delivery in progress": "indelivery",
        "completed": "delivered",
        "جديد": "new",
        "جاري التجهيز": "preparing",
        "قيد التجهيز": "preparing",
        "جاهز": "ready",
        "جاري التوصيل": "indelivery",
        "قيد التوصيل": "indelivery",
        "تم التوصيل": "delivered",
        "ملغي": "cancelled",
        "تم الإلغاء": "cancelled",
        "مسترجع": "reversed",
    }
)
_KNOWN: Final = frozenset(
    {"new", "preparing", "ready", "indelivery", "delivered", "cancelled"}
    | {"reversed", "reverse_in_progress", "partially_reversed", "canceledreversal"}
    | {"failed", "refunded", "chargeback", "expired", "processed", "voided", "denied", "initial"}
)
_DISPLAY_IDS: Final[Mapping[int, str]] = MappingProxyType(
    {1: "new", 2: "preparing", 17: "ready", 5: "delivered", 7: "cancelled"}
)


def canonical_status(value: object) -> str | None:
    """The one spelling of a status code or display name; unknown codes are kept in lower case."""
    name = text(value)
    if name is None:
        return None
    lowered = name.lower()
    return _SPELLINGS.get(lowered, lowered)


def status_of(order: Document) -> str | None:
    """The status of an order document, from `order_status` as object or as string."""
    if code := sub(order, "order_status").get("code"):
        return canonical_status(code)
    return canonical_status(order.get("order_status"))


def status_of_history(entry: Document) -> str | None:
    """The status a history entry names, or None where neither its id nor its name is certain."""
    number = entry.get("order_status_id")
    if isinstance(number, int) and number in _DISPLAY_IDS:
        return _DISPLAY_IDS[number]
    named = canonical_status(entry.get("order_status_name"))
    return named if named in _KNOWN else None
