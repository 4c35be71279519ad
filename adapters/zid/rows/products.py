"""Products (products family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import one
from adapters.zid.encoding import filters
from adapters.zid.headers import Family
from adapters.zid.listings import linked
from adapters.zid.route import Route, Table
from core.domain.operations.products import GetProduct, ListProducts
from core.domain.results.product import Product

_PRODUCTS: Final = "/v1/products/"
_PRODUCT: Final = _PRODUCTS + "{product_id}/"

_FILTERS: Final = filters(
    "product_class",
    "is_published",
    "search",
    "ordering",
    "extended",
    "structure",
    "barcode",
    "in_stock",
    "quantity",
    "attribute_values",
    "is_infinite",
    "deleted",
    without_sale_price="sale_price__isnull",
    price_than="search_price_type",
    price_value="search_price_value",
    quantity_than="search_quantity_type",
    quantity_value="search_quantity_value",
    location_ids="locations",
    ids="id__in",
)

ROWS: Final[Table] = MappingProxyType(
    {
        ListProducts: linked(_PRODUCTS, Product.read, query=_FILTERS),
        GetProduct: Route("GET", Family.PRODUCTS, _PRODUCT, one(Product.read, "product")),
    }
)
