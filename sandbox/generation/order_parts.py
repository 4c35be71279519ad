"""The nested parts of an order: lines, invoice, payment, shipping, history."""

from __future__ import annotations

import random

from sandbox.generation.blanks import blank
from sandbox.generation.formats import amount_string, decimals, humanized, naive_utc, noisy
from sandbox.generation.vocabulary import (
    CITIES,
    COUNTRY,
    DISTRICTS,
    INVOICE_TITLES,
    OFFERED_PAYMENT_METHODS,
    STATUSES,
    STREETS,
    ShippingMethod,
)
from sandbox.world.records import Json

VAT = 0.15


def line(product: Json, number: int, quantity: int, noise: float) -> Json:
    """One order line: `id` is the product's uuid, `order_product_id` the line's own number."""
    gross = noisy((product["sale_price"] or product["price"]) + noise)
    net = noisy(gross / (1 + VAT))
    row = blank("order_line") | {"id": product["id"], "order_product_id": number}
    row.update(parent_id=product["parent_id"], name=product["name"]["ar"], sku=product["sku"])
    row["is_discounted"] = product["sale_price"] is not None
    _price(row, gross, "price_with_additions", "gross_price", "price")
    _price(row, net, "net_price_with_additions", "net_price")
    return recounted(row, quantity)


def recounted(row: Json, quantity: int) -> Json:
    """The line with this many pieces, its totals following."""
    total = noisy(row["price"] * quantity)
    tax = noisy((row["price"] - row["net_price"]) * quantity)
    row["quantity"] = quantity
    _price(row, total, "total", "discounted_total")
    row.update(tax_amount=decimals(tax), tax_amount_string=amount_string(tax))
    _price(row, tax, "discounted_tax_amount")
    for name in ("tax_amount", "discounted_tax_amount"):
        row[f"{name}_string_per_item"] = amount_string(tax / max(quantity, 1))
    return row


def _price(row: Json, value: float, *names: str) -> None:
    """Sets each of `names` and the string beside it."""
    for name in names:
        row[name] = value
        row[f"{name}_string"] = amount_string(value)


def invoice(lines: list[Json], *, shipping_fee: float) -> list[Json]:
    """The invoice rows of an order in their order; the last one is the total."""
    goods = sum(row["total"] for row in lines)
    tax = sum(float(row["tax_amount"]) for row in lines)
    shipping_net = noisy(shipping_fee / (1 + VAT))
    values = {
        "sub_totals_before_vat": goods - tax,
        "shipping": shipping_net,
        "taxable_amount": goods - tax + shipping_net,
        "vat": tax + shipping_fee - shipping_net,
        "sub_totals_after_vat": goods + shipping_fee,
        "total": goods + shipping_fee,
    }
    return [_invoice_row(code, value) for code, value in values.items()]


def _invoice_row(code: str, value: float) -> Json:
    title = INVOICE_TITLES[code][1]
    return {"code": code, "value": decimals(value), "value_string": amount_string(value), "title": title}


def payment(code: str, at: float) -> Json:
    """A payment method as used; only bank transfers carry a transaction status (`transfered`, sic)."""
    _, english, kind = OFFERED_PAYMENT_METHODS[code]
    method: Json = {"name": english, "code": code, "type": kind}
    if code != "zid_bank_transfer":
        return method
    method.update(transaction_status="transfered", transaction_status_name="Confirmed")
    method.update(transaction_bank="The National Commercial Bank", transaction_slip=None)
    method.update(transaction_sender_name="", updated_at=naive_utc(at))
    return method


def shipping(rng: random.Random, method: ShippingMethod) -> Json:
    """Shipping method and address; the store's own courier has no integration and no tracking number."""
    number, code, _, english, integrated = method
    row = blank("shipping")
    row["method"].update(id=number, name=english, code=code, is_system_option=integrated)
    if integrated:
        row["method"]["courier"] = blank("courier")
    _fill_address(rng, row["address"])
    return row


def _fill_address(rng: random.Random, address: Json) -> None:
    number, _, _, name, latitude, longitude = rng.choice(CITIES)
    address.update(street=rng.choice(STREETS), district=rng.choice(DISTRICTS), lat=latitude, lng=longitude)
    address["meta"] = {"postcode": str(rng.randint(10_000, 89_999)), "building_number": str(rng.randint(1, 9_999))}
    address["city"] = {"id": number, "name": name}
    address["country"] = {"id": COUNTRY[0], "name": COUNTRY[2], "code": COUNTRY[3]}


def history(code: str, at: float, action: str, by: str) -> Json:
    """One entry of an order's histories; the status is named, not coded."""
    _, english, number, _ = STATUSES[code]
    row: Json = {"order_status_id": number, "order_status_name": english}
    row.update(changed_by_id=1, changed_by_type="Merchant")
    row["changed_by_details"] = {"action": action, "by": by, "comment": ""}
    row.update(comment=action, created_at=naive_utc(at), humanized_created_at=humanized(0))
    return row
