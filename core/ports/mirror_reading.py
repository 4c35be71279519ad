"""Lists and single entities from the mirror, one port per noun.

Every list is of one store, holds no tombstones, and goes on after `after`: pages that
follow each other contain each row once, but for rows whose sort value changed meanwhile.
All raise Unavailable, and BadCursor for the position of another list.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from core.domain.keyset import Page, Position
from core.domain.mirror_queries import CustomerFilter, OrderFilter, ProductFilter, Seen, Spending
from core.ids import StoreId


class MirroredOrders(Protocol):
    """Orders as last seen."""

    @abstractmethod
    async def page(
        self, store_id: StoreId, wanted: OrderFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        """Newest first by creation; orders without a time last."""

    @abstractmethod
    async def get(self, store_id: StoreId, order_id: str) -> Seen | None:
        """None when it was never seen or was deleted."""

    @abstractmethod
    async def spending(self, store_id: StoreId, customer_id: str) -> Spending:
        """A customer's order history in numbers; all zero for a customer who is not known."""


class MirroredProducts(Protocol):
    """Products as last seen."""

    @abstractmethod
    async def page(
        self, store_id: StoreId, wanted: ProductFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        """By id; with a text the best match first.

        A product matches a text when every word of it is part of its names or SKU, or
        when it reads nearly like it (a mistyped letter in a word of some length).
        """

    @abstractmethod
    async def get(self, store_id: StoreId, product_id: str) -> Seen | None:
        """None when it was never seen or was deleted."""


class MirroredCustomers(Protocol):
    """Customers as last seen."""

    @abstractmethod
    async def page(
        self, store_id: StoreId, wanted: CustomerFilter, *, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        """Newest first. Every word of a text must be part of the name, mobile or e-mail (05… finds 9665…)."""

    @abstractmethod
    async def get(self, store_id: StoreId, customer_id: str) -> Seen | None:
        """None when they were never seen or were deleted."""


class MirroredCategories(Protocol):
    """Categories as last seen."""

    @abstractmethod
    async def page(self, store_id: StoreId, *, after: Position | None = None, limit: int = 50) -> Page[Seen]:
        """By id."""

    @abstractmethod
    async def get(self, store_id: StoreId, category_id: str) -> Seen | None:
        """None when it was never seen or was deleted."""


class MirroredCarts(Protocol):
    """Abandoned carts as last seen."""

    @abstractmethod
    async def page(
        self, store_id: StoreId, *, phase: str | None = None, after: Position | None = None, limit: int = 50
    ) -> Page[Seen]:
        """Newest first, of one phase or of all."""

    @abstractmethod
    async def get(self, store_id: StoreId, cart_id: str) -> Seen | None:
        """None when it was never seen or was deleted."""
