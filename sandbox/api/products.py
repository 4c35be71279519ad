"""GET of products: the products family with its slashes, uuids and http:// pages."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.api.answers import Answer, NotFoundError
from sandbox.api.gateway import Call
from sandbox.api.localization import flatten
from sandbox.api.pages import page_asked, page_links
from sandbox.api.paging import page_of
from sandbox.api.product_filters import TRUE, asked_for
from sandbox.api.reading import body_of, document_of, seen
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
_COUNTERS = {
    "voucher": "voucher_products_count",
    "grouped_product": "grouped_products_count",
    "downloadable": "downloadable_products_count",
    "dynamic_bundle": "dynamic_bundle_products_count",
    "donation_item": "donation_item_count",
    "crowdfunding_project": "crowd_funding_count",
}


def list_products(call: Call) -> Answer:
    """One page with `next` and `previous`; page_size is capped, not refused."""
    page, size = page_asked(call, int(call.sandbox.knobs.number("products.page_size_cap")))
    everything, fits = seen(call, "products"), asked_for(call)
    chosen = _ordered(call, [entity for entity in _with_deleted(call, everything) if fits(entity)])
    rows = [_list_row(call, entity) for entity in page_of(chosen, page, size, call.sandbox.knobs)]
    return Answer(document=_counters(everything) | page_links(call, len(chosen), page, size) | {"results": rows})


def view_product(call: Call) -> Answer:
    """One product, or one variant by its own id."""
    return Answer(document=shown(call, product_seen(call)))


def product_settings(call: Call) -> Answer:
    return Answer(document={"settings": call.store.shop["product_settings"]})


def product_seen(call: Call) -> Json:
    """The product or variant that the path names; raises NotFoundError."""
    wanted = call.incoming.params["id"]
    entity = call.sandbox.world.shelves.find(call.store.id, "products", wanted)
    if entity is None or body_of(call, entity) is None:
        raise NotFoundError
    return part_named(document_of(call, entity), wanted)


def part_named(product: Json, wanted: str) -> Json:
    """A product itself, or its variant with that id; raises NotFoundError when it is neither any more."""
    if product["id"] == wanted:
        return product
    for variant in product["variants"]:
        if variant["id"] == wanted:
            part: Json = variant
            return part
    raise NotFoundError


def shown(call: Call, document: Json) -> Json:
    """{ar, en} objects for managers, plain strings for `Role: Customer`."""
    language = call.incoming.language
    is_customer = call.incoming.headers.get("Role", "Manager").lower() == "customer"
    if not is_customer or (language == "all" and call.sandbox.knobs.text("lang.all") == "object"):
        return document
    plain: Json = flatten(document, "en" if language == "all" else language)
    return plain


def _list_row(call: Call, entity: Entity) -> Json:
    product = document_of(call, entity)
    hidden = _DETAIL_ONLY[1:] if call.query.get("extended") in TRUE else _DETAIL_ONLY
    row = {key: value for key, value in product.items() if key not in hidden}
    if row["product_class"] == "voucher":
        vouchers = seen(call, "vouchers")
        row["vouchers_count"] = sum(voucher.facets["product_id"] == entity.id for voucher in vouchers)
    return shown(call, row)


def _with_deleted(call: Call, everything: list[Entity]) -> list[Entity]:
    """`deleted=true` asks for what is gone, instead of what is there."""
    if call.query.get("deleted") not in TRUE:
        return everything
    shelf = call.sandbox.world.shelves.shelf(call.store.id, "products")
    return [entity for entity in shelf.values() if entity.deleted]


def _ordered(call: Call, entities: list[Entity]) -> Sequence[Entity]:
    ordering = call.query.get("ordering", "-created_at")
    if ordering.lstrip("-") == "updated_at":
        return sorted(entities, key=lambda entity: entity.updated, reverse=ordering.startswith("-"))
    return sorted(entities, key=lambda entity: entity.created, reverse=ordering.startswith("-"))


def _counters(entities: list[Entity]) -> Json:
    by_class = {
        counter: sum(entity.facets["product_class"] == name for entity in entities)
        for name, counter in _COUNTERS.items()
    }
    normal = len(entities) - sum(by_class.values())
    return {"total_products_count": len(entities), "normal_products_count": normal, **by_class}
