"""Products, their prices and stock (schema of "Get a product")."""

from __future__ import annotations

from core.domain.documents import Document, both_languages, rows, text
from core.domain.entities.reading import Facts, Reading
from core.domain.money import parse_amount
from core.domain.timestamps import parse_time

INFINITE = "infinite"


def read_product(product: Document) -> Reading:
    """Watches price, sale price and quantity of the product and of each variant."""
    names = both_languages(product.get("name"))
    return Reading(
        version=parse_time(product.get("updated_at")),
        facts=_all_facts(product),
        columns={
            "name_ar": names.get("ar"),
            "name_en": names.get("en"),
            "sku": text(product.get("sku")),
            "price": parse_amount(product.get("price")),
            "sale_price": parse_amount(product.get("sale_price")),
            "currency": text(product.get("currency")),
            "quantity": _whole(product.get("quantity")),
            "is_infinite": product.get("is_infinite") is True,
            "is_published": product.get("is_published") is not False,
            "category_ids": _category_ids(product),
            "created_at": parse_time(product.get("created_at")),
        },
    )


def _category_ids(product: Document) -> str | None:
    """Separated by commas; None where the document names no category."""
    return ",".join(found for category in rows(product, "categories") if (found := text(category.get("id")))) or None


def _all_facts(product: Document) -> Facts:
    """`price`, `sale_price`, `quantity`; a variant's are prefixed with `variant/<id>/`."""
    facts = dict(_facts(product, ""))
    for variant in rows(product, "variants"):
        if variant_id := text(variant.get("id")):
            facts.update(_facts(variant, f"variant/{variant_id}/"))
    return facts


def _facts(item: Document, prefix: str) -> Facts:
    """Only fields the document carries: an absent field says nothing about the product."""
    facts: dict[str, str | None] = {}
    for name in ("price", "sale_price"):
        if name in item:
            amount = parse_amount(item[name])
            facts[prefix + name] = None if amount is None else str(amount)
    if item.get("is_infinite") is True:
        facts[prefix + "quantity"] = INFINITE
    elif "quantity" in item:
        quantity = _whole(item["quantity"])
        facts[prefix + "quantity"] = None if quantity is None else str(quantity)
    return facts


def _whole(value: object) -> int | None:
    amount = parse_amount(value)
    return None if amount is None else int(amount)
