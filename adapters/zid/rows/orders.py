"""Orders (managers family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import one
from adapters.zid.encoding import asks
from adapters.zid.headers import Family
from adapters.zid.listings import numbered
from adapters.zid.route import Route, Table
from core.domain.operations.orders import GetOrder, ListOrders
from core.domain.results.order import Order

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

ROWS: Final[Table] = MappingProxyType(
    {
        ListOrders: numbered(_ORDERS, Order.read, "orders", query=_FILTERS),
        GetOrder: Route("GET", Family.MANAGERS, _ORDER + "/view", one(Order.read, "order"), query=asks("source")),
    }
)
