"""Made-up orders, shaped as the recorded order detail, with its money, date and id quirks."""

from __future__ import annotations

import string
from collections.abc import Sequence

from sandbox.generation.blanks import blank
from sandbox.generation.formats import amount_string, decimals, issue_date, naive_utc
from sandbox.generation.order_parts import history, invoice, line, payment, shipping
from sandbox.generation.vocabulary import (
    CUSTOMER_NOTES,
    PASTS,
    PAYMENT_METHODS,
    SHIPPING_FEES,
    SHIPPING_METHODS,
    SOURCES,
    STATUSES,
)
from sandbox.world.records import Json, Store
from sandbox.world.world import World

_CODE = string.ascii_letters + string.digits
# Recorded prices carry about a millionth of noise (200.00000086523).
_NOISE = (0.0, 0.0, 8.6523e-07, -1.07807e-06)


def new_order(world: World, store: Store, at: float, customer: Json | None, products: Sequence[Json]) -> Json:
    """An order placed at `at`: `id` equals `invoice_number`, lines name `products`, totals add up."""
    order = order_head(world, store, at, world.rng.choice(tuple(SOURCES)))
    order["customer_note"] = world.rng.choice(CUSTOMER_NOTES)
    method = world.rng.choice(SHIPPING_METHODS)
    lines = [_line(world, product) for product in products]
    order["payment"] = {"method": payment(world.rng.choice(tuple(PAYMENT_METHODS)), at), "invoice": []}
    set_goods(order, lines, shipping_fee=world.rng.choice(SHIPPING_FEES))
    order.update(shipping_method_code=method[1], shipping=shipping(world.rng, method))
    order["payment_status"] = "paid" if order["payment"]["method"]["type"] == "cc" else "pending"
    order["is_marketplace_order"] = world.rng.random() < 0.03
    order["customer"] = order_customer(customer, masked=order["is_marketplace_order"])
    order["is_guest_customer"] = int(customer is None)
    if store.shop.get("tags") and world.rng.random() < 0.05:
        order["tags"] = [world.rng.choice(store.shop["tags"])]
    return order


def order_head(world: World, store: Store, at: float, source: str) -> Json:
    """A new order of the store, without customer, goods, shipping and payment."""
    rng, number = world.rng, world.next_id("order")
    code = "".join(rng.choices(_CODE, k=10))
    order = blank("order") | {"id": number, "invoice_number": number, "code": code, "store_id": store.id}
    order.update(order_url=f"{store.url}/o/{code}/inv", store_name=store.title, store_url=f"{store.url}/")
    order.update(issue_date=issue_date(at, store.utc_offset_hours), language=rng.choice(("ar", "en")))
    order.update(created_at=naive_utc(at), updated_at=naive_utc(at))
    order.update(source=SOURCES[source][1], source_code=source, customer_note="", is_marketplace_order=False)
    order["histories"] = [history("new", at, "Order has been created.", store.title)]
    return order | status("new")


def set_goods(order: Json, lines: list[Json], *, shipping_fee: float) -> None:
    """Lines, invoice and every total that repeats them."""
    rows = invoice(lines, shipping_fee=shipping_fee)
    total = float(rows[-1]["value"])
    order.update(products=lines, products_count=len(lines))
    order["products_sum_total_string"] = amount_string(sum(row["total"] for row in lines))
    order.update(order_total=decimals(total), order_total_string=amount_string(total))
    order.update(transaction_amount=total, transaction_amount_string=amount_string(total))
    order["payment"]["invoice"] = rows


def status(code: str) -> Json:
    """`order_status` and `display_status` for one status code, English names."""
    _, english, number, colour = STATUSES[code]
    display = {"id": number, "code": code, "color": colour, "name": english}
    return {"order_status": {"name": english, "code": code}, "display_status": display}


def move(order: Json, code: str, at: float, by: str) -> None:
    """The order gets a status, and its histories a first entry that says so."""
    order.update(status(code))
    order["histories"] = [history(code, at, "Order status has been changed.", by), *order["histories"]]
    if code == "delivered":
        order["delivered_at"] = naive_utc(at)


def give_past(world: World, store: Store, order: Json, at: float, until: float) -> float:
    """Lets an order go some of its way between `at` and `until`; returns when it last changed."""
    steps = world.rng.choice(PASTS)[1:]
    pause = min((until - at) / (len(steps) + 1), 30_000.0)
    for step in steps:
        at += pause
        move(order, step, at, store.title)
    if order["order_status"]["code"] == "reversed" and order["payment_status"] == "paid":
        order["payment_status"] = "refunded"
    order["updated_at"] = naive_utc(at)
    return at


def order_customer(customer: Json | None, *, masked: bool) -> Json:
    """The customer of an order; marketplace orders mask name, e-mail and phone."""
    who = customer or {"id": None, "name": "Guest", "email": "", "mobile": None, "type": "individual"}
    row: Json = {key: who[key] for key in ("id", "name", "email", "mobile")}
    row.update(note="", verified=int(customer is not None), type=who["type"])
    if masked:
        first, _, last = row["name"].partition(" ")
        row.update(name=f"{first[:1]}*** {last[:1]}***", email="***@example.com", mobile=None)
    return row


def _line(world: World, product: Json) -> Json:
    bought = world.rng.choice(product["variants"]) if product["variants"] else product
    return line(bought, world.next_id("line"), world.rng.randint(1, 3), world.rng.choice(_NOISE))
