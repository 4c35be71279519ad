"""Stock locations, shaped as the documented list of locations."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from sandbox.generation.blanks import blank
from sandbox.generation.vocabulary import CITIES, COUNTRY, LOCATIONS, City
from sandbox.world.records import Json, Store
from sandbox.world.world import World


def first_locations(store: Store) -> list[Json]:
    """The locations a store opens with; the first one is the default."""
    return [_first(number, place) for place, number in enumerate(store.location_ids)]


def _first(number: str, place: int) -> Json:
    arabic, english, address = LOCATIONS[place % len(LOCATIONS)]
    city = CITIES[0] if place % 2 == 0 else CITIES[3]
    location = blank("location") | {"id": number, "name": {"ar": arabic, "en": english}, "city": city_of(city)}
    location.update(coordinates={"latitude": city[4], "longitude": city[5]}, full_address=address)
    location.update(short_address=f"RRRD{2_929 + place}", is_default=place == 0, fulfillment_priority=place + 1)
    return location


def city_of(row: City) -> Json:
    """A city as locations carry it."""
    number, _, arabic, english, _, _ = row
    country: Json = {"id": COUNTRY[0], "name": COUNTRY[2], "ar_name": COUNTRY[1]}
    country.update(iso_code_2=COUNTRY[3], iso_code_3="SAU", code=COUNTRY[3])
    return {"id": number, "name": english, "ar_name": arabic, "country": country, "country_code": COUNTRY[3]}


def locations_of(world: World, store: Store) -> Iterator[Json]:
    """The store's locations as they are now."""
    return (orjson.loads(entity.body) for entity in world.shelves.alive(store.id, "locations"))


def stock_row(world: World, location: Json, available: int | None, *, is_infinite: bool) -> Json:
    """What one location has of a product; infinite means that nobody counts."""
    kept = {key: location[key] for key in ("id", "name", "type", "full_address")}
    quantity = None if is_infinite else available or 0
    return {"id": world.new_uuid(), "location": kept, "available_quantity": quantity, "is_infinite": is_infinite}


def inventory_address(location: Json) -> Json:
    """A location as an order names it: the id without dashes, one name, `lon` for the longitude."""
    name = location["name"].get("en") or location["name"].get("ar")
    city = next(row for row in CITIES if row[0] == location["city"]["id"])
    number, national, arabic, english, _, _ = city
    shown: Json = {"id": number, "national_id": national, "name": english, "priority": 10, "country_id": COUNTRY[0]}
    shown.update(country_name=COUNTRY[2], country_code=COUNTRY[3], ar_name=arabic, en_name=english)
    address: Json = {"id": location["id"].replace("-", ""), "name": name, "city": shown}
    address.update(full_address=location["full_address"], street=location["street"] or location["full_address"])
    address.update(short_address=location["short_address"], district=location["district"] or "", postal_code=None)
    place = location["coordinates"]
    address["coordinates"] = {"lat": place["latitude"], "lon": place["longitude"]}
    address.update(cop_enabled=False, is_pickup_option=True, is_zidship_default=location["is_default"])
    return address | {"working_hours": []}
