"""GET of products and their stock: the products family with its slashes, uuids and http:// pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

import orjson

from sandbox.api.answers import Answer, BadRequestError, InvalidError, NotFoundError
from sandbox.api.gateway import Call
from sandbox.api.localization import flatten
from sandbox.api.paging import page_of, visible, whole
from sandbox.world.records import Entity, Json

# The list has these not, unless `extended` brings the variants back.
_DETAIL_ONLY = (
    "variants",
    "description",
    "custom_user_input_fields",
    "custom_option_fields",
    "options",
    "related_products",
    "next_product",
    "previous_product",
)
_CLASSES = ("voucher", "grouped_product", "downloadable", "dynamic_bundle", "donation_item", "crowdfunding_project")
_COUNTERS = (
    "voucher_products_count",
    "grouped_products_count",
    "downloadable_products_count",
    "dynamic_bundle_products_count",
    "donation_item_count",
    "crowd_funding_count",
)
_TRUE = ("true", "1", "True")


def list_products(call: Call) -> Answer:
    """One page with `next` and `previous`; page_size is capped, not refused."""
    page, size = _page(call, cap=int(call.sandbox.knobs.number("products.page_size_cap")))
    seen, fits = _seen(call), _filter(call)
    chosen = _ordered(call, [entity for entity in seen if fits(entity)])
    rows = [_list_row(call, entity) for entity in page_of(chosen, page, size, call.sandbox.knobs)]
    return Answer(document=_counters(seen) | page_links(call, len(chosen), page, size) | {"results": rows})


def view_product(call: Call) -> Answer:
    """One product, or one variant by its own id."""
    return Answer(document=_shown(call, _product(call)))


def list_stocks(call: Call) -> Answer:
    """The stock rows of a product or variant, one per location."""
    rows = _product(call)["stocks"]
    page, size = _page(call, cap=100)
    shown = [_shown(call, row) for row in page_of(rows, page, size, call.sandbox.knobs)]
    return Answer(document=page_links(call, len(rows), page, size) | {"results": shown})


def view_stock(call: Call) -> Answer:
    """One stock row."""
    wanted = call.incoming.params["stock"]
    for row in _product(call)["stocks"]:
        if row["id"] == wanted:
            return Answer(document=_shown(call, row))
    raise NotFoundError


def page_links(call: Call, count: int, page: int, size: int) -> Json:
    """`count`, `next`, `previous`; the URLs say http:// whatever was asked."""
    last = max(1, -(-count // size))

    def link(number: int) -> str | None:
        if not 1 <= number <= last:
            return None
        query = urlencode(dict(call.query) | {"page": str(number), "page_size": str(size)})
        return f"http://{call.incoming.host}{call.incoming.path}?{query}"

    return {"next": link(page + 1), "previous": link(page - 1), "count": count}


def _page(call: Call, cap: int) -> tuple[int, int]:
    try:
        return whole(call.query, "page", 1), whole(call.query, "page_size", 10, most=cap)
    except InvalidError as refusal:
        raise BadRequestError(refusal.fields) from None


def _seen(call: Call) -> list[Entity]:
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "products")
    return [entity for entity in shelf.values() if _body(call, entity) is not None]


def _body(call: Call, entity: Entity) -> bytes | None:
    return visible(entity, call.sandbox.world.now(), call.sandbox.knobs.number("lag_ms") / 1_000)


def _product(call: Call) -> Json:
    wanted = call.incoming.params["id"]
    entity = call.sandbox.world.shelves.find(call.store.id, "products", wanted)
    body = None if entity is None else _body(call, entity)
    if body is None:
        raise NotFoundError
    product: Json = orjson.loads(body)
    return next((variant for variant in product["variants"] if variant["id"] == wanted), product)


def _list_row(call: Call, entity: Entity) -> Json:
    product = orjson.loads(_body(call, entity) or entity.body)
    hidden = _DETAIL_ONLY[1:] if call.query.get("extended") in _TRUE else _DETAIL_ONLY
    return _shown(call, {key: value for key, value in product.items() if key not in hidden})


def _shown(call: Call, document: Json) -> Json:
    """{ar, en} objects for managers, plain strings for `Role: Customer`."""
    language = call.incoming.language
    is_customer = call.incoming.headers.get("Role", "Manager").lower() == "customer"
    if not is_customer or (language == "all" and call.sandbox.knobs.text("lang.all") == "object"):
        return document
    plain: Json = flatten(document, "en" if language == "all" else language)
    return plain


def _filter(call: Call) -> Callable[[Entity], bool]:
    """Every filter of the query as one question, read once."""
    query, knobs = call.query, call.sandbox.knobs
    checks = [(check, query[name]) for name, check in _FILTERS.items() if name in query]
    is_everything = "is_published" in query or knobs.flag("products.list_unpublished")
    words = query.get("search", "") if knobs.text("products.search") == "by_name" else ""
    ids = _asked_ids(call)

    def fits(entity: Entity) -> bool:
        facets = entity.facets
        if not (is_everything or facets["is_published"]) or words not in facets["name"]:
            return False
        return (ids is None or entity.id in ids) and all(check(value, facets) for check, value in checks)

    return fits


_FILTERS: Mapping[str, Callable[[str, Json], bool]] = {
    "is_published": lambda value, facets: facets["is_published"] is (value in _TRUE),
    "product_class": lambda value, facets: (facets["product_class"] or "") == value,
    "structure": lambda value, facets: facets["structure"] == value,
    "barcode": lambda value, facets: facets["barcode"] == value,
    "is_infinite": lambda value, facets: facets["is_infinite"] is (value in _TRUE),
    "quantity": lambda value, facets: str(facets["quantity"]) == value,
    "in_stock": lambda value, facets: bool(facets["is_infinite"] or facets["quantity"]) is (value in _TRUE),
}


def _asked_ids(call: Call) -> set[str] | None:
    """`id__in` takes known ids only: an unknown one is 400 for the whole list, as seen live."""
    if not call.query.get("id__in"):
        return None
    wanted = set(call.query["id__in"].split(","))
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "products")
    unknown = sorted(number for number in wanted if number not in shelf or shelf[number].deleted)
    if unknown:
        raise BadRequestError({"id__in": [f"Select a valid choice. {unknown[0]} is not one of the available choices."]})
    return wanted


def _ordered(call: Call, entities: list[Entity]) -> Sequence[Entity]:
    ordering = call.query.get("ordering", "-created_at")
    if ordering.lstrip("-") == "updated_at":
        return sorted(entities, key=lambda entity: entity.updated, reverse=ordering.startswith("-"))
    return sorted(entities, key=lambda entity: entity.created, reverse=ordering.startswith("-"))


def _counters(entities: list[Entity]) -> Json:
    by_class = {
        counter: sum(entity.facets["product_class"] == name for entity in entities)
        for name, counter in zip(_CLASSES, _COUNTERS, strict=True)
    }
    normal = len(entities) - sum(by_class.values())
    return {"total_products_count": len(entities), "normal_products_count": normal, **by_class}
