"""Reading products (docs group "managing products")."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from core.domain.operations.operation import Listing, Operation
from core.domain.results.product import Product


class ProductClass(StrEnum):
    """Zid's `product_class`; a standard product has none."""

    GROUPED = "grouped_product"
    VOUCHER = "voucher"
    DOWNLOADABLE = "downloadable"
    CROWDFUNDING = "crowdfunding_project"
    DONATION = "donation_item"
    BUNDLE = "dynamic_bundle"


class Structure(StrEnum):
    STANDALONE = "standalone"
    PARENT = "parent"
    CHILD = "child"


class ProductOrdering(StrEnum):
    CREATED = "created_at"
    NEWEST = "-created_at"
    UPDATED = "updated_at"
    LAST_UPDATED = "-updated_at"


class Than(StrEnum):
    """How a price or a quantity is compared."""

    GREATER = "gt"
    LESS = "lt"
    EQUAL = "eq"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProducts(Listing[Product]):
    """Products with their variants, by creation, so that an edit never moves one between pages.

    Zid has no "changed since" filter: read `ordering=LAST_UPDATED` down to the last known time.
    `search` was seen to be ignored by Zid (X35), and an unknown id in `ids` is refused.
    """

    product_class: ProductClass | None = None
    is_published: bool | None = None
    search: str | None = None
    ordering: ProductOrdering = ProductOrdering.CREATED
    extended: bool = True
    structure: Structure | None = None
    barcode: str | None = None
    in_stock: bool | None = None
    quantity: int | None = None
    without_sale_price: bool | None = None
    price_than: Than | None = None
    price_value: Decimal | None = None
    quantity_than: Than | None = None
    quantity_value: int | None = None
    location_ids: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    attribute_values: tuple[str, ...] = ()
    is_infinite: bool | None = None
    deleted: bool | None = None
    scope: ClassVar[str] = "products.read"
    most_per_page: ClassVar[int] = 50


@dataclass(frozen=True, slots=True)
class GetProduct(Operation[Product]):
    """One product with its variants (GET /v1/products/{uuid}/)."""

    product_id: str
    scope: ClassVar[str] = "products.read"
