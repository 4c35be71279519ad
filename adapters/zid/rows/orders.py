"""Orders (managers family)."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from adapters.zid.answers import many, one
from adapters.zid.encoding import Parts, as_form, as_json, asks, number, parts, record
from adapters.zid.headers import Family
from adapters.zid.listings import numbered
from adapters.zid.route import Route, Table
from core.domain.operations.order_writes import (
    ChangeOrderStatus,
    CommentOnOrder,
    CreateOrder,
    GetCreditNotes,
    ListOrderStatuses,
    ViewForReturn,
)
from core.domain.operations.orders import GetOrder, ListOrders
from core.domain.results.credit_note import CreditNotes
from core.domain.results.order import Order
from core.domain.results.order_status import OrderStatus

_ORDERS: Final = "/v1/managers/store/orders"
_ORDER: Final = _ORDERS + "/{order_id}"

_FILTERS: Final = asks(
    "payload_type",
    "order_status",
    "payment_status",
    "payment_method",
    "customer_id",
    "customer_phone",
    "customer_type",
    "date_from",
    "date_to",
    "date_attribute",
    "order_by",
    "sort_by",
    "shipping_method",
    "status",
    "search_term",
    "source",
    "cashier",
    "country_code",
    "shipping_city",
    "shipping_country",
    "transaction_reference",
    "coupon_id",
    "sku",
    "is_gift_order",
    referer_code="referer_code[]",
    order_ids="order_id",
    tag_id="tags",
)

_STATUS_FORM: Final = as_form(
    parts("inventory_address_id", "tracking_number", "tracking_url", "waybill_url", status="order_status")
)


def _draft(wanted: CreateOrder) -> Parts:
    """Products by sku; a payment link only where its end is given."""
    links = wanted.payment_link_expires_at
    return {
        "currency_code": wanted.currency_code,
        "coupon_code": wanted.coupon_code,
        "customer": record(wanted.customer),
        "consignee": {"contact": record(wanted.consignee), "address": record(wanted.address)},
        "is_gift": wanted.is_gift,
        "is_gifted_consignee_notifiable": wanted.notify_gifted,
        "products": [record(line) for line in wanted.lines],
        "shipping_method": {"type": wanted.shipping_type, "id": number(wanted.shipping_id)},
        "payment_method": {"id": number(wanted.payment_method_id)},
        "customer_comment": wanted.customer_comment,
    } | ({"payment_link_configs": {"expiryDateTime": _to_the_millisecond(links)}} if links else {})


def _to_the_millisecond(at: datetime) -> str:
    """As the documentation writes it: `2024-12-10T13:00:49.947Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


ROWS: Final[Table] = MappingProxyType(
    {
        ListOrders: numbered(_ORDERS, Order.read, "orders", query=_FILTERS),
        GetOrder: Route("GET", Family.MANAGERS, _ORDER + "/view", one(Order.read, "order"), query=asks("source")),
        ChangeOrderStatus: Route(
            "POST",
            Family.MANAGERS,
            _ORDER + "/change-order-status",
            one(Order.read, "order"),
            payload=_STATUS_FORM,
        ),
        CommentOnOrder: Route(
            "POST",
            Family.MANAGERS,
            _ORDER + "/add-order-comment",
            one(Order.read, "order"),
            payload=as_json(parts("comment")),
        ),
        ListOrderStatuses: Route(
            "GET", Family.MANAGERS, _ORDERS + "/custom-statuses", many(OrderStatus.read, "payload")
        ),
        GetCreditNotes: Route("GET", Family.MANAGERS, _ORDER + "/credit-notes", one(CreditNotes.read, "payload")),
        ViewForReturn: Route("GET", Family.MANAGERS, _ORDER + "/view-for-return", one(Order.read, "order")),
        CreateOrder: Route(
            "POST",
            Family.MANAGERS,
            "/v1/managers/store/drafts",
            one(Order.read, "order"),
            payload=as_json(_draft),
        ),
    }
)
