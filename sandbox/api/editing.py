"""A product in the hands of a request: the entity, its document, and the part of it that the path names."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from sandbox.api.answers import BadRequestError, NotFoundError
from sandbox.api.changing import change
from sandbox.api.gateway import Call
from sandbox.api.products import part_named
from sandbox.world.records import Entity, Json


@dataclass(frozen=True, slots=True)
class Editing:
    """`part` is the product itself or one of its variants, within `product`."""

    call: Call
    entity: Entity
    product: Json
    part: Json

    def save(self, *, of_stock: bool = False) -> Json:
        """Writes the product back and tells of it: product.publish when it became visible, else product.update."""
        became_visible = self.product["is_published"] and not self.entity.facets["is_published"]
        silent = of_stock and not self.call.sandbox.knobs.flag("webhook.stock_updates")
        event = "" if silent else "product.update"
        change(self.call, self.entity, self.product, "product.publish" if became_visible else event)
        return self.part


def open_product(call: Call, product_id: str | None = None) -> Editing:
    """The product or variant of the path, or of `product_id`; raises NotFoundError."""
    wanted = call.incoming.params["id"] if product_id is None else product_id
    entity = call.sandbox.world.shelves.find(call.store.id, "products", wanted)
    if entity is None:
        raise NotFoundError
    product = orjson.loads(entity.body)
    return Editing(call, entity, product, part_named(product, wanted))


def open_whole(call: Call) -> Editing:
    """As `open_product`, for what variants cannot have."""
    editing = open_product(call)
    if editing.part is not editing.product:
        raise BadRequestError(detail="This is a variant; use its parent product.")
    return editing


def open_together(call: Call, product_ids: list[str]) -> list[Editing]:
    """As `open_product` for each; variants of one product share its document, so that no change is lost."""
    opened: dict[str, Editing] = {}
    edits = []
    for product_id in product_ids:
        fresh = open_product(call, product_id)
        product = opened.setdefault(fresh.entity.id, fresh).product
        edits.append(Editing(call, fresh.entity, product, part_named(product, product_id)))
    return edits
