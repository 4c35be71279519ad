"""Made-up products, shaped as the recorded product detail, with stock per location."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.generation.blanks import blank
from sandbox.generation.categories import in_product
from sandbox.generation.formats import formatted_price, iso_micros
from sandbox.generation.locations import locations_of, stock_row
from sandbox.generation.vocabulary import PRICES, PRODUCT_CLASSES, PRODUCTS, SIZES
from sandbox.world.records import Json, Store
from sandbox.world.world import World

Names = tuple[str, str]

# Keys of the detail that variants do not have.
_DETAIL_LISTS = ("custom_user_input_fields", "custom_option_fields", "options", "related_products", "variants")


def new_product(world: World, store: Store, at: float, categories: Sequence[Json] = ()) -> Json:
    """A product created at `at`: mostly standalone, one in five a parent with three sizes."""
    rng = world.rng
    names = rng.choice(PRODUCTS)
    product = _core(world, store, names, float(rng.choice(PRICES)), at)
    product.update({key: [] for key in _DETAIL_LISTS})
    product.update(next_product=None, previous_product=None)
    product["description"] = {"ar": f"<p>{names[0]}</p>", "en": names[1]}
    product["categories"] = [in_product(category) for category in categories[:2]]
    product["is_published"] = rng.random() < 0.9
    if rng.random() < 0.15:
        product["sale_price"] = round(product["price"] * 0.8, 2)
        set_price(product, product["price"])
    if rng.random() < 0.2:
        return _as_parent(world, store, product, names, at)
    if rng.random() < 0.08:
        product["product_class"] = rng.choice(PRODUCT_CLASSES)
        product["requires_shipping"] = product["product_class"] not in ("voucher", "downloadable")
    return stock(product, _stock_rows(world, store))


def bare_product(world: World, store: Store, name: Json, at: float) -> Json:
    """A product of that name which costs nothing and is nowhere in stock yet."""
    arabic, english = name["ar"] or name["en"], name["en"] or name["ar"]
    product = _core(world, store, (arabic, english), 0.0, at)
    product.update({key: [] for key in _DETAIL_LISTS})
    product.update(name=name, next_product=None, previous_product=None, description={"ar": "", "en": ""})
    return product


def bare_variant(world: World, store: Store, parent: Json, at: float) -> Json:
    """A variant of `parent` without attributes or stock."""
    names = tuple(parent["name"].get(language) or "" for language in ("ar", "en"))
    variant = _core(world, store, (names[0], names[1]), parent["price"], at)
    variant.update(parent_id=parent["id"], structure="child", seo=None, meta=None, attributes=[])
    return variant | {"is_published": parent["is_published"], "is_draft": parent["is_draft"]}


def chosen_value(world: World, variant: Json, attribute: Json, value: Json) -> Json:
    """What a variant says of one of its attributes."""
    chosen = blank("attribute") | {"id": world.new_uuid(), "attribute_id": attribute["id"]}
    name = attribute["name"]["ar"] or attribute["name"]["en"]
    chosen.update(slug=attribute["slug"], name=name, value=value, product_id=variant["id"])
    return chosen


def _core(world: World, store: Store, names: Names, price: float, at: float) -> Json:
    """The keys that parents and variants share."""
    slug = names[0].replace(" ", "-")
    core = blank("product") | {"id": world.new_uuid(), "sku": f"Z.{world.rng.randrange(10**16):016d}"}
    core.update(name={"ar": names[0], "en": names[1]}, slug=slug, html_url=f"{store.url}/products/{slug}")
    core.update(store_id=store.id, created_at=iso_micros(at), updated_at=iso_micros(at), is_published=True)
    set_price(core, price)
    return core


def _as_parent(world: World, store: Store, product: Json, names: Names, at: float) -> Json:
    """Three variants carry the stock; the parent's own quantity stays 0, as recorded."""
    attribute = world.new_uuid()
    choices = [size[0] for size in SIZES]
    product.update(structure="parent", has_options=True, quantity=0, stocks=[])
    product["options"] = [{"id": attribute, "name": "المقاس", "slug": "المقاس", "choices": choices}]
    product["variants"] = [_variant(world, store, product, names, size, attribute, at) for size in SIZES]
    return product


def _variant(world: World, store: Store, parent: Json, names: Names, size: Names, attribute: str, at: float) -> Json:
    own_names = (f"{names[0]} - {size[0]}", f"{names[1]} - {size[1]}")
    variant = _core(world, store, own_names, parent["price"], at)
    variant.update(parent_id=parent["id"], structure="child", seo=None, meta=None)
    chosen = blank("attribute") | {"id": world.new_uuid(), "attribute_id": attribute}
    chosen.update(slug="المقاس", name="المقاس", value={"ar": size[0], "en": size[1]}, product_id=variant["id"])
    variant.update(attributes=[chosen], is_published=parent["is_published"])
    return stock(variant, _stock_rows(world, store))


def _stock_rows(world: World, store: Store) -> list[Json]:
    rows = [
        stock_row(world, location, world.rng.randint(0, 60), is_infinite=False)
        for location in locations_of(world, store)
    ]
    if rows and world.rng.random() < 0.1:
        rows[0].update(available_quantity=None, is_infinite=True)
    return rows


def stock(product: Json, rows: list[Json]) -> Json:
    """Sets the stock rows and the aggregates that follow: infinite anywhere makes the quantity null."""
    is_infinite = any(row["is_infinite"] for row in rows)
    quantity = None if is_infinite else sum(row["available_quantity"] or 0 for row in rows)
    product.update(stocks=rows, is_infinite=is_infinite, quantity=quantity)
    return product


def set_quantity(product: Json, quantity: int) -> None:
    """Spreads `quantity` over the locations so that the rows add up to it."""
    rows = [{**row, "is_infinite": False} for row in product["stocks"]]
    rest = quantity
    for row in reversed(rows[1:]):
        row["available_quantity"] = min(row["available_quantity"] or 0, rest)
        rest -= row["available_quantity"]
    if rows:
        rows[0]["available_quantity"] = rest
    stock(product, rows)
    product["quantity"] = quantity


def set_price(product: Json, price: float) -> None:
    """Sets the price with the strings that repeat it."""
    product["price"] = price
    product["formatted_price"] = formatted_price(price)
    product["formatted_sale_price"] = formatted_price(product["sale_price"])
