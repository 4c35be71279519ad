"""What a store is set up with: VAT, payment methods, delivery options, and the world it delivers to."""

from __future__ import annotations

from sandbox.api.answers import Answer, managers_answer, payload_answer
from sandbox.api.gateway import Call
from sandbox.api.localization import localize_city
from sandbox.generation.customers import city
from sandbox.generation.formats import amount_string
from sandbox.generation.vocabulary import (
    CITIES,
    COUNTRIES,
    COUNTRY,
    OFFERED_PAYMENT_METHODS,
    PAYMENT_METHOD_IDS,
    SHIPPING_METHODS,
)
from sandbox.world.records import Json


def show_vat(call: Call) -> Answer:
    return managers_answer(tax_settings=call.store.shop["vat"])


def list_payment_methods(call: Call) -> Answer:
    """The ids by which orders choose them. `name` is one string, except that of the first, which has both."""
    rows = [_payment_method(call, code, place) for place, code in enumerate(OFFERED_PAYMENT_METHODS)]
    return payload_answer(rows)


def list_delivery_options(call: Call) -> Answer:
    """The ids by which orders choose them."""
    cities = [localize_city(city(row), call.incoming.language) for row in CITIES]
    rows = []
    for number, code, arabic, english, is_integrated in SHIPPING_METHODS:
        name = arabic if call.incoming.language == "ar" else english
        row: Json = {"id": number, "name": name, "system_option_code": code if is_integrated else None}
        rows.append(row | {"select_cities": cities, "shipping_method_status": "active"})
    return managers_answer(delivery_options=rows)


def list_operating_countries(call: Call) -> Answer:
    return managers_answer(countries=[_country(call, row) for row in COUNTRIES[:1]])


def list_countries(call: Call) -> Answer:
    return managers_answer(countries=[_country(call, row) for row in COUNTRIES])


def list_cities(call: Call) -> Answer:
    """Of a country without known cities: none."""
    is_home = call.incoming.params["id"] == str(COUNTRY[0])
    cities = [localize_city(city(row), call.incoming.language) for row in CITIES] if is_home else []
    return managers_answer(cities=cities)


def _payment_method(call: Call, code: str, place: int) -> Json:
    arabic, english, kind = OFFERED_PAYMENT_METHODS[code]
    name: object = arabic if call.incoming.language == "ar" else english
    if place == 0:
        name = {"ar": arabic, "en": english}
    row: Json = {"id": PAYMENT_METHOD_IDS[code], "enabled": True, "code": code, "fees": 0}
    row.update(fees_string=amount_string(0), type=kind, name=name)
    return row | {"icons": [f"https://media.zid.example/static/{kind}.svg"]}


def _country(call: Call, row: tuple[int, str, str, str, str]) -> Json:
    number, arabic, english, short, long = row
    name = arabic if call.incoming.language == "ar" else english
    flag = f"https://media.zid.example/static/{short.lower()}.svg"
    return {"id": number, "name": name, "code": short, "country_code": long, "flag": flag}
