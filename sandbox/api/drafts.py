"""Creating an order: `POST /v1/managers/store/drafts`."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, managers_answer
from sandbox.api.changing import add, change
from sandbox.api.customer_writes import buyer_of
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.orders import order_view
from sandbox.api.products import part_named
from sandbox.generation.placed_orders import Bought, Placement, buying, placed_order
from sandbox.generation.vocabulary import COUNTRIES, PAYMENT_METHOD_IDS, SHIPPING_METHODS
from sandbox.world.records import Entity, Json

_CODES = {number: code for code, number in PAYMENT_METHOD_IDS.items()}
_METHODS = {row[0]: row for row in SHIPPING_METHODS}
_COUNTRY_CODES = {row[3] for row in COUNTRIES}


def create_order(call: Call) -> Answer:
    """Products by sku. The customer is found by mobile or made; stock is left alone, as far as is known."""
    fields = Fields(call.document, family="managers")
    fields.require("customer", "consignee", "products", "shipping_method", "payment_method")
    placement_parts = _read(call, fields)
    coupon = _coupon_named(call, fields)
    fields.check()
    buyer = buyer_of(call, fields.part("customer"))
    placement = Placement(customer=orjson.loads(buyer.body), coupon=_body(coupon), **placement_parts)
    order = placed_order(call.sandbox.world, call.store, placement)
    entity = add(call, "orders", order, "order.create")
    _follow_up(call, buyer, coupon, order)
    return managers_answer(order=order_view(call, orjson.loads(entity.body)))


def _read(call: Call, fields: Fields) -> Json:
    """What the order will be made of; faults are left in `fields`."""
    _check_person(fields, "customer")
    consignee = fields.part("consignee")
    _check_contact(fields, consignee)
    return {
        "lines": _lines(call, fields),
        "method": _METHODS.get(_number(fields, "shipping_method", tuple(_METHODS))),
        "payment_code": _CODES.get(_number(fields, "payment_method", tuple(_CODES))),
        "address": consignee.get("address") or {},
        "rest": _rest(fields),
    }


def _rest(fields: Fields) -> Json:
    gift, note = fields.flag("is_gift"), fields.text("customer_comment")
    return {"is_gift_order": int(bool(gift)), "customer_note": note or ""}


def _check_person(fields: Fields, name: str) -> None:
    person = Fields(fields.part(name), family="managers", prefix=f"{name}.")
    person.require("full_name", "mobile_country_code", "mobile_number")
    fields.faults |= person.faults


def _check_contact(fields: Fields, consignee: Json) -> None:
    whole = Fields(consignee, family="managers", prefix="consignee.")
    whole.require("contact", "address")
    whole.part("contact")
    address = Fields(whole.part("address"), family="managers", prefix="consignee.address.")
    address.require("line_1", "city_name", "country_code")
    if address.has("country_code") and str(address.document["country_code"]) not in _COUNTRY_CODES:
        address.fail("country_code", "The selected country code is invalid.")
    address.part("meta")
    fields.faults |= whole.faults | address.faults


def _number(fields: Fields, name: str, known: tuple[int, ...]) -> int:
    """The id of what was chosen; a fault unless the store offers it."""
    part = Fields(fields.part(name), family="managers", prefix=f"{name}.")
    part.require("id")
    number = part.whole("id")
    if number is not None and number not in known:
        part.fail("id", f"The selected {name}.id is invalid.")
    fields.faults |= part.faults
    return number or 0


def _lines(call: Call, fields: Fields) -> list[Bought]:
    by_sku = {
        sku: (entity, part_id)
        for entity in call.sandbox.world.shelves.alive(call.store.id, "products")
        for sku, part_id in entity.facets["skus"].items()
    }
    lines = []
    for place, sent in enumerate(fields.objects("products")):
        row = Fields(sent, family="managers", prefix=f"products.{place}.")
        row.require("sku", "quantity")
        quantity = row.whole("quantity", 1)
        sku = str(sent.get("sku"))
        if row.has("sku") and sku not in by_sku:
            row.fail("sku", f"The selected products.{place}.sku is invalid.")
        fields.faults |= row.faults
        if not row.faults:
            entity, part_id = by_sku[sku]
            product = part_named(orjson.loads(entity.body), part_id)
            lines.append(Bought(product, quantity or 1, row.objects("custom_fields")))
    return lines


def _coupon_named(call: Call, fields: Fields) -> Entity | None:
    code = fields.text("coupon_code")
    if not code:
        return None
    for entity in call.sandbox.world.shelves.alive(call.store.id, "coupons"):
        if entity.facets["code"] == code:
            return entity
    fields.fail("coupon_code", "The selected coupon code is invalid.")
    return None


def _body(entity: Entity | None) -> Json | None:
    return None if entity is None else orjson.loads(entity.body)


def _follow_up(call: Call, buyer: Entity, coupon: Entity | None, order: Json) -> None:
    """The customer has one order more, the coupon one use more; neither sends an event."""
    total, now = float(order["order_total"]), call.sandbox.world.now()
    change(call, buyer, buying(orjson.loads(buyer.body), total, now))
    if coupon is not None:
        used = orjson.loads(coupon.body)
        change(
            call, coupon, used | {"total_usage": used["total_usage"] + 1, "total_sales": used["total_sales"] + total}
        )
