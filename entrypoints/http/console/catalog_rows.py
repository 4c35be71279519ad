"""Orders, products and customers as the mirror holds them, as rows of a list and as single things."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final, Protocol

from core.domain.keyset import Page, Position
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter, Seen
from core.domain.money import Money
from core.domain.names import Name
from core.domain.results.customer import Customer
from core.domain.results.order import Order
from core.domain.results.product import Product
from core.errors import UnknownShape
from core.ids import EntityKind, StoreId
from entrypoints.http.api.sources import document_of, value_of
from entrypoints.http.services import Mirror

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind as addresses name it."""

    kind: EntityKind
    plural: str
    path_id: str


SHELVES: Final = (
    Shelf(EntityKind.ORDER, "orders", "order_id"),
    Shelf(EntityKind.PRODUCT, "products", "product_id"),
    Shelf(EntityKind.CUSTOMER, "customers", "customer_id"),
)
BY_PLURAL: Final[Mapping[str, Shelf]] = MappingProxyType({shelf.plural: shelf for shelf in SHELVES})


@dataclass(frozen=True, slots=True)
class CatalogRow:
    """One thing in a list. `columns` are the mirror's."""

    id: str
    columns: Mapping[str, object]
    name: Name
    amount: Money | None
    seen_at: datetime
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing as last seen: Zid's fields as clean values, None where they cannot be read, and its own JSON."""

    seen: Seen
    value: Order | Product | Customer | None
    raw: str


class _Shelf(Protocol):
    async def get(self, store_id: StoreId, entity_id: str, /) -> Seen | None: ...


async def page_of(
    mirror: Mirror, shelf: Shelf, store_id: StoreId, text: str, after: Position | None
) -> tuple[Sequence[CatalogRow], Position | None]:
    """Rows that match, what is named by exactly this id first; and where the list goes on. Raises Unavailable."""
    found = await _found(mirror, shelf, store_id, text or None, after)
    exact = await one_of(mirror, shelf, store_id, text) if text and after is None else None
    rows = [_row(seen) for seen in found.items if exact is None or seen.entity != exact.entity]
    return ([_row(exact, exact=True), *rows] if exact else rows), found.next


async def _found(
    mirror: Mirror, shelf: Shelf, store_id: StoreId, text: str | None, after: Position | None
) -> Page[Seen]:
    match shelf.kind:
        case EntityKind.ORDER:
            return await mirror.orders.page(store_id, OrderFilter(text=text), after=after, limit=PAGE)
        case EntityKind.PRODUCT:
            return await mirror.products.page(store_id, ProductFilter(text=text), after=after, limit=PAGE)
        case _:
            return await mirror.customers.page(store_id, CustomerFilter(text=text), after=after, limit=PAGE)


async def one_of(mirror: Mirror, shelf: Shelf, store_id: StoreId, entity_id: str) -> Seen | None:
    """None when it was never seen or was deleted."""
    shelves: Mapping[EntityKind, _Shelf] = {
        EntityKind.ORDER: mirror.orders,
        EntityKind.PRODUCT: mirror.products,
        EntityKind.CUSTOMER: mirror.customers,
    }
    return await shelves[shelf.kind].get(store_id, entity_id)


def thing_of(seen: Seen) -> Thing:
    """What cannot be read as clean values is shown as Zid wrote it."""
    document = document_of(seen)
    raw = json.dumps(document, ensure_ascii=False, indent=2)
    return Thing(seen, _value(seen), raw)


def _value(seen: Seen) -> Order | Product | Customer | None:
    try:
        match seen.entity.kind:
            case EntityKind.ORDER:
                return value_of(Order, seen)
            case EntityKind.PRODUCT:
                return value_of(Product, seen)
            case EntityKind.CUSTOMER:
                return value_of(Customer, seen)
            case _:
                return None
    except UnknownShape:
        return None


def _row(seen: Seen, *, exact: bool = False) -> CatalogRow:
    columns = seen.columns
    name = Name(_text(columns.get("name_ar")), _text(columns.get("name_en")))
    return CatalogRow(seen.entity.id, columns, name, _amount(columns), seen.seen_at, exact)


def _amount(columns: Mapping[str, object]) -> Money | None:
    """What an order comes to; what is asked for a product now."""
    amount = columns.get("total") or columns.get("sale_price") or columns.get("price")
    return Money(amount, _text(columns.get("currency")) or "") if isinstance(amount, Decimal) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
