"""Products and their variants (products family)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from adapters.zid.answers import many, nothing, one
from adapters.zid.encoding import Parts, as_json, as_multipart, filters, number, record
from adapters.zid.headers import Family
from adapters.zid.listings import linked
from adapters.zid.route import Route, Table
from core.domain.keep import Keep
from core.domain.operations.product_writes import (
    ArrangeProducts,
    CombineVariants,
    CreateProduct,
    DeleteProduct,
    ExportProducts,
    GetProductSettings,
    ImportProducts,
    LocationStock,
    ProductFields,
    ResetArrangement,
    SetVariants,
    UpdateProduct,
    UpdateProducts,
    VariantFields,
    Weight,
)
from core.domain.operations.products import GetProduct, ListProducts
from core.domain.results.product import Product
from core.domain.results.product_settings import ProductSettings

PRODUCTS_PATH: Final = "/v1/products/"
_PRODUCT: Final = PRODUCTS_PATH + "{product_id}/"

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


def stock_row(stock: LocationStock) -> Parts:
    """A stock row as Zid takes it; infinite stock has no quantity."""
    return {
        "location": stock.location_id,
        "available_quantity": None if stock.is_infinite else stock.quantity,
        "is_infinite": stock.is_infinite,
    }


def _product(made_of: ProductFields) -> Parts:
    whole = record(made_of)
    del whole["more"]
    whole["weight"] = _weight(made_of.weight)
    if not isinstance(made_of.variants, Keep):
        whole["variants"] = [_variant(variant) for variant in made_of.variants]
    return {**whole, **made_of.more}


def _variant(variant: VariantFields) -> Parts:
    whole = record(variant)
    whole["weight"] = _weight(variant.weight)
    if not isinstance(variant.stocks, Keep):
        whole["stocks"] = [stock_row(stock) for stock in variant.stocks]
    if not isinstance(variant.attributes, Keep):
        whole["attributes"] = [record(attribute) for attribute in variant.attributes]
    return whole


def _weight(weight: Weight | Keep | None) -> object:
    return record(weight) if isinstance(weight, Weight) else weight


def _arrangement(wanted: ArrangeProducts) -> Parts:
    within = {"category": number(wanted.category_id)} if wanted.category_id else {}
    return {"products": list(wanted.product_ids), **within}


def _import(wanted: ImportProducts) -> Parts:
    """Deleting all that is there is asked for by name, never by default."""
    deleting = {"delete_old_products": "true"} if wanted.delete_old_products else {}
    return {"file": wanted.file, "response_type": wanted.response_type, **deleting}


ROWS: Final[Table] = MappingProxyType(
    {
        ListProducts: linked(PRODUCTS_PATH, Product.read, query=_FILTERS),
        GetProduct: Route("GET", Family.PRODUCTS, _PRODUCT, one(Product.read, "product")),
        CreateProduct: Route(
            "POST",
            Family.PRODUCTS,
            PRODUCTS_PATH,
            one(Product.read, "product"),
            payload=as_json(lambda wanted: _product(wanted.fields)),
        ),
        UpdateProduct: Route(
            "PATCH",
            Family.PRODUCTS,
            _PRODUCT,
            one(Product.read, "product"),
            payload=as_json(lambda wanted: _product(wanted.fields)),
        ),
        UpdateProducts: Route(
            "PATCH",
            Family.PRODUCTS,
            PRODUCTS_PATH,
            many(Product.read, "results", "products"),
            payload=as_json(lambda wanted: [{"id": one.id, **_product(one.fields)} for one in wanted.changes]),
        ),
        DeleteProduct: Route("DELETE", Family.PRODUCTS, _PRODUCT, nothing),
        GetProductSettings: Route(
            "GET", Family.PRODUCTS, PRODUCTS_PATH + "settings/", one(ProductSettings.read, "settings")
        ),
        ArrangeProducts: Route(
            "POST", Family.PRODUCTS, PRODUCTS_PATH + "ordering/", nothing, payload=as_json(_arrangement)
        ),
        ResetArrangement: Route("DELETE", Family.PRODUCTS, PRODUCTS_PATH + "ordering/", nothing),
        ExportProducts: Route("POST", Family.PRODUCTS, PRODUCTS_PATH + "export/", nothing),
        ImportProducts: Route(
            "POST", Family.PRODUCTS, PRODUCTS_PATH + "import/", nothing, payload=as_multipart(_import)
        ),
        SetVariants: Route(
            "POST",
            Family.PRODUCTS,
            _PRODUCT + "variants/",
            one(Product.read, "product"),
            payload=as_json(lambda wanted: {"variants": [_variant(variant) for variant in wanted.variants]}),
        ),
        CombineVariants: Route(
            "POST",
            Family.PRODUCTS,
            _PRODUCT + "options/",
            one(Product.read, "product"),
            payload=as_json(lambda wanted: {"options": [record(option) for option in wanted.options]}),
        ),
    }
)
