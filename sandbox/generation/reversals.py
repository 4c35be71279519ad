"""Reverse orders, as the official SDK's models have them: what comes back, from where, and what is refunded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sandbox.generation.formats import decimals, iso_micros, naive_utc
from sandbox.generation.order_parts import invoice, recounted
from sandbox.generation.vocabulary import CITIES, COUNTRY, REFUND_METHODS
from sandbox.world.records import Json, Store
from sandbox.world.world import World

_CONSIGNEE = ("consignee_name", "consignee_mobile", "consignee_address_1", "consignee_address_2")


def remaining_lines(order: Json, reverses: Sequence[Json]) -> list[Json]:
    """The lines of an order with what can still be returned; what is returned whole is left out."""
    returned: dict[int, int] = {}
    for row in (row for reverse in reverses for row in reverse["products"]):
        returned[row["order_product_id"]] = returned.get(row["order_product_id"], 0) + row["reversed_quantity"]
    lines = []
    for line in order["products"]:
        quantity = line["quantity"] - returned.get(line["order_product_id"], 0)
        if quantity > 0:
            lines.append(recounted(dict(line), quantity))
    return lines


def chosen_lines(lines: Sequence[Json], quantities: Mapping[int, int]) -> list[Json]:
    """Of `lines` only those that are named, with the quantities that are asked for."""
    return [
        recounted(dict(line), quantities[line["order_product_id"]])
        for line in lines
        if quantities.get(line["order_product_id"])
    ]


def totals_of(lines: Sequence[Json]) -> list[Json]:
    """The invoice of what comes back; values are numbers here. Shipping stays paid."""
    return [row | {"value": round(float(row["value"]), 2)} for row in invoice(list(lines), shipping_fee=0.0)]


def new_reverse(world: World, store: Store, order: Json, lines: Sequence[Json], asked: Json) -> Json:
    """A reverse order of these lines, nothing refunded yet."""
    total = totals_of(lines)[-1]["value"]
    reverse: Json = {"id": world.new_uuid(), "store_id": store.uuid, "order_id": order["id"]}
    reverse.update({name: asked.get(name) for name in _CONSIGNEE})
    reverse.update(is_partial=asked["is_partial"], consignee_city=city_of(asked["consignee_city_id"]))
    reverse.update(inventory_address_id=None, inventory_location_id=asked["inventory_location_id"])
    reverse.update(inventory=asked["inventory"], reason=asked["reason"], shipping_method=asked["shipping_method"])
    reverse.update(waybill=[], packages_count=asked["packages_count"])
    reverse["products"] = [_product(world, reverse["id"], line) for line in lines]
    reverse.update(reverse_total=total, refund_total=total, refund=None)
    reverse["available_refund_payment_methods"] = refund_methods(order)
    at = naive_utc(world.now())
    return reverse | {"shipment_status": None, "status": "new", "created_at": at, "updated_at": at}


def refund_methods(order: Json) -> list[Json]:
    """A card is refunded only to orders that were paid with one."""
    has_card = order["payment"]["method"]["type"] == "cc"
    return [{"name": name, "code": code} for code, name in REFUND_METHODS.items() if has_card or code != "credit_card"]


def in_order(reverse: Json) -> Json:
    """A reverse order as its order names it."""
    kept = ("id", "store_id", "order_id", "is_partial", *_CONSIGNEE, "inventory_address_id", "inventory_location_id",
            "reason", "shipping_method", "waybill", "status", "created_at")  # fmt: skip
    shown = {name: reverse[name] for name in kept}
    shown["consignee_city"] = {name: reverse["consignee_city"][name] for name in ("id", "name", "ar_name", "en_name")}
    return shown | {"products": reverse["products"]}


def credit_note(world: World, store: Store, order: Json, reverse: Json, amount: float) -> Json:
    """What an order's credit-note list says of a refund; money has four decimals here."""
    note: Json = {"id": world.new_uuid(), "order_id": order["id"], "store_id": store.id, "invoice_type": "credit_note"}
    note.update(translated_invoice_type="Credit note", original_invoice_number=order["id"])
    note.update(invoice_number=world.next_id("invoice"), issue_reason="issue_reason_reverse")
    note.update(invoice_title="Reversed order", translated_issue_reason="Order reverse")
    same = ("store_name", "shipping_method_code", "store_url", "order_status", "payment_status", "currency_code")
    note.update({name: order[name] for name in same})
    note["customer"] = {key: value for key, value in order["customer"].items() if key != "verified"}
    note.update(has_different_consignee=0, order_total=decimals(amount, 4), order_total_string=f"{amount:,.2f} SAR")
    note.update(has_different_transaction_currency=False, transaction_reference=None)
    note.update(transaction_amount=decimals(amount, 4), transaction_amount_string=f"{amount:,.2f} SAR")
    return note | {"items": [_note_item(world, order, row) for row in reverse["products"]]}


def city_of(number: int) -> Json:
    """A city with all that reverse orders say of one."""
    _, national, arabic, english, _, _ = next(row for row in CITIES if row[0] == number)
    country: Json = {"id": COUNTRY[0], "name": COUNTRY[2], "ar_name": COUNTRY[1], "country_code": COUNTRY[3]}
    country.update(iso_code_2=COUNTRY[3], iso_code_3="SAU", currency_code="SAR", is_supported_by_zid=1)
    city: Json = {"id": number, "name": english, "ar_name": arabic, "en_name": english, "country_id": COUNTRY[0]}
    city.update(zone_id=None, code=None, status=1, priority=10, national_address_city_id=national)
    return city | {"country": country, "created_at": None, "updated_at": None, "deleted_at": None}


def _product(world: World, reverse_id: str, line: Json) -> Json:
    at = iso_micros(world.now())
    row: Json = {"id": world.new_uuid(), "order_reverse_id": reverse_id, "order_product_id": line["order_product_id"]}
    row.update(product_uuid=line["id"], quantity=line["quantity"], reversed_quantity=line["quantity"])
    row.update(received_quantity=0, not_received_quantity=0, damaged_quantity=0)
    named: Json = {"id": line["id"].replace("-", ""), "name": line["name"], "sku": line["sku"]}
    row["product"] = named | {"price": decimals(line["price"], 2), "quantity": line["quantity"]}
    row.update(product_class=line["product_class"], order_product=_order_product(line))
    return row | {"created_at": at, "updated_at": at}


def _order_product(line: Json) -> Json:
    same: Json = {"id": line["order_product_id"], "product_uuid": line["id"], "sku": line["sku"], "name": line["name"]}
    same.update(quantity=line["quantity"], price=decimals(line["price"]), total=decimals(line["total"]))
    return same | {"net_price": decimals(line["net_price"]), "tax_percentage": "0.15", "tax_amount": line["tax_amount"]}


def _note_item(world: World, order: Json, row: Json) -> Json:
    line = next(line for line in order["products"] if line["order_product_id"] == row["order_product_id"])
    part = recounted(dict(line), row["reversed_quantity"])
    item: Json = {"id": world.new_uuid(), "product_id": line["id"].replace("-", ""), "name": line["name"]}
    item.update(sku=line["sku"], quantity=part["quantity"], is_taxable=True, is_discounted=line["is_discounted"])
    item.update(net_price_with_additions=round(line["net_price"], 4), tax_percentage=0.15)
    return item | {"tax_amount": round(float(part["tax_amount"]), 4), "total": round(part["total"], 4)}
