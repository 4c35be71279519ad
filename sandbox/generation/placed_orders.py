"""Orders as apps place them: who buys what by sku, where it goes and how it is paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.generation.formats import amount_string, decimals, naive_utc
from sandbox.generation.order_parts import line, payment, shipping
from sandbox.generation.orders import order_customer, order_head, set_goods
from sandbox.generation.vocabulary import CITIES, COUNTRY, PAYMENT_LINK, SHIPPING_FEES, ShippingMethod
from sandbox.world.records import Json, Store
from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Bought:
    """One line that was asked for."""

    product: Json
    quantity: int
    custom_fields: list[Json]


@dataclass(frozen=True, slots=True)
class Placement:
    """Everything an order was asked to be."""

    customer: Json
    lines: Sequence[Bought]
    method: ShippingMethod
    payment_code: str
    address: Json
    coupon: Json | None
    rest: Json


def placed_order(world: World, store: Store, placement: Placement) -> Json:
    """A new order from the API; not paid yet."""
    now = world.now()
    order = order_head(world, store, now, "api") | placement.rest
    order["payment"] = {"method": payment(placement.payment_code, now), "invoice": []}
    order["payment_status"] = "pending"
    off = _share_off(placement)
    lines = [_line(world, bought, off) for bought in placement.lines]
    set_goods(order, lines, shipping_fee=SHIPPING_FEES[1])
    order.update(shipping_method_code=placement.method[1], shipping=shipping(world.rng, placement.method))
    _address(order["shipping"]["address"], placement.address)
    order["customer"] = order_customer(placement.customer, masked=False)
    if placement.coupon is not None:
        order["coupon"] = _coupon(placement, off)
    if placement.payment_code == PAYMENT_LINK:
        order["payment_link"] = f"{store.url}/pay/{order['code']}"
    return order


def new_buyer(customer: Json, name: str, email: str | None, mobile: str) -> Json:
    """A blank customer who is this person."""
    customer.update(name=name, nickname=name, email=email, pivotEmail=email, mobile=mobile, pivotMobile=mobile)
    return customer


def buying(customer: Json, total: float, at: float) -> Json:
    """The customer with one order more."""
    count, spent = customer["order_counts"] + 1, float(customer["order_total_payments"]) + total
    customer.update(order_counts=count, order_total_payments=f"{spent:.2f}", total_payments=spent)
    customer.update(orders_cost_average=spent / count, last_order_date=naive_utc(at))
    return customer


def _line(world: World, bought: Bought, off: float) -> Json:
    product = bought.product
    if off:
        product = product | {"sale_price": round((product["sale_price"] or product["price"]) * (1 - off), 2)}
    return line(product, world.next_id("line"), bought.quantity, 0.0) | {"custom_fields": bought.custom_fields}


def _share_off(placement: Placement) -> float:
    """Which share of the goods the coupon takes off."""
    coupon = placement.coupon
    if coupon is None or coupon["discount_type"] == "n":
        return 0.0
    if coupon["discount_type"] == "p":
        return min(1.0, float(coupon["discount"]) / 100)
    goods = sum((one.product["sale_price"] or one.product["price"]) * one.quantity for one in placement.lines)
    return min(1.0, float(coupon["discount"]) / goods) if goods else 0.0


def _coupon(placement: Placement, off: float) -> Json:
    coupon = placement.coupon or {}
    goods = sum((one.product["sale_price"] or one.product["price"]) * one.quantity for one in placement.lines)
    shown: Json = {"id": coupon["id"], "code": coupon["code"], "name": coupon["name"]}
    shown.update(discount=decimals(goods * off), discount_string=amount_string(goods * off))
    return shown | {"discount_type": coupon["discount_type"], "discount_value": float(coupon["discount"])}


def _address(address: Json, sent: Json) -> None:
    """The address that was sent, in the places where orders show it."""
    cities = {name.lower(): (row[0], row[3]) for row in CITIES for name in (row[2], row[3])}
    number, name = cities.get(str(sent.get("city_name")).lower(), (None, sent.get("city_name")))
    address.update(street=sent.get("line_1"), district=sent.get("line_2"), lat=sent.get("lat"), lng=sent.get("lng"))
    address["city"] = {"id": number, "name": name}
    address["country"] = {"id": COUNTRY[0], "name": COUNTRY[2], "code": COUNTRY[3]}
    meta = sent.get("meta") or {}
    address["meta"] = {key: meta.get(key) for key in ("postcode", "building_number")}
