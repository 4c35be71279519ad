"""Customers who want to hear when a product is available again."""

from __future__ import annotations

import string
from datetime import UTC, datetime

import orjson

from sandbox.api.answers import Answer, BadRequestError
from sandbox.api.changing import add, change, keep_shop
from sandbox.api.editing import open_product
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.pages import listed
from sandbox.api.reading import documents
from sandbox.generation.formats import iso_micros
from sandbox.world.records import Json

_SETTINGS = ("delay_unit", "delay_value", "email_text", "email_title", "coupon_code")
_SIZES = ("full_size", "thumbnail", "large", "medium", "small")


def list_notifications(call: Call) -> Answer:
    """`q` looks at the customer, `product_id` and `created_at__gte/lte` at the rest."""
    rows = [row for row in documents(call, "notifications") if _fits(call, row)]
    return Answer(document=listed(call, rows))


def notification_stats(call: Call) -> Answer:
    rows = documents(call, "notifications")
    bought = [row for row in rows if row["is_purchased"]]
    stats: Json = {"total_count": len(rows), "notified_count": sum(row["is_notified"] for row in rows)}
    stats.update(purchased_count=len(bought), purchased_total=sum(row["purchased_total"] for row in bought))
    return Answer(document=stats)


def show_settings(call: Call) -> Answer:
    return Answer(document={"settings": call.store.shop["notification_settings"]})


def change_settings(call: Call) -> Answer:
    fields = Fields(call.document)
    read: Json = {name: fields.translated(name) for name in ("email_text", "email_title")}
    read.update(delay_unit=fields.text("delay_unit"), delay_value=fields.whole("delay_value"))
    read.update(coupon_code=fields.text("coupon_code"))
    fields.check()
    settings = call.store.shop["notification_settings"]
    settings.update({name: read[name] for name in _SETTINGS if name in call.document})
    keep_shop(call)
    return Answer(document={"settings": settings})


def create_notification(call: Call) -> Answer:
    """A customer leaves an e-mail address at a product."""
    editing, fields = open_product(call), Fields(call.document)
    fields.require("email")
    customer: Json = {"id": fields.whole("customer_id"), "name": _either(fields, "customer_name", "name")}
    customer.update(email=fields.text("email"), phone_number=_either(fields, "customer_phone_number", "phone"))
    language = fields.choice("language", ("ar", "en")) or "ar"
    fields.check()
    notification = _notification(call, editing.part, customer, language)
    add(call, "notifications", notification)
    return Answer(201, notification)


def send_notification(call: Call) -> Answer:
    """Whoever waits for the product under this address has been told now."""
    fields = Fields(call.document)
    fields.require("email", "product_id")
    fields.check()
    waiting = call.sandbox.world.shelves.alive(call.store.id, "notifications")
    for entity in [row for row in waiting if row.facets["product_id"] == call.document["product_id"]]:
        notification = orjson.loads(entity.body)
        if notification["customer"]["email"] == call.document["email"]:
            change(call, entity, notification | {"is_notified": True})
    return Answer(200, {})


def export_notifications(call: Call) -> Answer:
    """The result comes by e-mail, which nobody here sends."""
    fields = Fields(call.document)
    fields.require("email")
    fields.check()
    return Answer(200, {})


def _either(fields: Fields, *names: str) -> str | None:
    return next((fields.text(name) for name in names if fields.has(name)), None)


def _notification(call: Call, product: Json, customer: Json, language: str) -> Json:
    world, at = call.sandbox.world, iso_micros(call.sandbox.world.now())
    image = product["images"][0]["image"] if product["images"] else dict.fromkeys(_SIZES)
    row: Json = {"id": world.new_uuid(), "product_id": product["id"], "product_name": product["name"]}
    row.update(customer=customer, language=language, is_notified=False, image=image, created_at=at, updated_at=at)
    code = "".join(world.rng.choices(string.ascii_uppercase + string.digits, k=8))
    return row | {"code": code, "is_purchased": False, "purchased_total": 0}


def _fits(call: Call, row: Json) -> bool:
    query, at = call.query, _moment("created_at", row["created_at"])
    words = " ".join(str(value) for value in row["customer"].values()).lower()
    if query.get("q", "").lower() not in words or query.get("product_id", row["product_id"]) != row["product_id"]:
        return False
    earliest, latest = (query.get(f"created_at__{bound}") for bound in ("gte", "lte"))
    if earliest and at < _moment("created_at__gte", earliest):
        return False
    return not latest or at <= _moment("created_at__lte", latest)


def _moment(name: str, text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequestError({name: ["Enter a valid date/time."]}) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
