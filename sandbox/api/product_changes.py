"""What requests may set on a product, and what follows from it."""

from __future__ import annotations

from sandbox.api.fields import Fields
from sandbox.generation.locations import locations_of, stock_row
from sandbox.generation.products import set_price, set_quantity, stock
from sandbox.generation.vocabulary import PRODUCT_CLASSES
from sandbox.world.records import Json, Store
from sandbox.world.world import World

_FLAGS = ("is_draft", "requires_shipping", "is_taxable", "is_published")
_TEXTS = ("sku", "barcode", "slug", "related_products_settings")
_TRANSLATED = ("name", "description", "short_description", "related_products_title")
_NULLABLE = ("sale_price", "cost", "badge", "seo", "display_order", "group_products", "purchase_restrictions")
_AS_SENT = ("keywords", "weight", "seo", "badge", "meta", "purchase_restrictions", "group_products", "metafields")


def read_changes(fields: Fields) -> Json:
    """The known fields that were sent and make sense; the rest is ignored, what is wrong is noted in `fields`."""
    sent = fields.document
    changes: Json = {name: fields.flag(name) for name in (*_FLAGS, "is_infinite") if name in sent}
    changes |= {name: fields.text(name) for name in _TEXTS if name in sent}
    changes |= {name: fields.translated(name) for name in _TRANSLATED if name in sent}
    changes |= {name: fields.number(name) for name in ("price", "sale_price", "cost") if name in sent}
    changes |= {name: fields.whole(name) for name in ("quantity", "display_order") if name in sent}
    if "product_class" in sent:
        changes["product_class"] = fields.choice("product_class", PRODUCT_CLASSES)
    changes |= {name: sent[name] for name in _AS_SENT if name in sent}
    name = changes.get("name")
    if name is not None and not any(name.values()):
        fields.fail("name", "This field may not be blank.")
    cleared = {name for name in _NULLABLE if name in sent and sent[name] is None}
    return {name: value for name, value in changes.items() if value is not None or name in cleared}


def apply_changes(world: World, store: Store, part: Json, changes: Json, *, echo: str) -> Json:
    """Sets `changes` on a product or variant, with the strings, rows and sums that repeat price and quantity."""
    special = ("price", "quantity", "is_infinite")
    part.update({name: value for name, value in changes.items() if name not in special})
    if "price" in changes or "sale_price" in changes:
        set_price(part, part["price"] if changes.get("price") is None else changes["price"])
    if changes.get("is_infinite") is not None or changes.get("quantity") is not None:
        _set_stock(world, store, part, changes, echo)
    return part


def _set_stock(world: World, store: Store, part: Json, changes: Json, echo: str) -> None:
    """A quantity goes to the default location, so that the sum over several is another number (U14)."""
    rows = part["stocks"] or first_rows(world, store)
    quantity, is_infinite = changes.get("quantity"), changes.get("is_infinite")
    if is_infinite:
        rows = [row | {"is_infinite": True, "available_quantity": None} for row in rows]
        stock(part, rows)
        return
    rows = [row | {"is_infinite": False, "available_quantity": row["available_quantity"] or 0} for row in rows]
    stock(part, rows)
    if quantity is None:
        return
    if echo == "sent":
        set_quantity(part, quantity)
    else:
        _row_of_default(world, store, rows)["available_quantity"] = quantity
        stock(part, rows)


def first_rows(world: World, store: Store) -> list[Json]:
    """Nothing in stock, everywhere."""
    return [stock_row(world, location, 0, is_infinite=False) for location in locations_of(world, store)]


def _row_of_default(world: World, store: Store, rows: list[Json]) -> Json:
    default = next((location["id"] for location in locations_of(world, store) if location["is_default"]), None)
    return next((row for row in rows if row["location"]["id"] == default), rows[0])
