"""Inventory locations: list, get, create, update. There is no delete."""

from __future__ import annotations

from typing import Any

import orjson

from sandbox.api.answers import Answer
from sandbox.api.changing import add, change
from sandbox.api.fields import Fields
from sandbox.api.gateway import Call
from sandbox.api.pages import page_asked, page_links
from sandbox.api.paging import page_of
from sandbox.api.reading import documents, found, present
from sandbox.generation.blanks import blank
from sandbox.generation.locations import city_of
from sandbox.generation.vocabulary import CITIES, City
from sandbox.world.records import Json

ACTIVE_LIMIT = 1_036


def list_locations(call: Call) -> Answer:
    """The size of a page is `per_page` or `page_size`: which, is not settled (U15)."""
    rows = [_shown(call, location) for location in documents(call, "locations")]
    name = _page_param(call)
    page, size = page_asked(call, name=name)
    chosen = page_of(rows, page, size, call.sandbox.knobs)
    active: Json = {"active_locations_limit": ACTIVE_LIMIT}
    active["active_locations_count"] = sum(row["is_enabled"] for row in rows)
    return Answer(document=page_links(call, len(rows), page, size, name) | active | {"results": list(chosen)})


def view_location(call: Call) -> Answer:
    return Answer(document=_shown(call, found(call, "locations", call.incoming.params["id"])))


def create_location(call: Call) -> Answer:
    """A short address is required in Saudi Arabia, where all cities of this store are."""
    fields = Fields(call.document)
    fields.require("name", "city", "coordinates", "full_address", "short_address")
    changes = _read(fields)
    fields.check()
    location = blank("location") | {"id": call.sandbox.world.new_uuid()} | changes
    location["fulfillment_priority"] = sum(1 for _ in documents(call, "locations")) + 1
    if location["is_default"]:
        _no_other_default(call, location["id"])
    add(call, "locations", location)
    return Answer(201, _shown(call, location))


def update_location(call: Call) -> Answer:
    """Any of the fields. The only default one stays it until another is."""
    entity, fields = present(call, "locations", call.incoming.params["id"]), Fields(call.document)
    changes = _read(fields)
    fields.check()
    location = orjson.loads(entity.body) | changes
    if changes.get("is_default"):
        _no_other_default(call, location["id"])
    change(call, entity, location)
    return Answer(document=_shown(call, location))


def _page_param(call: Call) -> str:
    knob = call.sandbox.knobs.text("locations.page_param")
    if knob != "both":
        return knob
    return "per_page" if "per_page" in call.query else "page_size"


def _read(fields: Fields) -> Json:
    """Every field that was sent and makes sense."""
    read: Json = {"name": fields.translated("name"), "city": _city(fields), "coordinates": _coordinates(fields)}
    read |= {name: fields.text(name) for name in ("full_address", "short_address", "district", "street")}
    read |= {name: fields.flag(name) for name in ("is_default", "is_private", "is_enabled")}
    read["channels"] = _channels(fields)
    return {name: value for name, value in read.items() if value is not None}


def _city(fields: Fields) -> Json | None:
    number = fields.whole("city", 1)
    rows: dict[int, City] = {row[0]: row for row in CITIES}
    if number is None:
        return None
    if number not in rows:
        fields.fail("city", f'Invalid pk "{number}" - object does not exist.')
        return None
    return city_of(rows[number])


def _coordinates(fields: Fields) -> Json | None:
    sent = fields.part("coordinates")
    if not sent:
        return None
    place = Fields(sent, prefix="coordinates.")
    place.require("latitude", "longitude")
    read = {name: place.number(name, -180) for name in ("latitude", "longitude")}
    fields.faults |= place.faults
    return read


def _channels(fields: Fields) -> list[Any] | None:
    channels = fields.document.get("channels")
    if channels is None or (isinstance(channels, list) and all(channel in ("pos", "catalog") for channel in channels)):
        return channels
    fields.fail("channels", "A list of pos and catalog is expected.")
    return None


def _no_other_default(call: Call, location_id: str) -> None:
    for entity in list(call.sandbox.world.shelves.alive(call.store.id, "locations")):
        location = orjson.loads(entity.body)
        if location["is_default"] and location["id"] != location_id:
            change(call, entity, location | {"is_default": False})


def _shown(call: Call, location: Json) -> Json:
    products = call.sandbox.world.shelves.alive(call.store.id, "products")
    return location | {"has_stocks": any(location["id"] in entity.facets["locations"] for entity in products)}
