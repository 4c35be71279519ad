"""Lists of the mirror, in memory: every row is looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, TypeVar

from adapters.memory.database import MemoryDatabase
from adapters.memory.similarity import THRESHOLD, word_similarity
from core.domain.arabic import fold, words, words_or_numbers
from core.domain.customer_facts import counts
from core.domain.keyset import Page, Position, by_time
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter, Seen, Spending
from core.ids import EntityKind, StoreId
from core.ports.mirror_reading import (
    MirroredCarts,
    MirroredCategories,
    MirroredCustomers,
    MirroredOrders,
    MirroredProducts,
)

BEGINNING: Final = datetime.min.replace(tzinfo=UTC)
T = TypeVar("T")


def living(database: MemoryDatabase, store_id: StoreId, kind: EntityKind) -> list[Seen]:
    """The store's entities of one kind, tombstones left out."""
    return [
        Seen(row.entity, row.version, database.seen.get(key, database.now()), row.body, row.columns)
        for key, row in database.mirror.items()
        if key[0] == store_id and row.entity.kind is kind and not row.deleted
    ]


def created(seen: Seen) -> datetime | None:
    at = seen.columns.get("created_at")
    return at if isinstance(at, datetime) else None


def text_of(seen: Seen, *names: str) -> str:
    """The columns as one folded text."""
    return fold(" ".join(str(seen.columns.get(name) or "") for name in names))


def is_counted(order: Seen) -> bool:
    status, payment = order.columns.get("status"), order.columns.get("payment_status")
    return counts(str(status), str(payment))


class _List:
    """One kind's rows."""

    def __init__(self, database: MemoryDatabase, kind: EntityKind) -> None:
        self._database = database
        self._kind = kind

    def rows(self, store_id: StoreId) -> list[Seen]:
        return living(self._database, store_id, self._kind)

    async def get(self, store_id: StoreId, entity_id: str) -> Seen | None:
        return next((seen for seen in self.rows(store_id) if seen.entity.id == entity_id), None)


class MemoryOrders(_List, MirroredOrders):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, EntityKind.ORDER)

    async def page(
        self, store_id: StoreId, wanted: OrderFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        return _newest_first([seen for seen in self.rows(store_id) if _order_fits(seen, wanted)], after, limit)

    async def spending(self, store_id: StoreId, customer_id: str) -> Spending:
        orders = [seen for seen in self.rows(store_id) if seen.columns.get("customer_id") == customer_id]
        counted = [order for order in orders if is_counted(order)]
        totals: defaultdict[str, Decimal] = defaultdict(Decimal)
        for order in counted:
            totals[str(order.columns.get("currency") or "")] += amount(order, "total")
        times = [at for order in orders if (at := created(order))]
        return Spending(len(orders), len(counted), dict(totals), min(times, default=None), max(times, default=None))


def amount(seen: Seen, name: str) -> Decimal:
    value = seen.columns.get(name)
    return value if isinstance(value, Decimal) else Decimal(0)


def _order_fits(seen: Seen, wanted: OrderFilter) -> bool:
    names = ("status", "payment_status", "customer_id")
    at, since = created(seen) or BEGINNING, wanted.updated_since
    return (
        all(getattr(wanted, name) in {None, seen.columns.get(name)} for name in names)
        and (wanted.created_from is None or at >= wanted.created_from)
        and (wanted.created_before is None or at < wanted.created_before)
        and (since is None or (seen.version is not None and seen.version >= since))
        and (wanted.text is None or _is_named(seen, wanted.text))
    )


def _is_named(order: Seen, text: str) -> bool:
    folded = fold(text)
    return order.entity.id == text.strip() or (bool(folded) and folded in text_of(order, "code"))


class MemoryProducts(_List, MirroredProducts):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, EntityKind.PRODUCT)

    async def page(
        self, store_id: StoreId, wanted: ProductFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        rows = [seen for seen in self.rows(store_id) if _product_fits(seen, wanted)]
        searched = words(wanted.text or "")
        return _best_first(rows, searched, after, limit) if searched else _by_id(rows, after, limit)


def _product_fits(seen: Seen, wanted: ProductFilter) -> bool:
    asked = seen.columns.get("sale_price") or seen.columns.get("price")
    return (
        (wanted.price_from is None or (isinstance(asked, Decimal) and asked >= wanted.price_from))
        and (wanted.price_to is None or (isinstance(asked, Decimal) and asked <= wanted.price_to))
        and (wanted.in_stock is None or _in_stock(seen) is wanted.in_stock)
        and (wanted.category_id is None or wanted.category_id in _categories(seen))
        and (wanted.published is None or seen.columns.get("is_published") is wanted.published)
    )


def _categories(product: Seen) -> list[str]:
    named = product.columns.get("category_ids")
    return named.split(",") if isinstance(named, str) else []


def _in_stock(product: Seen) -> bool:
    quantity = product.columns.get("quantity")
    return product.columns.get("is_infinite") is True or (isinstance(quantity, int) and quantity > 0)


class MemoryCustomers(_List, MirroredCustomers):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, EntityKind.CUSTOMER)

    async def page(
        self, store_id: StoreId, wanted: CustomerFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        searched = words_or_numbers(wanted.text or "")
        found = [seen for seen in self.rows(store_id) if _lives_in(seen, wanted.city)]
        found = [seen for seen in found if all(word in text_of(seen, "name", "email", "mobile") for word in searched)]
        return _newest_first(found, after, limit)


def _lives_in(customer: Seen, city: str | None) -> bool:
    known = customer.columns.get("city")
    return city is None or (known is not None and fold(str(known)) == fold(city))


class MemoryCategories(_List, MirroredCategories):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, EntityKind.CATEGORY)

    async def page(self, store_id: StoreId, *, after: Position | None = None, limit: int = 50) -> Page[Seen]:
        return _by_id(self.rows(store_id), after, limit)


class MemoryCarts(_List, MirroredCarts):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database, EntityKind.CART)

    async def page(
        self, store_id: StoreId, *, phase: str | None = None, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        found = [seen for seen in self.rows(store_id) if phase in {None, seen.columns.get("phase")}]
        return _newest_first(found, after, limit)


def _newest_first(rows: Iterable[Seen], after: Position | None, limit: int) -> Page[Seen]:
    def place(seen: Seen) -> tuple[datetime, str]:
        return created(seen) or BEGINNING, seen.entity.id

    older = sorted(rows, key=place, reverse=True)
    if after is not None:
        end = (after.time or BEGINNING, after.id)
        older = [seen for seen in older if place(seen) < end]
    return Page.cut(older, limit, lambda seen: by_time(created(seen), seen.entity.id))


def _by_id(rows: Iterable[Seen], after: Position | None, limit: int) -> Page[Seen]:
    return page_by_id(sorted(rows, key=_id), _id, after, limit)


def page_by_id(rows: Sequence[T], id_of: Callable[[T], str], after: Position | None, limit: int) -> Page[T]:
    """The rows are in the order of their ids."""
    end = after.bare_id if after else ""
    rest = [row for row in rows if after is None or id_of(row) > end]
    return Page.cut(rest, limit, lambda row: Position("", id_of(row)))


def _id(seen: Seen) -> str:
    return seen.entity.id


def _best_first(rows: Iterable[Seen], searched: Sequence[str], after: Position | None, limit: int) -> Page[Seen]:
    ranked = []
    for seen in rows:
        text = text_of(seen, "name_ar", "name_en", "sku")
        rank = word_similarity(" ".join(searched), text)
        if rank > THRESHOLD or all(word in text for word in searched):
            ranked.append((-rank, seen.entity.id, seen))
    ranked.sort(key=lambda found: found[:2])
    if after is not None:
        end = (-after.rank, after.id)
        ranked = [found for found in ranked if found[:2] > end]
    page = Page.cut(ranked, limit, lambda found: Position(repr(-found[0]), found[1]))
    return Page([found[2] for found in page.items], page.next)
