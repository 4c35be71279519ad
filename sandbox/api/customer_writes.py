"""What apps may do to customers: make several at once, and take a tag away."""

from __future__ import annotations

import orjson

from sandbox.api.answers import Answer, NotFoundError, managers_answer
from sandbox.api.changing import add, change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.people import DETAIL_ONLY
from sandbox.api.reading import present
from sandbox.generation.customers import blank_customer
from sandbox.generation.placed_orders import new_buyer
from sandbox.world.records import Entity, Json


def create_customers(call: Call) -> Answer:
    """`customers[i][name]`, `customers[i][mobile]`, maybe an e-mail; all or none (U28 for known mobiles)."""
    most, fields = int(call.sandbox.knobs.number("bulk.max")), Fields(call.document, family="managers")
    fields.require("customers")
    people = fields.objects("customers")
    if len(people) > most:
        fields.fail("customers", f"The customers may not have more than {most} items.")
    for place, person in enumerate(people):
        _check(call, fields, person, place)
    fields.check()
    customers = [_customer_for(call, person) for person in people]
    return Answer(document={"status": "object", "customers": [_row(orjson.loads(entity.body)) for entity in customers]})


def remove_tag(call: Call) -> Answer:
    entity = present(call, "customers", call.incoming.params["id"])
    customer = orjson.loads(entity.body)
    kept = [tag for tag in customer["tags"] if tag["id"] != call.incoming.params["tag"]]
    if len(kept) == len(customer["tags"]):
        raise NotFoundError
    change(call, entity, customer | {"tags": kept}, "customer.update")
    return managers_answer(customer=customer | {"tags": kept})


def buyer_of(call: Call, person: Json) -> Entity:
    """The customer with that mobile, or a new one."""
    mobile = f"{person['mobile_country_code']}{person['mobile_number']}".lstrip("+")
    known = _by_mobile(call, mobile)
    return known or _new(call, str(person["full_name"]), person.get("email"), mobile)


def _check(call: Call, fields: Fields, person: Json, place: int) -> None:
    row = Fields(person, family="managers", prefix=f"customers.{place}.")
    row.require("name", "mobile")
    mobile = _mobile(person)
    if row.has("mobile") and not mobile.isdecimal():
        row.fail("mobile", "The mobile format is invalid.")
    is_refused = call.sandbox.knobs.text("customers.bulk_existing") == "422"
    if is_refused and _by_mobile(call, mobile) is not None:
        row.fail("mobile", "The mobile has already been taken.")
    fields.faults |= row.faults


def _customer_for(call: Call, person: Json) -> Entity:
    mobile = _mobile(person)
    known = _by_mobile(call, mobile)
    if known is not None and call.sandbox.knobs.text("customers.bulk_existing") == "existing":
        return known
    return _new(call, str(person["name"]), person.get("email"), mobile)


def _mobile(person: Json) -> str:
    return str(person.get("mobile") or "").lstrip("+").replace(" ", "")


def _by_mobile(call: Call, mobile: str) -> Entity | None:
    for entity in call.sandbox.world.shelves.alive(call.store.id, "customers"):
        if entity.facets["mobile"] == mobile:
            return entity
    return None


def _new(call: Call, name: str, email: str | None, mobile: str) -> Entity:
    world = call.sandbox.world
    customer = new_buyer(blank_customer(world, call.store, world.now()), name, email, mobile)
    return add(call, "customers", customer, "customer.create")


def _row(customer: Json) -> Json:
    """As the list shows it, but with the whole account of points."""
    return {key: value for key, value in customer.items() if key not in DETAIL_ONLY}
