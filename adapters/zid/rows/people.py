"""Customers and their abandoned carts (managers family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import many, one
from adapters.zid.encoding import Parts, as_multipart, asks
from adapters.zid.headers import Family
from adapters.zid.listings import by_cursor, numbered
from adapters.zid.route import Route, Table
from core.domain.operations.carts import GetCart, ListCarts
from core.domain.operations.customers import (
    CreateCustomers,
    GetCustomer,
    ListCustomers,
    ListPrimaryCustomers,
    RemoveCustomerTag,
)
from core.domain.results.cart import Cart
from core.domain.results.customer import Customer

_CUSTOMERS: Final = "/v1/managers/store/customers"
_CARTS: Final = "/v1/managers/store/abandoned-carts"

_CART_FILTERS: Final = asks(
    "phase",
    "search_term",
    "customer_id",
    "products_count",
    "has_reminders",
    "country_id",
    "city_id",
    "currency_code",
    "date_from",
    "date_to",
    "cart_total",
    "customer_type",
    order_by="filter_order_by",
    sort_by="filter_sort_by",
)


def _people(wanted: CreateCustomers) -> Parts:
    """`customers[i][name]`, `customers[i][mobile]`, and an e-mail address where there is one."""
    return {
        "customers": [
            {"name": person.name, "mobile": person.mobile} | ({"email": person.email} if person.email else {})
            for person in wanted.customers
        ]
    }


ROWS: Final[Table] = MappingProxyType(
    {
        ListCustomers: by_cursor(_CUSTOMERS, Customer.read, "customers"),
        ListPrimaryCustomers: numbered(_CUSTOMERS + "/primary-data-list", Customer.read, "customers"),
        GetCustomer: Route("GET", Family.MANAGERS, _CUSTOMERS + "/{customer_id}", one(Customer.read, "customer")),
        CreateCustomers: Route(
            "POST",
            Family.MANAGERS,
            _CUSTOMERS + "/bulk",
            many(Customer.read, "customers"),
            payload=as_multipart(_people),
        ),
        RemoveCustomerTag: Route(
            "DELETE", Family.MANAGERS, _CUSTOMERS + "/{customer_id}/tags/{tag_id}", one(Customer.read, "customer")
        ),
        ListCarts: numbered(
            _CARTS,
            Cart.read,
            "abandoned-carts",
            "abandoned_carts",
            query=_CART_FILTERS,
            size="page_size",
        ),
        GetCart: Route("GET", Family.MANAGERS, _CARTS + "/{cart_id}", one(Cart.read, "abandoned_cart")),
    }
)
