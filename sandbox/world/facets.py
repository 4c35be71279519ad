"""What lists filter and triggers choose by, so that a list need not decode every body."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.world.records import Json


def facets(kind: str, document: Json) -> Json:
    """The facets of one document; a kind that nobody filters has none."""
    read = _FACETS.get(kind)
    return {} if read is None else read(document)


def _order(order: Json) -> Json:
    customer, shipping = order["customer"], order["shipping"]
    return {
        "status": order["order_status"]["code"],
        "payment_status": order["payment_status"],
        "customer_id": customer["id"],
        "customer_phone": customer["mobile"] or "",
        "customer_type": customer.get("type"),
        "payment_method": order["payment"]["method"]["code"],
        "code": order["code"],
        "source": order["source_code"],
        "text": " ".join(str(customer[key]) for key in ("name", "email", "mobile")).lower(),
        "shipping_id": shipping["method"]["id"],
        "city": shipping["address"]["city"]["id"],
        "country": shipping["address"]["country"]["id"],
        "skus": [line["sku"] for line in order["products"]],
        "tags": [tag["id"] for tag in order["tags"]],
        "coupon_id": order["coupon"]["id"] if order["coupon"] else None,
        "is_gift_order": order["is_gift_order"],
        "transaction_reference": order["transaction_reference"],
    }


def _product(product: Json) -> Json:
    parts = [product, *product["variants"]]
    return {
        "is_published": product["is_published"],
        "structure": product["structure"],
        "product_class": product["product_class"],
        "quantity": product["quantity"],
        "is_infinite": product["is_infinite"],
        "barcode": product["barcode"],
        "price": product["price"],
        "sale_price": product["sale_price"],
        "name": " ".join(text for text in product["name"].values() if text),
        "variants": [variant["id"] for variant in product["variants"]],
        "skus": {part["sku"]: part["id"] for part in parts},
        "locations": [row["location"]["id"] for part in parts for row in part["stocks"]],
        "categories": [category["id"] for category in product["categories"]],
    }


def _customer(customer: Json) -> Json:
    return {"is_active": customer["is_active"], "name": customer["name"], "mobile": customer["mobile"]}


def _cart(cart: Json) -> Json:
    return {
        "phase": cart["phase"],
        "customer_id": cart["customer_id"],
        "products_count": cart["products_count"],
        "cart_total": cart["cart_total"],
        "reminders_count": int(cart["reminders_count"] or 0),
        "city_id": cart["city"]["id"],
        "country_id": cart["city"]["country_id"],
        "text": " ".join(str(cart[key]) for key in ("customer_name", "customer_email", "customer_mobile")).lower(),
    }


def _coupon(coupon: Json) -> Json:
    return {"code": coupon["code"], "text": f"{coupon['name']} {coupon['code']}".lower()}


_FACETS: Mapping[str, Callable[[Json], Json]] = {
    "orders": _order,
    "products": _product,
    "customers": _customer,
    "categories": lambda category: {"parent_id": category["parent_id"]},
    "carts": _cart,
    "coupons": _coupon,
    "attributes": lambda attribute: {"slug": attribute["slug"]},
    "vouchers": lambda voucher: {"product_id": voucher["product_id"], "order": voucher["order"]},
    "notifications": lambda notification: {"product_id": notification["product_id"]},
    "reverse_orders": lambda reverse: {"order_id": reverse["order_id"]},
    "credit_notes": lambda note: {"order_id": note["order_id"]},
    "points": lambda row: {"customer_id": row["customer_id"]},
}
