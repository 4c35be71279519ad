"""What happens to products and categories."""

from __future__ import annotations

import orjson

from sandbox.events.changes import create, delete, merge, update
from sandbox.events.trigger import TriggerError, chosen
from sandbox.generation.categories import new_category
from sandbox.generation.products import new_product, set_price, set_quantity
from sandbox.sandbox import Sandbox
from sandbox.world.records import Entity, Json, Store


def product_created(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """A new product; `data` may set price, quantity, sale_price, name and anything else."""
    product = make_product(sandbox, store, sandbox.world.now())
    return create(sandbox, store, "products", _with_data(product, data)), None


def make_product(sandbox: Sandbox, store: Store, at: float) -> Json:
    """A product document in one of the store's categories."""
    category = sandbox.world.shelves.pick(store.id, "categories", sandbox.world.rng, lambda _: True)
    return new_product(sandbox.world, store, at, [orjson.loads(category.body)] if category else [])


def product_changed(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """`data` over a product (or variant) with `data.id`; without data, a new price or quantity of a random one."""
    entity = chosen(sandbox, store, "products", data)
    product = orjson.loads(entity.body)
    target = _target(product, data)
    changes = {key: value for key, value in data.items() if key != "id"}
    _with_data(target, changes or _random_change(sandbox, target))
    update(sandbox, entity, product)
    return entity, None


def product_published(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """A product becomes visible (or what `data.is_published` says)."""
    return product_changed(sandbox, store, {"is_published": True} | data)


def product_deleted(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    return delete(sandbox, chosen(sandbox, store, "products", data)), None


def category_created(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    return create(sandbox, store, "categories", merge(new_category(sandbox.world, store), data)), None


def category_changed(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    """`data` over a category; without data it is published or hidden."""
    entity = chosen(sandbox, store, "categories", data)
    category = orjson.loads(entity.body)
    changes = {key: value for key, value in data.items() if key != "id"}
    update(sandbox, entity, merge(category, changes or {"is_published": not category["is_published"]}))
    return entity, None


def category_deleted(sandbox: Sandbox, store: Store, data: Json) -> tuple[Entity, Json | None]:
    return delete(sandbox, chosen(sandbox, store, "categories", data)), None


def _target(product: Json, data: Json) -> Json:
    """The variant that was asked for, or else where a product's stock is: its first variant, or itself."""
    asked = str(data.get("id", product["id"]))
    target: Json = next((variant for variant in product["variants"] if variant["id"] == asked), product)
    if target is product and product["variants"] and "quantity" in data:
        target = product["variants"][0]
    return target


def _random_change(sandbox: Sandbox, product: Json) -> Json:
    rng = sandbox.world.rng
    if rng.random() < 0.5 or product["variants"]:
        return {"price": round(product["price"] * rng.choice((0.9, 1.1, 1.25)), 2)}
    return {"quantity": rng.randint(0, 80)}


def _with_data(product: Json, data: Json) -> Json:
    """Merges `data` and lets everything that repeats price and quantity follow."""
    merge(product, {key: value for key, value in data.items() if key not in ("price", "quantity")})
    if (price := data.get("price")) is not None or "sale_price" in data:
        set_price(product, _number("price", product["price"] if price is None else price))
    if data.get("quantity") is not None:
        set_quantity(product, int(_number("quantity", data["quantity"])))
    return product


def _number(name: str, value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        raise TriggerError(f"data.{name}", f"{name} must be a number, not {value!r}") from None
    if number < 0:
        raise TriggerError(f"data.{name}", f"{name} must not be negative")
    return number
