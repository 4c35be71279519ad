"""Made-up customers, shaped as the recorded customer detail."""

from __future__ import annotations

import random

from sandbox.generation.blanks import blank
from sandbox.generation.formats import iso_seconds
from sandbox.generation.vocabulary import CITIES, COUNTRY, FIRST_NAMES, LAST_NAMES, City
from sandbox.world.records import Json, Store
from sandbox.world.world import World


def city(row: City) -> Json:
    """A city as customers, carts and inventory addresses carry it."""
    number, national, arabic, english, _, _ = row
    country = {"country_id": COUNTRY[0], "country_name": COUNTRY[2], "country_code": COUNTRY[3]}
    return {
        "id": number,
        "national_id": national,
        "name": english,
        "priority": 10,
        **country,
        "ar_name": arabic,
        "en_name": english,
    }


def new_customer(world: World, store: Store, at: float) -> Json:
    """A customer who registered at `at` and has ordered nothing yet; `orders` is filled when read."""
    rng = world.rng
    number = world.next_id("customer")
    language = rng.randint(0, 1)
    name = f"{rng.choice(FIRST_NAMES)[language]} {rng.choice(LAST_NAMES)[language]}"
    email, mobile = f"customer{number}@example.com", f"96655{rng.randrange(10**7):07d}"
    customer = blank("customer") | {"id": number, "name": name, "nickname": name}
    customer.update(email=email, pivotEmail=email, mobile=mobile, pivotMobile=mobile)
    customer.update(gender=rng.choice(("male", "female")), birth_date=_birth_date(rng))
    customer.update(is_active=rng.random() < 0.97, city=city(rng.choice(CITIES)))
    customer.update(created_at=iso_seconds(at), updated_at=iso_seconds(at))
    customer["points"] = _points(world, store, number, at)
    if store.shop.get("tags") and rng.random() < 0.2:
        customer["tags"] = [rng.choice(store.shop["tags"])]
    return _as_business(customer, rng) if rng.random() < 0.1 else customer


def blank_customer(world: World, store: Store, at: float) -> Json:
    """A customer of whom nothing is known yet, with an empty account of points."""
    number = world.next_id("customer")
    customer = blank("customer") | {"id": number, "is_active": True}
    customer.update(created_at=iso_seconds(at), updated_at=iso_seconds(at))
    return customer | {"points": _account(world, store, number, at, 0)}


def _as_business(customer: Json, rng: random.Random) -> Json:
    owner = rng.choice(LAST_NAMES)[0]
    registration = f"{rng.randrange(10**9):010d}"
    return customer | {
        "type": "business",
        "business_name": f"مؤسسة {owner}",
        "commercial_registration": registration,
    }


def _birth_date(rng: random.Random) -> str | None:
    if rng.random() < 0.6:
        return None
    return f"{rng.randint(1960, 2006)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _points(world: World, store: Store, customer_id: int, at: float) -> Json:
    return _account(world, store, customer_id, at, world.rng.choice((0, 0, 0, 100, 250, 32600)))


def _account(world: World, store: Store, customer_id: int, at: float, points: int) -> Json:
    account = blank("points") | {"id": world.new_uuid(), "external_id": str(world.rng.randrange(10**7))}
    account.update(store_id=store.uuid, customer_id=customer_id)
    account.update(points=points, pending_points=points, total_positive_points=points)
    account.update(created_at=iso_seconds(at), updated_at=iso_seconds(at))
    return account
